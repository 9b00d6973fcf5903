// Keeps what is typed in one field of the page in this tab until the server has it, so that a
// reload or a lost connection takes nothing away. The tab's own store ends with the tab.

const WAIT_MS = 700;
const AGAIN_MS = 2000;
const TRIES = 5;
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

// A run of the page that begins at the same moment may swallow what was found: it is offered again
// while the server has nothing and nobody types.
function offer(state, field, tries) {
  const kept = read(state.key);
  if (!kept || kept === state.text) return;
  state.tell("found", kept);
  if (tries < 2) return;
  state.again = setTimeout(() => {
    const isTyping = document.activeElement?.closest(`.st-key-${field}`);
    if (!state.text && !isTyping) offer(state, field, tries - 1);
  }, AGAIN_MS);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".keeper");
  const key = `second_look.${data.key}`;
  const state = keepers.get(host) || {};
  if (state.onInput) document.removeEventListener("input", state.onInput, true);
  if (data.forget) write(key, "");
  state.text = data.text;
  state.tell = setTriggerValue;
  if (state.key !== key) {
    state.key = key;
    clearTimeout(state.again);
    offer(state, data.field, TRIES);
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
    clearTimeout(state.again);
    keepers.delete(host);
  };
}
