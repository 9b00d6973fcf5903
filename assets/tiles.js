// A grid of small pictures: the picture itself first, then one button a channel. Arrow keys move.

const SIDE = 92;

function figure(item) {
  const picture = document.createElement("img");
  picture.src = `data:image/png;base64,${item.png}`;
  picture.alt = "";
  picture.className = item.smooth ? "smooth" : "";
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = item.name;
  const value = document.createElement("span");
  value.className = "value";
  value.textContent = item.value;
  return [picture, name, value];
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const grid = parentElement.querySelector(".tiles");
  const items = (data && data.items) || [];
  grid.style.setProperty("--side", `${(data && data.side) || SIDE}px`);
  grid.replaceChildren(
    ...items.map((item) => {
      const tile = document.createElement(item.pick === null ? "div" : "button");
      tile.className = "tile";
      tile.append(...figure(item));
      if (item.pick === null) return tile;
      tile.type = "button";
      tile.dataset.channel = item.pick;
      tile.setAttribute("aria-label", `${item.name}, ${item.value}`);
      if (item.pick === data.current) tile.setAttribute("aria-current", "true");
      tile.addEventListener("click", () => {
        grid.querySelectorAll("[aria-current]").forEach((old) => old.removeAttribute("aria-current"));
        tile.setAttribute("aria-current", "true");
        setTriggerValue("picked", item.pick);
      });
      return tile;
    }),
  );
  grid.onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = [...grid.querySelectorAll("button")];
    const place = buttons.indexOf(event.target);
    if (!by || place < 0) return;
    event.preventDefault();
    const next = buttons[Math.min(Math.max(place + by, 0), buttons.length - 1)];
    next.focus();
  };
  return latestCall(grid, () => {
    grid.onkeydown = null;
  });
}
