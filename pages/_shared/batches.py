"""Pictures become cases: what is said of them, the hand-over, and how far each batch is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import streamlit as st

from core.config import settings
from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.adding_cases import PRIORITIES, CaseFacts
from core.workflows.batches import MAX_FILES, Batch, batch_desk
from pages._shared import answers, notices, reader, state, style
from pages._shared.uploads import most_megabytes
from pages._shared.viewer import shortened

POLL_SECONDS = 1.0
_NAME = 60
_WORDS = {
    "added": ("✓", "added"),
    "duplicate": ("≡", "already there"),
    "refused": ("⊘", "refused, waits for a person"),
    "error": ("✕", "unreadable"),
}


def show_adding(task: TaskSpec, *, expanded: bool) -> None:
    """Show the files' drop with what is said of them, and hand them to the background."""
    with st.expander("Add pictures", icon=":material/library_add:", expanded=expanded):
        uploads = st.file_uploader(
            "Pictures", accept_multiple_files=True,
            max_upload_size=most_megabytes(settings().max_upload_mb),
            key=state.case_uploader_key(), label_visibility="collapsed",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.text_input(
                "Pseudonym", key=state.WORK_PSEUDONYM, max_chars=80, width=200,
                placeholder="never a name",
                help="Of the patient whom all these pictures show; leave it empty where they "
                "show several. It is kept back on the page of a case.",
            )  # fmt: skip
            st.date_input(
                "Study date", None, key=state.WORK_DATE, format="YYYY-MM-DD", width=150,
                min_value=date(1900, 1, 1), max_value=date(2200, 1, 1),
            )  # fmt: skip
            st.selectbox(
                "Priority", list(range(len(PRIORITIES))), key=state.WORK_PRIORITY, width=130,
                format_func=lambda number: PRIORITIES[number].capitalize(),
            )  # fmt: skip
            st.toggle("They already carry the recipe's steps", key=state.WORK_CARRIED)
            n = len(uploads)
            st.button(
                f"Add {n:,} pictures" if n != 1 else "Add 1 picture", key="worklist.add",
                type="primary", disabled=not n, on_click=_add, args=(task, uploads),
            )  # fmt: skip
        style.quiet(
            f"Up to {MAX_FILES} files at a time. Neither file name nor patient data are stored: "
            "pixels and what the model says of them."
        )
        problem = st.session_state.get(state.WORK_PROBLEM)
        if problem is not None:
            notices.failure(problem)


def facts_said(task: TaskSpec) -> CaseFacts:
    """Return what stands in the fields, said by the reader."""
    said = st.session_state
    study_date = said.get(state.WORK_DATE)
    carries = bool(said.get(state.WORK_CARRIED))
    return CaseFacts(
        by=reader.name(),
        pseudonym=str(said.get(state.WORK_PSEUDONYM) or "").strip() or None,
        study_date=study_date.isoformat() if isinstance(study_date, date) else None,
        priority=int(said.get(state.WORK_PRIORITY) or 0),
        already_applied=answers.steps_of(task) if carries else (),
    )


def _add(task: TaskSpec, uploads: list[state.Upload]) -> None:
    """Hand the files over; the drop is emptied, so that their bytes are let go."""
    st.session_state[state.WORK_PROBLEM] = None
    try:
        files = [(upload.name, upload.getvalue()) for upload in uploads]
        batch_desk().start(task.key, files, said=facts_said(task))
    except CoreError as error:
        st.session_state[state.WORK_PROBLEM] = error
        return
    st.session_state[state.WORK_ADD_ROUND] = st.session_state.get(state.WORK_ADD_ROUND, 0) + 1


def show_outcomes(task: TaskSpec) -> list[str]:
    """Show what became of the reader's batches of a task; return those that still run."""
    desk, running = batch_desk(), []
    for batch in desk.of_reader(reader.name()):
        if batch.task == task.key and desk.progress(batch) is not None:
            running.append(batch.batch_id)
        elif batch.task == task.key:
            _show_outcome(batch)
    return running


def show_interrupted(task: TaskSpec) -> None:
    """Say which of the reader's batches a server left unfinished, and what to do with them."""
    desk = batch_desk()
    for journal in desk.interrupted(reader.name()):
        if journal.task != task.key:
            continue
        left, at = journal.n - journal.n_done, datetime.fromtimestamp(journal.begun_at, UTC)
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small",
            key=f"batch_{journal.batch_id}",
        ):  # fmt: skip
            style.quiet(
                f"The server ended during your batch of {journal.n:,} files "
                f"({at:%d %b %Y, %H:%M} UTC): {_told(journal.counts)}; {left:,} are not added. "
                "Add the same files again: what is a case already is recognised by its pixels."
            )
            st.button(
                "Clear", key=f"batch.forget.{journal.batch_id}", type="tertiary",
                on_click=desk.forget_interrupted, args=(journal,),
            )  # fmt: skip


def _told(counts: Mapping[str, int]) -> str:
    said = [
        f"{icon} {counts[status]:,} {word}"
        for status, (icon, word) in _WORDS.items()
        if counts.get(status)
    ]
    return " · ".join(said) or "nothing was added"


def show_running(batch_ids: list[str]) -> None:
    """Watch batches by a timer of their own; one that ended meanwhile runs the page again."""
    if batch_ids:
        _watch(batch_ids)


@st.fragment(run_every=POLL_SECONDS)
def _watch(batch_ids: list[str]) -> None:
    desk = batch_desk()
    running = [
        (batch, progress)
        for batch in desk.of_reader(reader.name())
        if batch.batch_id in batch_ids and (progress := desk.progress(batch)) is not None
    ]
    if len(running) < len(batch_ids):
        st.rerun()  # one is over: the list has new lines
    for batch, progress in running:
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"batch_{batch.batch_id}"
        ):
            done = len(batch.outcomes)
            words = f"Adding cases: {done:,} of {batch.n:,}"
            if progress.words:
                words += f" · {progress.words}"
            if progress.seconds_left is not None:
                words += f", about {max(round(progress.seconds_left), 1)} s left"
            st.progress(done / batch.n, text=words)
            st.button(
                "Stop", key=f"batch.stop.{batch.batch_id}", icon=":material/stop_circle:",
                on_click=desk.cancel, args=(batch,),
            )  # fmt: skip
            if st.button("Show new lines", key=f"batch.refresh.{batch.batch_id}", type="tertiary"):
                st.rerun()


def _show_outcome(batch: Batch) -> None:
    """Show what became of a batch that is over, and what is left of one that is not."""
    desk = batch_desk()
    failure = desk.failure(batch)
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"batch_{batch.batch_id}"
    ):
        style.quiet(f"Batch of {batch.n:,}: {_told(batch.counts)}")
        if failure is not None:
            left = batch.n - len(batch.outcomes)
            style.quiet(f"{failure.problem} {left:,} are left. {failure.remedy}")
            st.button(
                f"Go on with the {left:,} left", key=f"batch.again.{batch.batch_id}",
                icon=":material/replay:", on_click=desk.go_on, args=(batch,),
            )  # fmt: skip
        st.button(
            "Clear", key=f"batch.forget.{batch.batch_id}", type="tertiary",
            on_click=desk.forget, args=(batch,),
        )  # fmt: skip
    _show_told(batch)


def _show_told(batch: Batch) -> None:
    rows = [
        {
            "File": shortened(item.file, _NAME),
            "What became of it": " ".join(_WORDS[item.status]),
            "Case": item.case_id or "none",
            "Why": item.reason or "",
        }
        for item in batch.outcomes
        if item.status != "added"
    ]
    if not rows:
        return
    with st.expander(f"What was not added, or not answered: {len(rows):,} of {batch.n:,} files"):
        st.dataframe(
            rows,
            hide_index=True,
            key=f"batch.told.{batch.batch_id}",
            height=min(38 * len(rows) + 40, 320),
        )
