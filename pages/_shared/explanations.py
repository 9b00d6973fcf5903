"""The board of Explanations: what is asked for, what is there, what is still being worked out.

Everything stands in one fragment: a slider paints the maps anew and nothing else. What takes long
is the desk's work; a small fragment of its own tells how far it is, and runs the page again
whenever something new is there.
"""

from __future__ import annotations

import streamlit as st

from core.domain import Answer
from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.background_desk import BackgroundDesk, Failure, Progress
from core.workflows.explanation_trust import TrustKey, known_trust, trust_jobs
from core.workflows.explanations import (
    ClassMap,
    MapKey,
    Subject,
    can_be_explained,
    map_jobs,
    open_subject,
)
from pages._shared import (
    answers,
    explanation_cells,
    explanation_controls,
    explanation_trust,
    facts,
    lightbox,
    maps,
    notices,
    resources,
    state,
    style,
    verdict,
)
from pages._shared.explanation_controls import Asked
from pages._shared.state import Study
from pages._shared.version_state import VersionState

AT_ONCE_SECONDS = 4.0
POLL_SECONDS = 0.7
_PROMISES = (
    (
        "Several methods, any class",
        "The same picture under Grad-CAM and a dozen others, the called class beside any other, "
        "at one scale with one zoom.",
    ),
    (
        "A measured reason to believe, or not",
        "Each map is held against the same map laid at random: does the score fall faster when "
        "the marked places are taken away?",
    ),
    ("What it is not", "A map shows where the score is sensitive, not where disease is."),
)


def nothing_open(task: TaskSpec) -> None:
    """Show what the page does, before there is a picture."""
    style.promises(_PROMISES)
    notices.offer_cases(task)


def subject_of(
    study: Study, answer: Answer, task: TaskSpec, version: VersionState
) -> Subject | None:
    """Return the picture ready for every method; None where it cannot, or shall not, be shown.

    A picture that the gate refuses is explained when a person asks for it.

    Raises
    ------
    ModelVersionError
        If the version cannot be run.
    """
    if not can_be_explained(answer):
        return None
    if answer.prediction is None and not state.remembered(state.EXPLAIN_REFUSED, study, False):
        return None
    return open_subject(
        answer, task=task.key, class_names=task.class_names, digest=str(version.digest)
    )


def show_no_maps(study: Study, answer: Answer, task: TaskSpec) -> None:
    """Say why there are no maps, and offer those of a refused picture."""
    facts.show_name(study, answer)
    verdict.show_refusal(study, answer)
    if can_be_explained(answer):
        st.button(
            "Show maps all the same",
            key=state.widget_key("explain.anyway", study),
            icon=":material/visibility:",
            on_click=state.remember,
            args=(state.EXPLAIN_REFUSED, study, True),
            help="For whoever examines the model. They are no answer for this picture.",
        )
    if answer.seen is not None or answers.carries_recipe(study):
        verdict.show_carried_switch(study, task)


def show_board(study: Study, subject: Subject, answer: Answer, task: TaskSpec) -> None:
    """Show the grid of maps with its controls."""
    _show_board(study, subject, answer, task, drawn=state.looked_at())


@st.fragment
def _show_board(
    study: Study, subject: Subject, answer: Answer, task: TaskSpec, *, drawn: tuple[object, ...]
) -> None:
    lightbox.follow_clicks(drawn)
    desk = resources.map_desk()
    left, right = st.columns([79, 21], gap="medium")
    try:
        with right:
            asked = explanation_controls.show_controls(study, subject, task)
        keys = wanted_keys(subject, asked)
        _ask(desk, subject, asked, keys)
        with left:
            facts.show_name(study, answer)
            _show_grid(study, subject, task, asked, desk)
    except CoreError as error:
        with left:
            notices.failure(error)


def wanted_keys(subject: Subject, asked: Asked) -> list[MapKey]:
    """Return the maps of the grid; one that is the same for every class is asked for once."""
    return [
        MapKey(subject.key, spec.key, name)
        for number, name in enumerate(asked.classes)
        for spec in asked.methods
        if spec.is_class_specific or not number
    ]


def _ask(desk: BackgroundDesk, subject: Subject, asked: Asked, keys: list[MapKey]) -> None:
    """Have the desk fill in what is missing: maps first, then what speaks for and against them."""
    quick = {spec.key for spec in asked.methods if spec.is_quick}
    wanted = [*keys, *(TrustKey.of(key) for key in keys)]
    desk.ask(state.EXPLANATIONS, _jobs(desk, subject, keys), wanted=wanted)
    desk.wait([key for key in keys if key.method in quick], AT_ONCE_SECONDS)
    desk.ask(state.EXPLANATIONS, _jobs(desk, subject, keys), wanted=wanted)


def _jobs(desk: BackgroundDesk, subject: Subject, keys: list[MapKey]) -> list:
    found = [item for item in map(desk.found, keys) if isinstance(item, ClassMap)]
    return [*map_jobs(subject, keys, desk), *trust_jobs(subject, found, desk)]


def _show_grid(
    study: Study, subject: Subject, task: TaskSpec, asked: Asked, desk: BackgroundDesk
) -> None:
    known = known_trust(subject, desk)
    keys, drawn = wanted_keys(subject, asked), desk.revision
    measured = explanation_trust.measured_maps(desk, keys)
    if subject.refusal is not None:
        style.verdict(
            "refused",
            "Outside what this model was trained on: no answer",
            verdict.reason_said(subject.refusal),
        )
    words, working = st.columns([58, 42], gap="medium")
    with words, st.container(key="explain_words"):
        explanation_trust.show_sentences(desk, keys, asked, task)
    with st.container(key="explain_grid"):
        grid = explanation_cells.Grid(subject, task, asked, desk, failing=known.failing)
        maps.show_maps(
            f"{study.key}.{subject.key}",
            subject.image,
            grid.heads(),
            grid.cells(),
            size=subject.drawn_size,
        )
    explanation_trust.show_details(measured, asked, task, known.lines)
    # Last of all: its timer asks the server for another run, and one that is asked for while this
    # run still paints is taken for a newer wish than the click on another page before it.
    with working:
        _show_work(desk, keys, drawn)


def _show_work(desk: BackgroundDesk, keys: list[MapKey], drawn: int) -> None:
    """Show what is worked out, or offer again what was stopped or failed."""
    failed = [key for key in keys if _can_start_again(desk, key)]
    if desk.progress(state.EXPLANATIONS) is not None:
        _show_progress(drawn)
    elif failed:
        _offer_again(desk, failed)


def _can_start_again(desk: BackgroundDesk, key: MapKey) -> bool:
    return any(isinstance(desk.found(item), Failure) for item in (key, TrustKey.of(key)))


def _offer_again(desk: BackgroundDesk, keys: list[MapKey]) -> None:
    st.button(
        "Start again what is missing",
        key="explain.again",
        icon=":material/replay:",
        on_click=desk.forget_failures,
        args=([*keys, *(TrustKey.of(key) for key in keys)],),
    )


@st.fragment(run_every=POLL_SECONDS)
def _show_progress(drawn: int) -> None:
    """Show how far the desk is; run the page again when there is something new to paint."""
    desk = resources.map_desk()
    progress = desk.progress(state.EXPLANATIONS)
    if progress is None or desk.revision != drawn:
        st.rerun()
    with st.container(key="explain_progress", horizontal=True, vertical_alignment="center"):
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(min(share, 1.0), text=progress_said(progress))
        st.button(
            "Stop",
            key="explain.stop",
            icon=":material/stop_circle:",
            on_click=desk.cancel,
            args=(state.EXPLANATIONS,),
        )


def progress_said(progress: Progress) -> str:
    """Return what is worked out now, in words.

    >>> progress_said(Progress("RISE", 96, 1000, "", 18.4, 2))
    'RISE: 96 of 1,000, about 18 s left, then 2 more'
    """
    said = progress.title
    if progress.words:
        said += f": {progress.words}"
    elif progress.total:
        said += f": {progress.done:,} of {progress.total:,}"
    if progress.seconds_left is not None:
        said += f", about {max(round(progress.seconds_left), 1)} s left"
    return said + (f", then {progress.n_waiting} more" if progress.n_waiting else "")
