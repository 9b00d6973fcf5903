"""A case on the screen: which one, what this reader may see of it, the way to the next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import streamlit as st

from core.config import settings
from core.errors import CaseError
from core.tasks import TaskSpec, load_tasks
from core.workflows.adding_cases import PRIORITIES
from core.workflows.case_history import told_history
from core.workflows.case_views import CaseView
from core.workflows.cases import (
    CaseFile,
    case_file,
    case_image,
    priors,
    show_context,
    worklist_query,
)
from core.workflows.drafts import Draft, find_draft, keep_draft
from core.workflows.duties import Duty, Work, duty_of
from core.workflows.second_reads import has_seen_answer, note_answer_shown, open_blind
from pages._shared import case_report, facts, notices, reader, resources, state, style, worklist
from pages._shared.reading import Beside, show_reading
from pages._shared.state import Study

ADDRESS = "case"
# What is to be done, and what is kept back meanwhile.
_WORKS = {
    Work.READ_FIRST: ("Read first", "The model's answer is shown after your verdict."),
    Work.READ: ("", ""),
    Work.READ_BLIND: ("Second read, blind", "The answer and the first read are kept back."),
    Work.ADJUDICATE: ("Adjudication", "The model's answer is kept back until you have decided."),
    Work.LOOK: ("", ""),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as one reader opened it: what was recorded then decides what a verdict is based on.

    ``act`` is the key of the verdict that may come of it: made once, so that a second click is the
    same act. ``is_correcting`` once the reader takes up a recorded verdict again.
    """

    case_id: str
    reader: str
    act: str
    duty: Duty
    is_correcting: bool = False


def found_case(task: TaskSpec) -> CaseFile | None:
    """Return the case that the address names; None where it names none, or one that is not there.

    Raises
    ------
    CaseError
        If the case's task is not there any more.
    """
    asked = st.query_params.get(ADDRESS)
    if not asked:
        return None
    try:
        found = case_file(asked)
    except CaseError as error:  # its remedy is for the command line; here the worklist is one click
        style.notice("error", error.problem, "")
        return None
    if found.case.task != task.key:
        if found.case.task not in load_tasks():
            raise CaseError(
                f"This case belongs to the task {found.case.task}, which is not there any more.",
                remedy="Put its task file back.",
            )
        st.query_params["task"] = found.case.task
        st.rerun()
    return found


def opened_by(found: CaseFile, who: str) -> Opened:
    """Return the case as this reader opened it; that it was opened for a blind read is recorded.

    Raises
    ------
    PersistenceError
        If that was not stored: then nothing is shown.
    """
    kept: Opened | None = st.session_state.get(state.CASE_OPENED)
    if kept is not None and (kept.case_id, kept.reader) == (found.case.case_id, who):
        return kept
    case_id, seen = found.case.case_id, has_seen_answer(found.case.case_id, reader=who)
    duty = duty_of(found, who, read_first=settings().read_first, has_seen=seen)
    if duty.work is Work.READ and duty.first is None and who and not seen:
        with notices.told_later(state.CASE_SAID):
            note_answer_shown(case_id, reader=who)
    if kept is None or kept.case_id != case_id:
        st.session_state.pop(state.CASE_CONTEXT, None)  # hidden again once the case was left
    elif not kept.reader and kept.duty.work is duty.work is not Work.ADJUDICATE:
        _name_draft(kept, who)
    if duty.work is Work.READ_BLIND and who:
        open_blind(case_id, reader=who)
    opened = Opened(case_id, who, uuid.uuid4().hex, duty)
    st.session_state[state.CASE_OPENED] = opened
    return opened


def said_in(act: str) -> Draft:
    """Return what stands in the form of a verdict."""
    verdict, confidence, comment = (
        st.session_state.get(state.form_key(name, act))
        for name in ("verdict", "confidence", "comment")
    )
    return Draft(verdict, confidence, str(comment or ""))


def _name_draft(opened: Opened, who: str) -> None:
    """Keep what was said before anybody said who they are as the draft of who they turn out to be.

    It may come on top of an older draft of theirs, of which the parts not said anew stay.
    """
    said = said_in(opened.act)
    if said.is_empty:
        return
    with notices.told_later(state.CASE_SAID):
        older = find_draft(who, opened.case_id)
        draft = Draft(
            said.verdict or older.verdict,
            said.confidence or older.confidence,
            said.comment or older.comment,
        )
        keep_draft(who, opened.case_id, draft)


def open_again() -> None:
    """Open the case anew, with what was recorded meanwhile; the draft is kept."""
    st.session_state.pop(state.CASE_OPENED, None)
    st.session_state.pop(state.CASE_SAID, None)


def take_up(opened: Opened) -> None:
    """Open the form for a verdict on a case that has one: a new act."""
    duty = replace(opened.duty, work=Work.READ)
    st.session_state[state.CASE_OPENED] = replace(
        opened, act=uuid.uuid4().hex, duty=duty, is_correcting=opened.duty.own is not None
    )


def show_nothing_open(task: TaskSpec) -> None:
    """Show what the page is for, where the address names no case."""
    style.notice("empty", "No case is open", "Choose one on the worklist.")
    st.page_link(
        "pages/worklist.py", label="Worklist", icon=":material/list:",
        query_params={"task": task.key},
    )  # fmt: skip


def show_bar(found: CaseFile, opened: Opened, task: TaskSpec) -> None:
    """Show where the case stands and the way to the worklist, the next and the previous case."""
    left, right = st.columns([60, 40], gap="small", vertical_alignment="center")
    with left:
        _show_line(found, opened)
    with right, st.container(
        horizontal=True, gap="xsmall", vertical_alignment="center",
        horizontal_alignment="right", key="case_turn",
    ):  # fmt: skip
        st.page_link(
            "pages/worklist.py", label="Worklist", icon=":material/list:",
            query_params={"task": task.key},
        )  # fmt: skip
        for label, icon, by, key in (
            ("Previous", ":material/chevron_left:", -1, "P"),
            ("Next", ":material/chevron_right:", 1, "N"),
        ):
            st.button(
                label, key=f"case.turn.{key}", icon=icon, shortcut=key, on_click=_turn,
                args=(found.case, by), help=f"{label} case of the worklist",
            )  # fmt: skip
    end = st.session_state.pop(state.CASE_END, None)
    if end:
        style.quiet(end)


def _show_line(found: CaseFile, opened: Opened) -> None:
    icon, word = style.CASE_STATES[found.state.value]
    case = found.case
    added = "" if case.added_at is None else worklist.waited(case.added_at, datetime.now(UTC))
    style.case_line(
        icon, word, found.state.value,
        (
            f"Case {case.sequence:,}",
            PRIORITIES[case.priority].capitalize(),
            f"added {added} ago" if added and added != "just now" else f"added {added}",
            _WORKS[opened.duty.work][0],
        ),
    )  # fmt: skip


def show_kept_back(opened: Opened) -> None:
    """Say what this reader is not shown yet, and why there is less on the page."""
    sentence = _WORKS[opened.duty.work][1]
    if sentence:
        style.quiet(sentence)


def _turn(case: object, by: int) -> None:
    """Go to the next or previous case in the order of the worklist that was left behind."""
    case_id, task_key = case.case_id, case.task  # type: ignore[attr-defined]
    kept: worklist.WorkList | None = st.session_state.get(state.WORK_LIST)
    if kept is None or kept.query.task != task_key:
        kept = worklist.read_list(worklist_query(task=task_key, rows=worklist.ROWS))
    there, kept = kept.neighbour(case_id, by)
    st.session_state[state.WORK_LIST] = kept
    if there is None:
        last = "last" if by > 0 else "first"
        st.session_state[state.CASE_END] = f"This is the {last} case of the list."
        return
    st.session_state[state.WORK_AFTER] = there
    st.session_state.pop(state.CASE_SAID, None)
    st.query_params[ADDRESS] = there


def show_picture(found: CaseFile, view: CaseView, task: TaskSpec) -> None:
    """Show the picture with its map, or beside a prior of the same patient."""
    case = found.case
    study = Study(key=f"case.{case.case_id}", name="", data=b"", sha256=case.picture_sha256)
    with st.container(key="file_name", horizontal=True, vertical_alignment="center", gap="small"):
        beside = _ask_prior(found)
        if view.answer.image is not None:
            with st.popover("File facts", icon=":material/info:"):
                style.facts(facts.file_facts(view.answer.image))
                style.sentences(view.answer.image.notes)
        _show_context(found)
    show_reading(study, view.answer, task, beside)
    if view.no_maps:
        style.quiet(view.no_maps)


def _ask_prior(found: CaseFile) -> Beside | None:
    others = {item.case_id: item for item in priors(found.case)}
    if not others:
        style.quiet("No prior: no other case has this pseudonym.")
        return None
    titles = {
        key: f"Prior {number}: added {item.added_at:%d %b %Y, %H:%M}"
        for number, (key, item) in enumerate(others.items(), start=1)
    }
    key = state.prior_key(found.case.case_id)
    chosen = st.selectbox(
        "Compare with a prior", list(others), None, key=key, format_func=titles.get,
        placeholder=f"Compare with a prior ({len(others):,})", label_visibility="collapsed",
        width=300,
    )  # fmt: skip
    if chosen is None:
        return None
    image = case_image(others[chosen])
    return Beside(image, f"{titles[chosen]} (fitted to the same frame)")


def _show_context(found: CaseFile) -> None:
    """Show that patient context is hidden; showing it is recorded first."""
    case_id, who = found.case.case_id, reader.name()
    shown = st.session_state.get(state.CASE_CONTEXT)
    if shown is not None and shown[:2] == (case_id, who):
        context = shown[2]
        st.text(
            f"Pseudonym {context['pseudonym']} · study date {context['study_date'] or 'not given'}"
        )
        return
    st.button(
        "Show patient context", key="case.show_context", icon=":material/visibility:",
        type="tertiary", on_click=_take_context, args=(case_id,), disabled=not who,
        help="Pseudonym and study date. That they were shown, and to whom, is recorded.",
    )  # fmt: skip


def _take_context(case_id: str) -> None:
    who = reader.name()
    with notices.told_later(state.CASE_SAID):
        st.session_state[state.CASE_CONTEXT] = (case_id, who, show_context(case_id, who=who))


def show_history(found: CaseFile, opened: Opened, task: TaskSpec) -> None:
    """Show who did what and when, once nothing in it could sway this reader."""
    if not (opened.duty.shows_answer and opened.duty.shows_reads):
        style.quiet("The history of this case is shown once you have decided.")
        return
    case_report.show_downloads(found)
    lines = told_history(found.case.case_id, task.key)
    with st.expander(f"History, {len(lines):,} entries", icon=":material/history:"):
        style.told([(f"{item.at:%d %b %Y, %H:%M} UTC", item.who, item.what) for item in lines])


def view_of(found: CaseFile, opened: Opened) -> CaseView:
    """Return what is shown of the case to this reader."""
    is_blind = not opened.duty.shows_answer
    return resources.case_view(found.case.case_id, len(found.answers), is_blind, _found=found)
