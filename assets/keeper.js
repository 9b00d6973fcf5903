// Keeps what is typed in one field of the page in this tab until the server has it, so that a
// reload or a lost connection takes nothing away. The tab's own store ends with the tab.

const WAIT_MS = 700;
const AGAIN_MS = 2000;
const TRIES = 30;
const keepers = new WeakMap();
const known = new Set();

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

// What was typed before this was on the page is kept once the server tells of it. Only the first
// time: who cleared the field later cleared it.
function learn(key, text) {
  if (known.has(key) || !(text || read(key))) return;
  known.add(key);
  if (!read(key)) write(key, text);
}

// The page may run at the same moment with a field that is still empty, and take that for what was
// typed. As long as the server has nothing, what is kept is offered again, unless somebody types:
// who clears a field clears what is kept of it.
function seek(state, field) {
  clearTimeout(state.again);
  if (state.text || !state.takes || state.tries < 1 || !read(state.key)?.trim()) return;
  state.again = setTimeout(() => {
    const isTyping = document.activeElement?.closest(`.st-key-${field}`);
    const kept = read(state.key);
    if (!isTyping && !state.text && kept) {
      state.tries -= 1;
      state.tell("found", kept);
    }
    seek(state, field);
  }, AGAIN_MS);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".keeper");
  const key = `second_look.${data.key}`;
  const state = keepers.get(host) || {};
  if (state.onInput) document.removeEventListener("input", state.onInput, true);
  if (data.forget) write(key, "");
  else if (data.takes) learn(key, data.text);
  state.text = data.text;
  state.takes = data.takes;
  state.tell = setTriggerValue;
  if (state.key !== key) {
    state.key = key;
    state.tries = TRIES;
    const kept = read(key);
    if (kept && kept !== data.text && data.takes) setTriggerValue("found", kept);
  }
  seek(state, data.field);
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
  return latestCall(host, () => {
    document.removeEventListener("input", state.onInput, true);
    clearTimeout(state.again);
    keepers.delete(host);
  });
}
