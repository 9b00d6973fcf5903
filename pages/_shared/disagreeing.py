"""The cases on which two runs disagree, with their pictures where they are at hand."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.run_pictures import PictureSource, picture_source
from core.workflows.stored_runs import StoredRun
from pages._shared import figures, resources, state, style
from pages._shared.comparing import download

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison

ON_A_PAGE = 8
_IN_A_ROW = 4
KINDS = ("only B missed", "only A missed", "only B false alarm", "only A false alarm")


def show(made: Comparison, task: TaskSpec, run_a: StoredRun, run_b: StoredRun) -> None:
    """Show the disagreements of one kind, the largest change of probability first."""
    counts = made.cases["what"].value_counts()
    said = {kind: f"{kind} ({counts.get(kind, 0):,})" for kind in KINDS}
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="compare_bar"):
        style.kicker(f"{len(made.cases):,} cases called differently")
        pager = st.container(horizontal=True, gap="xsmall", vertical_alignment="center")
    with st.container():
        kind = st.segmented_control(
            "Which disagreement", list(KINDS), default=KINDS[0], required=True,
            format_func=said.get, key=state.COMPARE_KIND, label_visibility="collapsed",
            on_change=_first_page,
        )  # fmt: skip
    chosen = made.cases[made.cases["what"] == (kind or KINDS[0])]
    if chosen.empty:
        style.quiet("There is none of this kind.")
    else:
        start = _page(chosen, pager)
        _show_page(chosen.iloc[start : start + ON_A_PAGE], made, task, run_a)
    if not made.cases.empty:
        download(made, "All disagreements as CSV", "disagreements", made.cases, (run_a, run_b))


def _show_page(shown: pd.DataFrame, made: Comparison, task: TaskSpec, run_a: StoredRun) -> None:
    source = picture_source(run_a)
    if not source.attached:
        style.quiet(source.sentence)
        st.dataframe(shown, hide_index=True, key="compare.rows")
        return
    rows: list[dict[Any, Any]] = shown.to_dict("records")
    for start in range(0, len(rows), _IN_A_ROW):
        columns = st.columns(_IN_A_ROW, gap="small")
        for column, row in zip(columns, rows[start : start + _IN_A_ROW], strict=False):
            with column:
                _show_case(row, made, task, run_a, source)


def _show_case(
    row: dict[Any, Any], made: Comparison, task: TaskSpec, run_a: StoredRun, source: PictureSource
) -> None:
    named = figures.titles(task)
    name = named[made.class_name]
    words = f"true {named[row['y_true']]} · {name}: A {row['p_a']:.2f}, B {row['p_b']:.2f}"
    try:
        data = resources.thumbnail(str(run_a.folder), row["file"], _source=source)
    except CoreError as error:
        style.no_pane(words, f"{error.problem} {error.remedy}")
    else:
        style.pane(base64.b64encode(data).decode("ascii"), words)
    with st.container(gap=None, key=state.compare_case_key(row["file"])):
        st.text(row["file"])
        style.quiet(f"A says {named[row['largest_a']]}, B {named[row['largest_b']]}")


def _first_page() -> None:
    st.session_state[state.COMPARE_PAGE] = 0


def _turn(by: int) -> None:
    st.session_state[state.COMPARE_PAGE] = st.session_state.get(state.COMPARE_PAGE, 0) + by


def _page(cases: pd.DataFrame, slot: Any) -> int:
    """Show where the page stands among the cases, and return its first row."""
    last = (len(cases) - 1) // ON_A_PAGE
    page = min(max(int(st.session_state.get(state.COMPARE_PAGE, 0)), 0), last)
    st.session_state[state.COMPARE_PAGE] = page
    start = page * ON_A_PAGE
    with slot:
        st.button(
            "Earlier", icon=":material/chevron_left:", key="compare.earlier",
            on_click=_turn, args=(-1,), disabled=page == 0,
        )  # fmt: skip
        st.button(
            "Later", icon=":material/chevron_right:", key="compare.later",
            on_click=_turn, args=(1,), disabled=page == last,
        )  # fmt: skip
        end = min(start + ON_A_PAGE, len(cases))
        style.quiet(f"{start + 1}–{end} of {len(cases):,}")
    return start
