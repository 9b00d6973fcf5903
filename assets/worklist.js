// The worklist: lines that are opened by a click or by keys. Arrows (or J and K) move, Enter opens.
// All text is set through textContent; nothing is fetched.

const lists = new WeakMap();

function typing(target) {
  return target.closest && target.closest("input, textarea, select, button, a, [contenteditable=true], [role=combobox], [role=radio]");
}

function cell(row, name, words, title) {
  const made = document.createElement("td");
  made.className = name;
  made.textContent = words;
  if (title) made.title = title;
  row.append(made);
  return made;
}

function meter(row, name, share, words) {
  const made = cell(row, name, "");
  const value = document.createElement("span");
  value.textContent = words;
  if (share !== null) {
    const bar = document.createElement("i");
    const fill = document.createElement("b");
    fill.style.width = `${Math.round(share * 100)}%`;
    bar.append(fill);
    made.append(bar);
  }
  made.append(value);
}

function line(item, index, state) {
  const row = document.createElement("tr");
  row.dataset.case = item.case_id;
  row.dataset.state = item.state;
  row.setAttribute("aria-label", item.said);
  cell(row, "number", item.number);
  const standing = cell(row, "state", "");
  const icon = document.createElement("b");
  icon.textContent = item.icon;
  icon.setAttribute("aria-hidden", "true");
  standing.append(icon, item.word);
  const finding = cell(row, "finding", item.finding);
  if (item.colour) {
    const dot = document.createElement("i");
    dot.style.background = item.colour;
    finding.prepend(dot);
  } else finding.classList.add("none");
  meter(row, "risk", item.risk, item.risk_said);
  meter(row, "unsure", item.uncertainty, item.uncertainty_said);
  cell(row, `priority p${item.priority}`, item.priority_said);
  cell(row, "waiting", item.waiting, item.since);
  row.addEventListener("click", () => state.open(index));
  return row;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".worklist");
  const items = (data && data.items) || [];
  const state = lists.get(host) || { place: 0 };
  if (state.page !== data.page) {
    state.page = data.page;
    state.place = Math.max(items.findIndex((item) => item.case_id === data.current), 0);
  }
  state.place = Math.min(state.place, Math.max(items.length - 1, 0));
  state.open = (index) => setTriggerValue("opened", items[index].case_id);
  const table = document.createElement("table");
  const head = document.createElement("thead");
  const names = document.createElement("tr");
  for (const [name, words] of data.columns) {
    const made = document.createElement("th");
    made.className = name;
    made.scope = "col";
    made.textContent = words;
    if (name === data.sort) made.setAttribute("aria-sort", data.rising ? "ascending" : "descending");
    names.append(made);
  }
  head.append(names);
  const body = document.createElement("tbody");
  body.append(...items.map((item, index) => line(item, index, state)));
  table.append(head, body);
  host.replaceChildren(table);
  const mark = (scroll) => {
    for (const [index, row] of [...body.children].entries()) {
      if (index === state.place) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const row = body.children[state.place];
    if (scroll && row) row.scrollIntoView({ block: "nearest" });
  };
  if (state.onKey) document.removeEventListener("keydown", state.onKey);
  state.onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !items.length) return;
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (by) {
      state.place = Math.min(Math.max(state.place + by, 0), items.length - 1);
      mark(true);
      event.preventDefault();
    } else if (event.key === "Enter") {
      state.open(state.place);
      event.preventDefault();
    }
  };
  document.addEventListener("keydown", state.onKey);
  lists.set(host, state);
  mark(false);
  return latestCall(host, () => {
    document.removeEventListener("keydown", state.onKey);
    lists.delete(host);
    host.replaceChildren();
  });
}
