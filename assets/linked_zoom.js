// Zoom and pan that several panes share, with the keys for them: + and z, -, = (fit), arrows, o.
// A script that shows panes puts this file in front of its own. One that shows a stack sets
// ``scroll``, which then has the wheel and the arrows up and down.

const STEP = 1.25;
const LARGEST = 16;
const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

function opposite(letters) {
  return [...letters].map((letter) => OPPOSITE[letter] || "").join("");
}

class LinkedZoom {
  // redraw() is called whenever the view, or whether the map is hidden, has changed.
  constructor(host, redraw) {
    this.redraw = redraw;
    this.scroll = null;
    this.reset();
    this.onKey = (event) => this.globalKey(event);
    document.addEventListener("keydown", this.onKey);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(host);
  }

  reset() {
    this.view = { zoom: 1, x: 0, y: 0 };
    this.hidden = false;
  }

  // Let a pane be zoomed, dragged and moved by arrows.
  add(root) {
    root.addEventListener("wheel", (event) => this.wheel(event, root), { passive: false });
    root.addEventListener("pointerdown", (event) => this.grab(event, root));
    root.addEventListener("dblclick", () => this.fit());
    root.addEventListener("keydown", (event) => this.paneKey(event));
  }

  // Where a sheet lies in its pane.
  get transform() {
    return `translate(calc(-50% + ${this.view.x}px), calc(-50% + ${this.view.y}px))`;
  }

  // Pixels of the screen for one pixel of the file (columns).
  scale(root, { rows, columns, aspect }) {
    const box = root.getBoundingClientRect();
    return Math.min(box.width / columns, box.height / (rows * aspect)) * this.view.zoom;
  }

  fit() {
    this.view = { zoom: 1, x: 0, y: 0 };
    this.redraw();
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
    this.redraw();
  }

  wheel(event, root) {
    if (this.scroll && this.scroll.isActive && !event.ctrlKey) {
      this.scroll.wheel(event); // a stack; with ctrl, or two fingers apart, it is the zoom there too
      return;
    }
    if (event.deltaY > 0 && this.view.zoom === 1) return; // nothing to zoom out of: the page scrolls
    event.preventDefault();
    const box = root.getBoundingClientRect();
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    this.zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
  }

  grab(event, root) {
    if (event.button !== 0) return;
    const start = { x: event.clientX - this.view.x, y: event.clientY - this.view.y };
    root.setPointerCapture(event.pointerId);
    const move = (step) => {
      if (this.view.zoom === 1) return;
      this.view.x = step.clientX - start.x;
      this.view.y = step.clientY - start.y;
      this.redraw();
    };
    const stop = () => {
      root.removeEventListener("pointermove", move);
      root.removeEventListener("pointerup", stop);
    };
    root.addEventListener("pointermove", move);
    root.addEventListener("pointerup", stop);
  }

  paneKey(event) {
    const moves = {
      ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40],
    };
    const move = moves[event.key];
    if (!move || this.view.zoom === 1) return;
    if (this.scroll && this.scroll.isActive && move[1]) return; // up and down are the stack's
    this.view.x += move[0];
    this.view.y += move[1];
    event.preventDefault();
    event.stopPropagation();
    this.redraw();
  }

  globalKey(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName || "");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "z") this.zoomBy(STEP);
    else if (event.key === "-") this.zoomBy(1 / STEP);
    else if (event.key === "=") this.fit();
    else if (event.key === "o") {
      this.hidden = !this.hidden;
      this.redraw();
    }
  }

  end() {
    document.removeEventListener("keydown", this.onKey);
    this.observer.disconnect();
  }
}
