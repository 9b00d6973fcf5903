// One picture of a stack at a time, chosen by wheel and keys: up, down, home, end; page up and page
// down turn to the next series. Where somebody wants to go is known here at once and told to the
// server one message at a time: while one is on its way the newest place waits, so that a wheel
// that spins never makes a queue. A script that shows a stack puts this file in front of its own.

const NOTCH = 100; // what a notch of a wheel tells, in pixels; many tell other numbers
const WHOLE = 40; // from here on an event is a notch and no slide of two fingers
const PATIENCE_MS = 4000; // after that a message counts as lost
const OWN_KEYS =
  "input, textarea, select, [contenteditable=true], [role=slider], [role=combobox], [role=listbox], [role=menu], [role=dialog]";

class StackScroll {
  // redraw() is called when the place that is wanted changes.
  constructor(redraw) {
    this.redraw = redraw;
    this.forget();
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  forget() {
    this.stack = this.asked = null;
    this.place = this.wanted = this.slid = 0;
  }

  // What the server shows now; tell(name, value) sends to it. Without a stack there is nothing to do.
  show(stack, tell) {
    if (!stack) return this.forget();
    this.tell = tell;
    const isOther = !this.stack || this.stack.key !== stack.key || this.stack.n !== stack.n;
    const isWaiting = !isOther && this.asked !== null && stack.place === this.place;
    const isAnswered = !isOther && stack.place === this.asked;
    this.stack = stack;
    if (isWaiting) return undefined; // painted for another reason: the answer is still to come
    this.place = stack.place;
    this.asked = null;
    if (!isAnswered) this.wanted = this.place;
    this.ask();
    return undefined;
  }

  get isActive() {
    return this.stack !== null && this.stack.n > 1;
  }

  get words() {
    if (!this.isActive) return "";
    const here = `${this.place} of ${this.stack.n}`;
    return this.wanted === this.place ? here : `${here} → ${this.wanted}`;
  }

  go(place) {
    this.wanted = Math.min(Math.max(place, 1), this.stack.n);
    this.redraw();
    this.ask();
  }

  ask() {
    const isOnItsWay = this.asked !== null && Date.now() - this.askedAt < PATIENCE_MS;
    if (isOnItsWay || this.wanted === this.place) return;
    this.asked = this.wanted;
    this.askedAt = Date.now();
    this.tell("scrolled", this.wanted);
  }

  // The page stays where it is, at the ends of the stack too.
  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 0 ? event.deltaY : Math.sign(event.deltaY) * NOTCH;
    if (Math.abs(pixels) >= WHOLE) {
      this.slid = 0;
      this.go(this.wanted + Math.sign(pixels) * Math.max(1, Math.round(Math.abs(pixels) / NOTCH)));
      return;
    }
    if (pixels * this.slid < 0) this.slid = 0;
    this.slid += pixels;
    const steps = Math.trunc(this.slid / WHOLE);
    this.slid -= steps * WHOLE;
    if (steps) this.go(this.wanted + steps);
  }

  key(event) {
    if (!this.stack || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const target = event.composedPath()[0];
    if (target.closest && target.closest(OWN_KEYS)) return;
    const turn = { PageUp: -1, PageDown: 1 }[event.key];
    const places = {
      ArrowUp: this.wanted - 1, ArrowDown: this.wanted + 1, Home: 1, End: this.stack.n,
    };
    if (turn && this.stack.turns && !event.repeat) this.tell("turned", turn);
    else if (event.key in places && this.isActive) this.go(places[event.key]);
    else return;
    event.preventDefault();
  }

  end() {
    document.removeEventListener("keydown", this.onKey);
  }
}
