// The strip: every picture of the light box with its state, as a row of buttons.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const list = parentElement.querySelector(".strip");
  const items = (data && data.items) || [];
  list.replaceChildren(
    ...items.map((item, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `item ${item.state}`;
      button.dataset.state = item.state;
      if (index === data.current) button.setAttribute("aria-current", "true");
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
}
