// Two panes, one view: original and overlay at the same scale, with linked zoom and pan.
// Of a stack the wheel and the arrows up and down choose the slice.
// Pictures come as PNG bytes; nothing is fetched. All text is set through textContent.

const KEYS = "Plus and minus zoom, equals fits, arrows move.";
const STACK_KEYS = "Wheel and arrows up and down scroll, plus and minus zoom, equals fits.";

function pane(name) {
  const root = document.createElement("figure");
  root.className = "pane";
  root.dataset.pane = name;
  root.tabIndex = 0;
  const stage = document.createElement("div");
  stage.className = "stage";
  const picture = document.createElement("img");
  picture.draggable = false;
  stage.append(picture);
  const caption = document.createElement("figcaption");
  const marks = {};
  for (const place of ["left", "right", "top", "bottom"]) {
    marks[place] = document.createElement("span");
    marks[place].className = `mark ${place}`;
    root.append(marks[place]);
  }
  const ruler = document.createElement("span");
  ruler.className = "ruler";
  const note = document.createElement("span");
  note.className = "note";
  const zoom = document.createElement("span");
  zoom.className = "zoom";
  const place = document.createElement("span");
  place.className = "place";
  root.prepend(stage);
  root.append(caption, place, ruler, note, zoom);
  return { root, stage, picture, caption, place, marks, ruler, note, zoom };
}

class Viewer {
  constructor(host) {
    this.panes = [pane("original"), pane("overlay")];
    this.zoom = new LinkedZoom(host, () => this.draw());
    this.scroll = new StackScroll(() => this.count());
    this.zoom.scroll = this.scroll;
    for (const each of this.panes) {
      host.append(each.root);
      this.zoom.add(each.root);
    }
  }

  show(data, tell) {
    if (!data) return;
    this.scroll.show(data.stack, tell);
    if (!this.data || this.data.key !== data.key) {
      this.zoom.reset();
    }
    this.data = data;
    const [original, overlay] = this.panes;
    this.fill(original, data.original, data.original_alt);
    this.fill(overlay, data.overlay || data.original, data.overlay_alt);
    original.caption.textContent = data.original_title;
    overlay.caption.textContent = data.overlay_title;
    overlay.note.textContent = data.overlay_note || "";
    overlay.root.classList.toggle("empty", Boolean(data.overlay_note));
    overlay.root.hidden = !data.two_panes;
    for (const each of this.panes) {
      each.marks.left.textContent = data.left || "";
      each.marks.right.textContent = opposite(data.left || "");
      each.marks.top.textContent = data.top || "";
      each.marks.bottom.textContent = opposite(data.top || "");
    }
    this.draw();
  }

  // Which slice is painted, and which one is on its way.
  count() {
    for (const each of this.panes) each.place.textContent = this.scroll.words;
  }

  fill(each, png, alt) {
    const source = png ? `data:image/png;base64,${png}` : "";
    each.picture.hidden = !png;
    if (each.source !== source) {
      each.source = source;
      if (png) each.picture.src = source;
    }
    each.picture.alt = alt;
    each.root.setAttribute("aria-label", `${alt}. ${this.scroll.isActive ? STACK_KEYS : KEYS}`);
  }

  draw() {
    if (!this.data) return;
    this.count();
    const { rows, columns, aspect } = this.data;
    const scale = this.zoom.scale(this.panes[0].root, this.data);
    for (const each of this.panes) {
      const style = each.picture.style;
      style.width = `${columns * scale}px`;
      style.height = `${rows * aspect * scale}px`;
      style.transform = this.zoom.transform;
      each.zoom.textContent = this.data.original ? `${Math.round(scale * 100)} %` : "";
      this.rule(each.ruler, scale);
    }
    const hide = this.zoom.hidden && this.data.overlay;
    if (this.data.original) {
      this.panes[1].picture.src = hide ? this.panes[0].source : this.panes[1].source;
    }
    this.panes[1].root.classList.toggle("off", Boolean(hide));
  }

  // A ruler of a round length, where the file states its spacing.
  rule(ruler, scale) {
    const spacing = this.data.column_spacing_mm;
    if (!spacing) {
      ruler.hidden = true;
      return;
    }
    const lengths = [200, 100, 50, 20, 10, 5];
    const pixels = (mm) => (mm / spacing) * scale;
    const mm = lengths.find((length) => pixels(length) <= 130) || 5;
    ruler.hidden = false;
    ruler.style.width = `${pixels(mm)}px`;
    ruler.textContent = mm >= 10 ? `${mm / 10} cm` : `${mm} mm`;
  }

  end() {
    this.zoom.end();
    this.scroll.end();
  }
}

const viewers = new WeakMap();

export default function (component) {
  const host = component.parentElement.querySelector(".viewer");
  let viewer = viewers.get(host);
  if (!viewer) {
    viewer = new Viewer(host);
    viewers.set(host, viewer);
  }
  viewer.show(component.data, (name, value) => component.setTriggerValue(name, value));
  return latestCall(host, () => {
    viewer.end();
    viewers.delete(host);
    host.replaceChildren();
  });
}
