"""The confusion matrix, and the pictures behind one of its cells with their maps."""

from __future__ import annotations

import base64
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.errors import CoreError
from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.run_pictures import PictureSource, maps_said, picture_source
from core.workflows.stored_runs import Performance
from pages._shared import resources, state, style
from pages._shared.figures import download, titles

CASES_ON_A_PAGE = 6
_IN_A_ROW = 3
_SCALES = {"count": "Counts", "row": "By row", "column": "By column"}
_MISSED_PAGE = "pages/missed_findings.py"


def show_matrix(made: Performance, task: TaskSpec) -> None:
    """Show the confusion matrix: rows are the reference, columns the called class; click a cell."""
    _forget_other_classes(made)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        scale = st.segmented_control(
            "Scale of the matrix", list(_SCALES), default="count", required=True,
            format_func=_SCALES.get, key="performance.scale", label_visibility="collapsed",
        )  # fmt: skip
        style.quiet("rows true, columns called")
    chart = charts.confusion_chart(
        made.confusion,
        titles=titles(task),
        scale=scale or "count",
        chosen=_chosen_cell(made),
        height=64 + 58 * len(task.classes),
    )
    st.plotly_chart(
        chart, config=charts.CONFIG, theme=None, key=state.MATRIX,
        alt=_matrix_in_words(made.confusion, task),
        on_select=_take_click, selection_mode="points",
    )  # fmt: skip


def _take_click() -> None:
    """Look at the cell that was clicked."""
    chosen: Any = st.session_state.get(state.MATRIX)
    points = chosen["selection"]["points"] if chosen else []
    pair = points[0].get("customdata") if points else None
    if isinstance(pair, list) and len(pair) == 2:
        st.session_state[state.CELL_TRUE], st.session_state[state.CELL_CALLED] = map(str, pair)
        st.session_state[state.CELL_PAGE] = 0


def _chosen_cell(made: Performance) -> tuple[str, str] | None:
    """Return the (true, called) class of the cell that is looked at; None before one is chosen."""
    names = set(made.confusion["y_true"])
    pair = [st.session_state.get(key) for key in (state.CELL_TRUE, state.CELL_CALLED)]
    if pair[0] in names and pair[1] in names:
        return str(pair[0]), str(pair[1])
    return None


def _forget_other_classes(made: Performance) -> None:
    """Let go of a cell that belongs to another task, before its widgets are made."""
    names = set(made.confusion["y_true"])
    for key in (state.CELL_TRUE, state.CELL_CALLED):
        if st.session_state.get(key) not in names:
            st.session_state[key] = None


def show_cell(made: Performance, task: TaskSpec) -> None:
    """Show the pictures of the chosen cell, the most confident call first."""
    named = titles(task)
    names = list(dict.fromkeys(made.confusion["y_true"]))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="cell_bar"):
        style.quiet("Pictures of a cell: click it in the matrix, or choose it here")
        for key, said in ((state.CELL_TRUE, "true"), (state.CELL_CALLED, "called")):
            st.selectbox(
                f"{said.capitalize()} class", names, key=key, width=190,
                placeholder=f"{said} class",
                format_func=lambda name, said=said: f"{said}: {named.get(name, name)}",
                label_visibility="collapsed", on_change=_first_page,
            )  # fmt: skip
        pager = st.container(horizontal=True, gap="xsmall", vertical_alignment="center")
    chosen = _chosen_cell(made)
    if chosen is None:
        return
    (y_true, called), run = chosen, made.run
    cases = resources.cell(str(run.folder), run.facts.version_digest, y_true, called, _run=run)
    style.quiet(_cell_said(cases, made, named[y_true], named[called]))
    if cases.empty:
        return
    start = _page_of(cases, pager)
    source = picture_source(run)
    shown = cases.iloc[start : start + CASES_ON_A_PAGE]
    if source.attached:
        _show_pictures(shown, made, task, source)
    else:
        style.quiet(source.sentence)
        st.dataframe(shown, hide_index=True, key="performance.cell_rows")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        download(made, "Rows of this cell as CSV", "cell", lambda: cases)
        _link_to_misses(made, task, y_true, called)


def _first_page() -> None:
    st.session_state[state.CELL_PAGE] = 0


def _turn(by: int) -> None:
    st.session_state[state.CELL_PAGE] = st.session_state.get(state.CELL_PAGE, 0) + by


def _page_of(cases: pd.DataFrame, slot: Any) -> int:
    """Show where in the cell the page stands, and return its first row."""
    last = (len(cases) - 1) // CASES_ON_A_PAGE
    page = min(max(int(st.session_state.get(state.CELL_PAGE, 0)), 0), last)
    st.session_state[state.CELL_PAGE] = page
    start = page * CASES_ON_A_PAGE
    with slot:
        st.button(
            "Earlier", icon=":material/chevron_left:", key="performance.cell_earlier",
            on_click=_turn, args=(-1,), disabled=page == 0,
        )  # fmt: skip
        st.button(
            "Later", icon=":material/chevron_right:", key="performance.cell_later",
            on_click=_turn, args=(1,), disabled=page == last,
        )  # fmt: skip
        end = min(start + CASES_ON_A_PAGE, len(cases))
        style.quiet(f"{start + 1}–{end} of {len(cases):,}")
    return start


def _cell_said(cases: pd.DataFrame, made: Performance, true: str, called: str) -> str:
    n = len(cases)
    if not n:
        return f"No picture of {true} was called {called}."
    groups = cases["group"].dropna().nunique()
    name = made.run.facts.group_name
    within = f" from {groups:,} {plural(name) if groups > 1 else name}" if groups else ""
    pictures = "picture" if n == 1 else "pictures"
    said = f"{true} called {called}: {n:,} {pictures}{within}, the most confident call first."
    return f"{said} {maps_said(made.run)}".strip()


def _show_pictures(
    shown: pd.DataFrame, made: Performance, task: TaskSpec, source: PictureSource
) -> None:
    rows = shown.to_dict("records")
    for start in range(0, len(rows), _IN_A_ROW):
        columns = st.columns(_IN_A_ROW, gap="medium")
        for column, row in zip(columns, rows[start : start + _IN_A_ROW], strict=False):
            with column:
                _show_case(row, made, task, source)


def _show_case(
    row: dict[Any, Any], made: Performance, task: TaskSpec, source: PictureSource
) -> None:
    """Show one picture beside the maps of its true and of its called class."""
    run, named = made.run, titles(task)
    wanted = tuple(dict.fromkeys((row["y_true"], row["called"])))
    try:
        card = resources.run_card(
            str(run.folder), run.facts.version_digest, row["file"], wanted,
            _run=run, _source=source,
        )  # fmt: skip
    except CoreError as error:
        style.quiet(f"{error.problem} {error.remedy}")
        return
    panes = [("picture", card.picture)]
    panes += [(f"map: {named[name]}", card.maps.get(name)) for name in wanted]
    for column, (words, png) in zip(st.columns(3, gap="xsmall"), panes, strict=False):
        with column:
            if png is not None:
                style.pane(base64.b64encode(png).decode("ascii"), words)
            else:
                style.no_pane(words, card.why_none)
    group = "" if pd.isna(row["group"]) else f" · {made.run.facts.group_name} {row['group']}"
    refused = " · the gate refuses it" if row["refused"] else ""
    with st.container(gap=None):
        st.text(row["file"])
        style.quiet(
            f"called {named[row['called']]} {row['p_called']:.3f} · true {named[row['y_true']]} "
            f"{row['p_true']:.3f}{group}{refused}"
        )


def _link_to_misses(made: Performance, task: TaskSpec, y_true: str, called: str) -> None:
    """Lead on to the clinic, where the cell holds misses of a finding."""
    if y_true == called or y_true not in task.findings:
        return
    st.page_link(
        _MISSED_PAGE,
        label=f"Look into the missed: {titles(task)[y_true]}",
        icon=":material/search:",
        query_params={"task": task.key, "run": made.run.name, "class": y_true},
    )


def _matrix_in_words(cells: pd.DataFrame, task: TaskSpec) -> str:
    named = titles(task)
    words = [
        f"{named.get(row['y_true'], row['y_true'])} called "
        f"{named.get(row['called'], row['called'])}: {row['n']}"
        for row in cells.to_dict("records")
    ]
    return "; ".join(words)
