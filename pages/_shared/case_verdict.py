"""The form of a verdict: a class, how sure, a comment; kept as a draft until it is saved."""

from __future__ import annotations

import functools
import hashlib

import streamlit as st

from core.domain import Answer
from core.errors import ConflictError, CoreError, PersistenceError
from core.tasks import TaskSpec
from core.workflows.case_history import title_of
from core.workflows.cases import NOT_ASSESSABLE, CaseFile, CaseRead, Stage
from core.workflows.drafts import Draft, find_draft, forget_draft, keep_draft
from core.workflows.duties import Work
from core.workflows.verdicts import MAX_TEXT, Verdict, record_verdict
from pages._shared import keeper, notices, reader, state, style
from pages._shared.case import Opened, open_again, said_in, take_up

CONFIDENCES = (0.5, 0.75, 0.9, 0.99)
_FIELD = "case_comment"
_STAGES = {
    Stage.BEFORE_REVEAL: "before the answer was shown",
    Stage.WITH_AI: "with the answer shown",
    Stage.SECOND_BLIND: "second read, blind",
}


@st.fragment
def show_form(found: CaseFile, opened: Opened, task: TaskSpec, answer: Answer) -> None:
    """Show the form of a verdict; whatever becomes of saving it, what was said stays in it."""
    if st.session_state.get(state.CASE_OPENED) is not opened:
        st.rerun()  # saved, or opened again: the whole page has changed
    draft = _settle_fields(opened)
    style.kicker(_heading(opened, task))
    if opened.is_correcting and opened.duty.own is not None:
        style.quiet(f"Corrects your verdict {_said(opened.duty.own, task)}. Both are kept.")
    with st.container(horizontal=True, gap="small", key="case_quick"):
        _show_quick(found, opened, task, answer)
    options = [item.key for item in task.classes] + [NOT_ASSESSABLE]
    st.segmented_control(
        "Class", options, key=_key("verdict", opened), label_visibility="collapsed",
        format_func=lambda name: title_of(task.key, name), on_change=_keep, args=(opened,),
    )  # fmt: skip
    st.segmented_control(
        "How sure", list(CONFIDENCES), key=_key("confidence", opened),
        format_func=lambda share: f"{share:.0%} sure".replace("%", " %"), on_change=_keep,
        args=(opened,), label_visibility="collapsed",
    )  # fmt: skip
    with st.container(key=_FIELD):
        st.text_area(
            "Comment", key=_key("comment", opened), max_chars=MAX_TEXT, height=84,
            placeholder="What you see (optional)", label_visibility="collapsed",
            on_change=_keep, args=(opened,),
        )  # fmt: skip
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Save verdict", key=_key("save", opened), type="primary", on_click=save,
            args=(found, opened), shortcut="Shift+S",
        )  # fmt: skip
        if not draft.is_empty:
            style.quiet("A draft is kept until you save.")
    show_said(opened)


def _heading(opened: Opened, task: TaskSpec) -> str:
    duty = opened.duty
    if duty.stage is Stage.WITH_AI and duty.first is not None and duty.own is None:
        first = title_of(task.key, duty.first.verdict)
        return f"Your verdict, now with the answer (before it: {first})"
    return {Work.READ_BLIND: "Your second read", Work.READ_FIRST: "Your verdict, first"}.get(
        duty.work, "Your verdict"
    )


def _show_quick(found: CaseFile, opened: Opened, task: TaskSpec, answer: Answer) -> None:
    """Show one click to agree with the answer, and one to keep what was said before it."""
    duty, prediction = opened.duty, answer.prediction
    called = prediction.predicted if duty.shows_answer and prediction is not None else None
    first = duty.first.verdict if duty.first is not None and duty.own is None else None
    if called is not None:
        st.button(
            f"Agree: {title_of(task.key, called)}", key=_key("agree", opened), shortcut="Shift+A",
            icon=":material/check:", on_click=save, args=(found, opened, called),
        )  # fmt: skip
    if duty.shows_answer and first is not None and first != called:
        st.button(
            f"Keep: {title_of(task.key, first)}", key=_key("keep", opened),
            icon=":material/undo:", on_click=save, args=(found, opened, first),
        )  # fmt: skip


def _settle_fields(opened: Opened) -> Draft:
    """Fill the fields of a new form with the draft, or with the verdict that is corrected."""
    if _key("comment", opened) not in st.session_state:
        draft = find_draft(opened.reader, opened.case_id) if opened.reader else Draft()
        own = opened.duty.own
        if draft.is_empty and opened.is_correcting and own is not None:
            draft = Draft(own.verdict, own.confidence, own.comment)
        st.session_state[_key("verdict", opened)] = draft.verdict
        sure = draft.confidence if draft.confidence in CONFIDENCES else None
        st.session_state[_key("confidence", opened)] = sure
        st.session_state[_key("comment", opened)] = draft.comment
    comment = str(st.session_state[_key("comment", opened)] or "")
    keeper.keep(
        _draft_name(opened), field=_FIELD, text=comment, hands_on=True,
        on_found=functools.partial(_take_back, opened),
    )  # fmt: skip
    return said_in(opened.act)


def _take_back(opened: Opened, kept: str) -> None:
    """Fill the comment with what was typed after the server had last heard of it."""
    if len(kept) > len(str(st.session_state.get(_key("comment", opened)) or "")):
        st.session_state[_key("comment", opened)] = kept[:MAX_TEXT]
        _keep(opened)


def _key(field: str, opened: Opened) -> str:
    return state.form_key(field, opened.act)


def _draft_name(opened: Opened) -> str:
    digest = hashlib.sha256(f"{opened.reader}\n{opened.case_id}".encode()).hexdigest()
    return f"draft.{digest[:16]}"


def _keep(opened: Opened) -> None:
    """Keep the draft on the server; without a name there is nobody to keep it for."""
    if not opened.reader:
        return
    with notices.told_later(state.CASE_SAID):
        keep_draft(opened.reader, opened.case_id, said_in(opened.act))


def save(found: CaseFile, opened: Opened, verdict: str | None = None) -> None:
    """Record what stands in the form, or one class at a click; a failure is kept for the page."""
    saved: set[str] = st.session_state.setdefault(state.CASE_SAVED, set())
    if opened.act in saved:
        return  # the second click of one act
    draft, who = said_in(opened.act), reader.name()
    chosen = verdict or draft.verdict
    st.session_state[state.CASE_SAID] = None
    if chosen is None or not who:
        missing = "Choose a class." if chosen is None else "Say who you are, at the top."
        st.session_state[state.CASE_SAID] = PersistenceError("Not saved yet.", remedy=missing)
        return
    try:
        record_verdict(
            Verdict(
                case_id=opened.case_id,
                reader=who,
                verdict=chosen,
                key=opened.act,
                confidence=draft.confidence,
                comment=draft.comment,
                stage=opened.duty.stage,
                shown=_on_screen(opened),
            ),
            based_on=opened.duty.seen,
        )
    except CoreError as error:
        st.session_state[state.CASE_SAID] = error
        return
    saved.add(opened.act)
    forget_draft(who, opened.case_id)
    st.session_state.pop(state.CASE_OPENED, None)


def _on_screen(opened: Opened) -> dict[str, object]:
    """Return what else was on the screen: a prior, patient context, the strength of the map."""
    context = st.session_state.get(state.CASE_CONTEXT)
    return {
        "prior": st.session_state.get(state.prior_key(opened.case_id)),
        "patient_context": context is not None and context[0] == opened.case_id,
        "map_opacity": st.session_state.get(state.OPACITY) if opened.duty.shows_answer else None,
    }


def show_said(opened: Opened) -> None:
    """Show why nothing was saved; who was overtaken by another reader opens the case again."""
    error = st.session_state.get(state.CASE_SAID)
    if error is None:
        return
    notices.failure(error)
    if isinstance(error, ConflictError) and st.button(
        "Open the case again", key=_key("again", opened), icon=":material/refresh:",
        on_click=open_again,
    ):  # fmt: skip
        st.rerun()


def show_recorded(found: CaseFile, opened: Opened, task: TaskSpec) -> None:
    """Show what is recorded of a case, and the way to a verdict of one's own or to a correction."""
    own = opened.duty.own
    keeper.keep(_draft_name(opened), field="none", text="", forget=own is not None)
    for decided in found.consensus[-1:]:
        style.read_card(
            "Consensus, the reference standard", title_of(task.key, decided.verdict),
            _colour(task, decided.verdict),
            (f"{decided.adjudicator}, {decided.decided_at:%d %b %Y, %H:%M} UTC",),
            decided.comment,
        )  # fmt: skip
    final = [read for read in found.in_force.values()]
    for read in sorted(final, key=lambda item: item.sequence or 0):
        show_read(read, task, is_own=own is not None and read.reader == own.reader)
    st.button(
        "Give a verdict of your own" if own is None else "Correct your verdict",
        key=_key("take_up", opened), icon=":material/edit:", on_click=take_up, args=(opened,),
        disabled=not opened.reader,
    )  # fmt: skip


def show_read(read: CaseRead, task: TaskSpec, *, is_own: bool) -> None:
    """Show one read as a card."""
    lines = [f"{read.read_at:%d %b %Y, %H:%M} UTC, {_STAGES[read.stage]}"]
    if read.confidence is not None:
        lines.append(f"{read.confidence * 100:.0f} % sure")
    if read.corrects is not None:
        lines.append("Corrects an earlier verdict, which is kept in the history")
    title = f"{read.reader} (you)" if is_own else read.reader
    style.read_card(
        title, title_of(task.key, read.verdict), _colour(task, read.verdict), lines, read.comment
    )


def _colour(task: TaskSpec, verdict: str) -> str:
    return task.class_spec(verdict).colour if verdict in task.class_names else ""


def _said(read: CaseRead, task: TaskSpec) -> str:
    return f"{title_of(task.key, read.verdict)} of {read.read_at:%d %b %Y, %H:%M} UTC"
