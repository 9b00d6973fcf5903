"""Adjudication: reads that differ side by side, and what stands as the reference; both stay."""

from __future__ import annotations

import streamlit as st

from core.errors import CoreError, PersistenceError
from core.tasks import TaskSpec
from core.workflows.case_history import title_of
from core.workflows.cases import NOT_ASSESSABLE, CaseFile, CaseRead, Stage
from core.workflows.verdicts import MAX_TEXT, record_consensus
from pages._shared import reader, state, style
from pages._shared.case import Opened
from pages._shared.case_verdict import show_read, show_said


def reads_to_judge(found: CaseFile) -> list[CaseRead]:
    """Return the final read of each reader, the first reader's first."""
    latest = {read.reader: read for read in found.reads if read.stage is not Stage.BEFORE_REVEAL}
    return sorted(latest.values(), key=lambda read: read.sequence or 0)


@st.fragment
def show_adjudication(found: CaseFile, opened: Opened, task: TaskSpec) -> None:
    """Show the reads side by side and the form of the consensus; the answer stays away."""
    if st.session_state.get(state.CASE_OPENED) is not opened:
        st.rerun()
    reads = reads_to_judge(found)
    style.kicker(f"{len(reads)} readers differ")
    for column, read in zip(st.columns(len(reads), gap="small"), reads, strict=True):
        with column:
            show_read(read, task, is_own=read.reader == opened.reader)
    if opened.duty.own is not None:
        style.quiet("You are one of the readers. Both reads are kept, whatever you decide.")
    style.kicker("What stands")
    options = [item.key for item in task.classes] + [NOT_ASSESSABLE]
    st.segmented_control(
        "Consensus", options, key=state.form_key("verdict", opened.act),
        format_func=lambda name: title_of(task.key, name), label_visibility="collapsed",
    )  # fmt: skip
    st.text_area(
        "Why", key=state.form_key("comment", opened.act), max_chars=MAX_TEXT, height=84,
        placeholder="Why (optional)", label_visibility="collapsed",
    )  # fmt: skip
    st.button(
        "Record the consensus", key=state.form_key("save", opened.act), type="primary",
        on_click=_save, args=(opened, [read.sequence or 0 for read in reads]),
        shortcut="Shift+S",
    )  # fmt: skip
    show_said(opened)


def _save(opened: Opened, judged: list[int]) -> None:
    saved: set[str] = st.session_state.setdefault(state.CASE_SAVED, set())
    if opened.act in saved:
        return  # the second click of one act
    verdict = st.session_state.get(state.form_key("verdict", opened.act))
    comment = str(st.session_state.get(state.form_key("comment", opened.act)) or "")
    who = reader.name()
    st.session_state[state.CASE_SAID] = None
    if verdict is None or not who:
        missing = "Choose what stands." if verdict is None else "Say who you are, at the top."
        st.session_state[state.CASE_SAID] = PersistenceError("Not saved yet.", remedy=missing)
        return
    try:
        record_consensus(opened.case_id, verdict, adjudicator=who, comment=comment, judged=judged)
    except CoreError as error:
        st.session_state[state.CASE_SAID] = error
        return
    saved.add(opened.act)
    st.session_state.pop(state.CASE_OPENED, None)
