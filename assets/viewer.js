// Two panes, one view: original and overlay at the same scale, with linked zoom and pan.
// Pictures come as PNG bytes; nothing is fetched. All text is set through textContent.

const STEP = 1.25;
const LARGEST = 16;

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
  root.prepend(stage);
  root.append(caption, ruler, note, zoom);
  return { root, stage, picture, caption, marks, ruler, note, zoom };
}

const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

function opposite(letters) {
  return [...letters].map((letter) => OPPOSITE[letter] || "").join("");
}

class Viewer {
  constructor(host) {
    this.host = host;
    this.panes = [pane("original"), pane("overlay")];
    this.view = { zoom: 1, x: 0, y: 0 };
    this.hidden = false;
    for (const each of this.panes) {
      host.append(each.root);
      each.root.addEventListener("wheel", (event) => this.wheel(event, each), { passive: false });
      each.root.addEventListener("pointerdown", (event) => this.grab(event, each));
      each.root.addEventListener("dblclick", () => this.fit());
      each.root.addEventListener("keydown", (event) => this.paneKey(event));
    }
    this.onKey = (event) => this.globalKey(event);
    document.addEventListener("keydown", this.onKey);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(host);
  }

  show(data) {
    if (!data) return;
    if (!this.data || this.data.key !== data.key) {
      this.view = { zoom: 1, x: 0, y: 0 };
      this.hidden = false;
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

  fill(each, png, alt) {
    const source = `data:image/png;base64,${png}`;
    if (each.source !== source) {
      each.source = source;
      each.picture.src = source;
    }
    each.picture.alt = alt;
    each.root.setAttribute("aria-label", `${alt}. Plus and minus zoom, equals fits, arrows move.`);
  }

  // Pixels of the screen for one pixel of the file (columns), when the whole picture fits.
  fitted() {
    const box = this.panes[0].root.getBoundingClientRect();
    const { rows, columns, aspect } = this.data;
    return Math.min(box.width / columns, box.height / (rows * aspect));
  }

  draw() {
    if (!this.data) return;
    const { rows, columns, aspect } = this.data;
    const scale = this.fitted() * this.view.zoom;
    for (const each of this.panes) {
      const style = each.picture.style;
      style.width = `${columns * scale}px`;
      style.height = `${rows * aspect * scale}px`;
      style.transform =
        `translate(calc(-50% + ${this.view.x}px), calc(-50% + ${this.view.y}px))`;
      each.zoom.textContent = `${Math.round(scale * 100)} %`;
      this.rule(each.ruler, scale);
    }
    const hide = this.hidden && this.data.overlay;
    this.panes[1].picture.src = hide ? this.panes[0].source : this.panes[1].source;
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

  fit() {
    this.view = { zoom: 1, x: 0, y: 0 };
    this.draw();
  }

  // Zoom by a factor around a point given from the middle of the pane.
  zoomBy(factor, x = 0, y = 0) {
    const zoom = Math.min(Math.max(this.view.zoom * factor, 1), LARGEST);
    const change = zoom / this.view.zoom;
    this.view = {
      zoom,
      x: zoom === 1 ? 0 : x - (x - this.view.x) * change,
      y: zoom === 1 ? 0 : y - (y - this.view.y) * change,
    };
    this.draw();
  }

  wheel(event, each) {
    event.preventDefault();
    const box = each.root.getBoundingClientRect();
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    this.zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
  }

  grab(event, each) {
    if (event.button !== 0) return;
    const start = { x: event.clientX - this.view.x, y: event.clientY - this.view.y };
    each.root.setPointerCapture(event.pointerId);
    const move = (step) => {
      if (this.view.zoom === 1) return;
      this.view.x = step.clientX - start.x;
      this.view.y = step.clientY - start.y;
      this.draw();
    };
    const stop = () => {
      each.root.removeEventListener("pointermove", move);
      each.root.removeEventListener("pointerup", stop);
    };
    each.root.addEventListener("pointermove", move);
    each.root.addEventListener("pointerup", stop);
  }

  paneKey(event) {
    const moves = {
      ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40],
    };
    const move = moves[event.key];
    if (!move || this.view.zoom === 1) return;
    this.view.x += move[0];
    this.view.y += move[1];
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  globalKey(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName || "");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "z") this.zoomBy(STEP);
    else if (event.key === "-") this.zoomBy(1 / STEP);
    else if (event.key === "=") this.fit();
    else if (event.key === "o") {
      this.hidden = !this.hidden;
      this.draw();
    }
  }

  end() {
    document.removeEventListener("keydown", this.onKey);
    this.observer.disconnect();
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
  viewer.show(component.data);
  return () => {
    viewer.end();
    viewers.delete(host);
    host.replaceChildren();
  };
}
