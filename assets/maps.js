// One picture under several methods: rows are classes, columns are methods, the picture first.
// Every pane holds the picture itself, and the painted map and its contours as layers over it.
// Pictures come as PNG bytes; nothing is fetched. All text is set through textContent.

const SVG = "http://www.w3.org/2000/svg";

function make(tag, name, parent) {
  const made = document.createElement(tag);
  made.className = name;
  if (parent) parent.append(made);
  return made;
}

function picture(parent) {
  const made = make("img", "", parent);
  made.draggable = false;
  return made;
}

function setPicture(img, png) {
  const source = png ? `data:image/png;base64,${png}` : "";
  if (img.dataset.source === source) return;
  img.dataset.source = source;
  if (source) img.src = source;
  img.hidden = !source;
}

class Pane {
  constructor(zoom) {
    this.root = make("figure", "cell");
    this.frame = make("div", "pane", this.root);
    this.frame.tabIndex = 0;
    this.sheet = make("div", "sheet", this.frame);
    this.base = picture(this.sheet);
    this.layer = picture(this.sheet);
    this.layer.className = "layer";
    this.lines = document.createElementNS(SVG, "svg");
    this.lines.setAttribute("preserveAspectRatio", "none");
    this.lines.setAttribute("aria-hidden", "true");
    this.path = document.createElementNS(SVG, "path");
    this.lines.append(this.path);
    this.sheet.append(this.lines);
    this.left = make("span", "mark left", this.frame);
    this.top = make("span", "mark top", this.frame);
    this.note = make("span", "note", this.frame);
    this.scale = make("span", "zoom", this.frame);
    const caption = make("figcaption", "", this.root);
    this.line = make("p", "line", caption);
    this.dot = make("i", "dot", this.line);
    this.words = make("span", "words", this.line);
    this.flag = make("b", "flag", this.line);
    this.bar = make("div", "bar", caption);
    this.track = make("span", "track", this.bar);
    this.band = make("i", "band", this.track);
    this.point = make("b", "point", this.track);
    this.said = make("span", "said", this.bar);
    zoom.add(this.frame);
  }

  show(cell, data) {
    setPicture(this.base, data.picture);
    setPicture(this.layer, cell.layer);
    this.base.alt = cell.alt;
    this.layer.alt = "";
    this.frame.setAttribute("aria-label", `${cell.alt}. Plus and minus zoom, equals fits.`);
    this.root.dataset.cell = cell.name;
    this.root.dataset.state = cell.state;
    this.lines.setAttribute("viewBox", `0 0 ${data.columns} ${data.rows}`);
    this.path.setAttribute("d", cell.contours || "");
    this.note.textContent = cell.note || "";
    this.left.textContent = data.left || "";
    this.top.textContent = data.top || "";
    this.dot.style.background = cell.colour || "";
    this.dot.hidden = !cell.colour;
    this.words.textContent = cell.line || "";
    this.words.title = cell.tip || "";
    this.words.classList.toggle("strong", Boolean(cell.colour));
    this.flag.textContent = cell.flag || "";
    this.flag.title = cell.flag_tip || "";
    this.showBar(cell.bar);
  }

  // Where the map lies among maps laid at random: the band holds 95 of 100 of those.
  showBar(bar) {
    this.bar.classList.toggle("empty", !bar);
    this.said.textContent = bar ? bar.words : "";
    this.bar.title = bar ? bar.tip : "";
    this.bar.dataset.tone = bar ? bar.tone : "";
    this.track.hidden = !bar || bar.at === null;
    if (this.track.hidden) return;
    this.band.style.left = `${bar.low * 100}%`;
    this.band.style.width = `${(bar.high - bar.low) * 100}%`;
    this.point.style.left = `${bar.at * 100}%`;
  }

  place(data, zoom) {
    const scale = zoom.scale(this.frame, data);
    this.sheet.style.width = `${data.columns * scale}px`;
    this.sheet.style.height = `${data.rows * data.aspect * scale}px`;
    this.sheet.style.transform = zoom.transform;
    this.scale.textContent = `${Math.round(scale * 100)} %`;
    this.root.classList.toggle("off", zoom.hidden);
  }
}

class Maps {
  constructor(host) {
    this.host = host;
    this.panes = [];
    this.heads = [];
    this.zoom = new LinkedZoom(host, () => this.draw());
  }

  show(data) {
    if (!data) return;
    if (this.data && this.data.key !== data.key) this.zoom.reset();
    this.data = data;
    const n = data.heads.length;
    this.host.style.setProperty("--n-columns", n);
    this.host.style.setProperty("--n-rows", Math.min(data.cells.length / n, 2));
    this.fitNumber(this.heads, n, () => make("div", "head"));
    this.fitNumber(this.panes, data.cells.length, () => new Pane(this.zoom));
    data.heads.forEach((head, place) => this.showHead(this.heads[place], head));
    data.cells.forEach((cell, place) => this.panes[place].show(cell, data));
    this.arrange([...this.heads, ...this.panes.map((pane) => pane.root)]);
    this.draw();
  }

  // A rerun keeps the panes that are there: nothing flickers, nothing loses the focus.
  fitNumber(list, n, one) {
    while (list.length < n) list.push(one());
    list.length = n;
  }

  arrange(nodes) {
    const there = [...this.host.children];
    const same = there.length === nodes.length && nodes.every((node, at) => node === there[at]);
    if (!same) this.host.replaceChildren(...nodes);
  }

  showHead(node, head) {
    node.replaceChildren();
    make("strong", "", node).textContent = head.title;
    make("span", "", node).textContent = head.note || "";
    make("b", "flag", node).textContent = head.flag || "";
    node.title = head.tip || "";
  }

  draw() {
    if (!this.data) return;
    for (const pane of this.panes) pane.place(this.data, this.zoom);
  }

  end() {
    this.zoom.end();
  }
}

const shown = new WeakMap();

export default function (component) {
  const host = component.parentElement.querySelector(".maps");
  let maps = shown.get(host);
  if (!maps) {
    maps = new Maps(host);
    shown.set(host, maps);
  }
  maps.show(component.data);
  return latestCall(host, () => {
    maps.end();
    shown.delete(host);
    host.replaceChildren();
  });
}
