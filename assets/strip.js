// The strip: every picture of the light box with its state, as a row of buttons. Its keys N and P
// name the picture they lead to: pressed faster than the page answers, none of them is lost.

const WAIT_MS = 4000; // longer than any answer: then what the page says counts again
const strips = new WeakMap();

function typing(target) {
  return target.closest && target.closest("input, textarea, select, [contenteditable=true]");
}

function mark(list, place) {
  for (const [index, button] of [...list.children].entries()) {
    if (index === place) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const list = parentElement.querySelector(".strip");
  const items = (data && data.items) || [];
  const state = strips.get(list) || { place: 0, asked: -WAIT_MS };
  const waits = performance.now() - state.asked < WAIT_MS && state.place !== data.current;
  if (!waits) state.place = (data && data.current) || 0;
  if (state.onKey) document.removeEventListener("keydown", state.onKey);
  state.onKey = (event) => {
    const by = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const place = Math.min(Math.max(state.place + by, 0), items.length - 1);
    if (place === state.place) return;
    state.place = place;
    state.asked = performance.now();
    mark(list, place);
    setTriggerValue("picked", place);
  };
  document.addEventListener("keydown", state.onKey);
  strips.set(list, state);
  list.replaceChildren(
    ...items.map((item, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `item ${item.state}`;
      button.dataset.state = item.state;
      if (index === state.place) button.setAttribute("aria-current", "true");
      button.setAttribute("aria-label", `${index + 1} of ${items.length}: ${item.name}, ${item.word}`);
      button.title = item.name;
      const thumb = document.createElement("span");
      thumb.className = "thumb";
      if (item.thumb) {
        const picture = document.createElement("img");
        picture.src = `data:image/png;base64,${item.thumb}`;
        picture.alt = "";
        thumb.append(picture);
      }
      const words = document.createElement("span");
      words.className = "words";
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = item.short;
      const word = document.createElement("span");
      word.className = "state";
      word.textContent = `${item.icon} ${item.word}`;
      if (item.colour) {
        const dot = document.createElement("i");
        dot.style.background = item.colour;
        word.prepend(dot);
      }
      words.append(name, word);
      button.append(thumb, words);
      button.addEventListener("click", () => setTriggerValue("picked", index));
      return button;
    }),
  );
  const chosen = list.querySelector("[aria-current]");
  if (chosen) {
    const left = chosen.offsetLeft - list.clientWidth / 2 + chosen.clientWidth / 2;
    list.scrollTo({ left: Math.max(left, 0) });
  }
  return latestCall(list, () => {
    document.removeEventListener("keydown", state.onKey);
    strips.delete(list);
  });
}
