// Keeps what is typed in one field of the page in this tab until the server has it, so that a
// reload or a lost connection takes nothing away. The tab's own store ends with the tab.

const WAIT_MS = 700;
const keepers = new WeakMap();

function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // no store in this browser: the server's draft is all there is
  }
}

function write(key, text) {
  try {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  } catch {
    return;
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".keeper");
  const key = `second_look.${data.key}`;
  const state = keepers.get(host) || {};
  if (state.onInput) document.removeEventListener("input", state.onInput, true);
  if (data.forget) write(key, "");
  if (state.key !== key) {
    state.key = key;
    const kept = read(key);
    if (kept && kept !== data.text && !data.forget) setTriggerValue("found", kept);
  }
  state.onInput = (event) => {
    const field = event.target;
    if (!field.closest || !field.closest(`.st-key-${data.field}`)) return;
    write(key, field.value);
    clearTimeout(state.timer);
    // A field is handed to the server when it is left; it is "left" for a moment after a pause.
    if (data.hands_on) {
      state.timer = setTimeout(() => field.dispatchEvent(new FocusEvent("focusout", { bubbles: true })), WAIT_MS);
    }
  };
  document.addEventListener("input", state.onInput, true);
  keepers.set(host, state);
  return () => {
    document.removeEventListener("input", state.onInput, true);
    keepers.delete(host);
  };
}
