"""The worklist on the screen: queues, filters, a page of lines, and the order it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.config import settings
from core.tasks import TaskSpec
from core.workflows.adding_cases import PRIORITIES
from core.workflows.cases import (
    CaseState,
    Need,
    Page,
    WorklistRow,
    worklist_page,
    worklist_query,
    worklist_total,
)
from core.workflows.duties import hides_answer
from pages._shared import markup, state, style

CASE_PAGE = "pages/case.py"
ROWS = 50
QUEUES = {"all": "All", Need.SECOND_READ: "Second read", Need.ADJUDICATION: "Adjudication"}
SORTS = {
    "risk": "Risk",
    "uncertainty": "Uncertainty",
    "waiting_since": "Waiting time",
    "priority": "Priority",
}
_NEEDS = {Need.SECOND_READ: "second read wanted", Need.ADJUDICATION: "readers differ"}
_ANY = "any"
HIDDEN = "kept back until it is read"


@dataclass(frozen=True, slots=True)
class WorkList:
    """The list as it was left: what was asked, where its pages begin, and the cases of this one.

    ``begins`` holds the key before the first line of this page and of each page before it (None:
    the beginning); ``after`` is the key of the next page, None on the last.
    """

    query: Any
    begins: tuple[Any, ...]
    case_ids: tuple[str, ...]
    after: Any

    def neighbour(self, case_id: str, by: int) -> tuple[str | None, WorkList]:
        """Return the case before (-1) or after (1) one, and the list that it stands in.

        None beyond either end. A case that is not on this page leads to the page's first.

        Raises
        ------
        PersistenceError
            If the next page cannot be read.
        """
        if case_id not in self.case_ids:
            return (self.case_ids[0] if self.case_ids else None), self
        place = self.case_ids.index(case_id) + by
        if 0 <= place < len(self.case_ids):
            return self.case_ids[place], self
        turned = self.turned(by)
        if turned is None or not turned.case_ids:
            return None, self
        return turned.case_ids[0 if by > 0 else -1], turned

    def turned(self, by: int) -> WorkList | None:
        """Return the next (1) or previous (-1) page; None where there is none."""
        if by > 0:
            return None if self.after is None else read_list(self.query, (*self.begins, self.after))
        return read_list(self.query, self.begins[:-1]) if len(self.begins) > 1 else None


def read_list(query: Any, begins: tuple[Any, ...] = (None,)) -> WorkList:
    """Read one page of the worklist."""
    return _list_of(query, begins, worklist_page(replace(query, after=begins[-1])))


def _list_of(query: Any, begins: tuple[Any, ...], page: Page) -> WorkList:
    return WorkList(query, begins, tuple(row.case_id for row in page.rows), page.after)


def ask_query(task: TaskSpec) -> Any:
    """Show queues, filters and order, and return what is asked of the worklist."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="work_ask"):
        queue = _ask_queue(task)
        chosen, finding = _ask_filters(task, queue)
        first = "risk" if queue == "all" else "waiting_since"
        sort = _choose("Order", state.WORK_SORT, list(SORTS), SORTS, default=first, width=190)
    return worklist_query(
        task=task.key,
        state=None if chosen == _ANY else CaseState(chosen),
        finding=None if finding == _ANY else finding,
        needs=None if queue == "all" else Need(queue),
        sort=sort,
        rows=ROWS,
    )


def _ask_queue(task: TaskSpec) -> str:
    counts = {
        need: worklist_total(worklist_query(task=task.key, needs=need)) for need in (*_NEEDS,)
    }
    titles = {
        key: title + (f" · {counts[key]:,}" if key in counts else "")
        for key, title in QUEUES.items()
    }
    options = [str(key) for key in QUEUES]
    state.settle_choice(state.WORK_QUEUE, options, "all")
    queue = st.segmented_control(
        "Queue", options, key=state.WORK_QUEUE, required=True, label_visibility="collapsed",
        format_func=lambda key: titles[key], on_change=_take_queue,
    )  # fmt: skip
    return queue or "all"


def _take_queue() -> None:
    """Keep the queue; each has an order of its own until another is chosen."""
    state.keep_choice(state.WORK_QUEUE)
    is_all = st.session_state.get(state.WORK_QUEUE) == "all"
    st.session_state[state.WORK_SORT] = "risk" if is_all else "waiting_since"
    state.keep_choice(state.WORK_SORT)


def _ask_filters(task: TaskSpec, queue: str) -> tuple[str, str]:
    """Return the state and the finding asked for; a queue has one state, and hides the finding."""
    if queue != "all":
        return _ANY, _ANY
    words = {_ANY: "Any state"} | {key: word for key, (_, word) in style.CASE_STATES.items()}
    chosen = _choose("State", state.WORK_STATE, list(words), words, default=_ANY, width=160)
    if settings().read_first:
        return chosen, _ANY  # choosing by the finding would tell it
    titles = {_ANY: "Any finding"} | {item.key: item.title for item in task.classes}
    return chosen, _choose(
        "Finding", state.WORK_FINDING, list(titles), titles, default=_ANY, width=160
    )


def _choose(
    label: str, key: str, options: Sequence[str], titles: Any, *, default: str, width: int
) -> str:
    state.settle_choice(key, options, default)
    told = f"{label}: " if label == "Order" else ""
    return st.selectbox(
        label, options, key=key, format_func=lambda item: f"{told}{titles[item]}",
        label_visibility="collapsed", on_change=state.keep_choice, args=(key,), width=width,
    )  # fmt: skip


def show_list(task: TaskSpec, query: Any) -> None:
    """Show one page of lines with the way to the next, and open the one that is chosen."""
    kept: WorkList | None = st.session_state.get(state.WORK_LIST)
    begins = kept.begins if kept is not None and kept.query == query else (None,)
    page = worklist_page(replace(query, after=begins[-1]))
    if not page.rows and len(begins) > 1:  # what stood here was moved away by verdicts
        begins = (None,)
        page = worklist_page(replace(query, after=None))
    shown = _list_of(query, begins, page)
    st.session_state[state.WORK_LIST] = shown
    if not page.rows:
        style.quiet("No case here. Nothing waits in this list with these filters.")
        return
    now = datetime.now(UTC)
    opened = _show_table(task, shown, [_item(row, task, now) for row in page.rows])
    _show_turning(shown, len(page.rows))
    if opened in shown.case_ids:
        open_case(task.key, str(opened))


def open_case(task_key: str, case_id: str) -> None:
    """Go to the page of a case."""
    st.switch_page(CASE_PAGE, query_params={"task": task_key, "case": case_id})


def _show_turning(shown: WorkList, n_rows: int) -> None:
    """Show the way to the next page and the one before; the total only when it is asked for."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="work_turn"):
        st.button(
            "Previous page", key="worklist.previous", icon=":material/chevron_left:",
            disabled=len(shown.begins) == 1, on_click=_turn, args=(shown, -1), shortcut="PageUp",
        )  # fmt: skip
        st.button(
            "Next page", key="worklist.next", icon=":material/chevron_right:",
            disabled=shown.after is None, on_click=_turn, args=(shown, 1), shortcut="PageDown",
        )  # fmt: skip
        first = (len(shown.begins) - 1) * shown.query.rows + 1
        told: tuple[Any, int] | None = st.session_state.get(state.WORK_TOTAL)
        if told is not None and told[0] == shown.query:
            style.quiet(f"{first:,} to {first + n_rows - 1:,} of {told[1]:,} cases")
        else:
            style.quiet(f"{first:,} to {first + n_rows - 1:,}")
            st.button(
                "Count all", key="worklist.count", type="tertiary", on_click=_count,
                args=(shown.query,),
            )  # fmt: skip
        style.quiet("Arrows move, Enter opens.")


def _turn(shown: WorkList, by: int) -> None:
    begins = (*shown.begins, shown.after) if by > 0 else shown.begins[:-1]
    st.session_state[state.WORK_LIST] = replace(shown, begins=begins)


def _count(query: Any) -> None:
    st.session_state[state.WORK_TOTAL] = (query, worklist_total(query))


def _item(row: WorklistRow, task: TaskSpec, now: datetime) -> dict[str, Any]:
    icon, word = style.CASE_STATES[row.state]
    word += f" · {_NEEDS[row.needs]}" if row.needs else ""
    hidden = hides_answer(row, read_first=settings().read_first)
    finding, colour = _finding(row, task, hidden=hidden)
    waits = waited(row.waiting_since, now)
    return {
        "case_id": row.case_id,
        "number": f"{row.number:,}",
        "state": row.state.value,
        "icon": icon,
        "word": word,
        "finding": finding,
        "colour": colour,
        "risk": None if hidden else row.risk,
        "risk_said": _share(row.risk, hidden=hidden),
        "uncertainty": None if hidden else row.uncertainty,
        "uncertainty_said": _share(row.uncertainty, hidden=hidden),
        "priority": row.priority,
        "priority_said": PRIORITIES[row.priority].capitalize(),
        "waiting": waits,
        "since": f"since {row.waiting_since:%d %b %Y, %H:%M} UTC",
        "said": f"Case {row.number}, {word}, {finding}, {PRIORITIES[row.priority]}, {waits}",
    }


def _finding(row: WorklistRow, task: TaskSpec, *, hidden: bool) -> tuple[str, str | None]:
    if hidden:
        return HIDDEN, None
    if row.finding is None:
        return "no answer", None
    if row.finding not in task.class_names:
        return row.finding, None
    spec = task.class_spec(row.finding)
    return spec.title, spec.colour


def _share(value: float | None, *, hidden: bool) -> str:
    if hidden:
        return "·"
    return "unknown" if value is None else markup.percent(value)


def waited(since: datetime, now: datetime) -> str:
    """Return how long a case has waited, in words; a clock that was set back waits no time.

    >>> from datetime import timedelta
    >>> now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    >>> waited(now - timedelta(minutes=7), now), waited(now - timedelta(days=2, hours=5), now)
    ('7 min', '2 d 5 h')
    >>> waited(now + timedelta(hours=1), now)
    'just now'
    """
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _show_table(task: TaskSpec, shown: WorkList, items: Sequence[dict[str, Any]]) -> str | None:
    """Show the lines; return the case that was opened in this run, or None."""
    component = st.components.v2.component(
        "second_look_worklist",
        html="<div class='worklist' role='group' aria-label='Worklist'></div>",
        css=style.asset("worklist.css"),
        js=style.script("worklist.js"),
    )
    names = {"risk": "risk", "uncertainty": "unsure", "waiting_since": "waiting"}
    result = component(
        key="worklist.table",
        data={
            "items": list(items),
            "page": repr((task.key, shown.query, shown.begins)),
            "current": st.session_state.get(state.WORK_AFTER),
            "sort": names.get(shown.query.sort, shown.query.sort),
            "rising": False,
            "columns": [
                ["number", "No."], ["state", "State"], ["finding", "Model's finding"],
                ["risk", "Risk of a finding"], ["unsure", "Uncertainty"],
                ["priority", "Priority"], ["waiting", "Waiting"],
            ],
        },
        on_opened_change=lambda: None,
    )  # fmt: skip
    opened = result.opened
    return opened if isinstance(opened, str) else None
