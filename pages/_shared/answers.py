"""From a picture on the light box to its answer, and what the strip says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.domain import Answer, Status
from core.tasks import TaskSpec
from core.workflows.downloads import answer_row
from pages._shared import markup, pictures, resources, state, style
from pages._shared.state import Study
from pages._shared.version_state import VersionState
from pages._shared.viewer import StripItem


@dataclass(frozen=True, slots=True)
class Outcome:
    """What strip and table keep of an answer; small, so that two hundred pictures stay cheap."""

    status: str
    predicted: str | None
    probability: float | None
    thumb: str | None
    row: dict[str, Any]


def carries_recipe(study: Study) -> bool:
    """Whether the person said that the picture already carries the recipe's steps."""
    return bool(state.remembered(state.CARRIED, study, False))


def steps_of(task: TaskSpec) -> tuple[str, ...]:
    """Return the names of the recipe's steps."""
    return tuple(step.step for step in task.recipe)


def frame_of(study: Study) -> int | None:
    """Return the frame that the person chose, or None."""
    frame = state.remembered(state.FRAMES, study, None)
    return frame if isinstance(frame, int) else None


def answer_of(
    study: Study,
    task: TaskSpec,
    version: VersionState,
    make: Callable[[], Answer] | None = None,
) -> Answer:
    """Return the answer for a picture with the choices made for it; one inference for each.

    ``make`` gives that answer where somebody else has worked it out.
    """
    carried = steps_of(task) if carries_recipe(study) else study.already_applied
    frame = frame_of(study)

    def analysed() -> Answer:
        from core.workflows.analyse import analyse_bytes

        return analyse_bytes(
            study.data,
            task=task.key,
            version=str(version.name),
            frame=frame,
            already_applied=carried,
        )

    return resources.answer(
        study.sha256,
        str(version.digest),
        frame,
        carried,
        task.key,
        version.points.key,
        _make=make or analysed,
    )


def _outcome_key(study: Study, task: TaskSpec, version: VersionState) -> tuple[object, ...]:
    return (
        study.key, task.key, version.digest, frame_of(study), carries_recipe(study),
        version.points.key,
    )  # fmt: skip


def outcome_of(study: Study, task: TaskSpec, version: VersionState) -> Outcome:
    """Return what the strip says of a picture, answering it when that was not done yet."""
    table: dict[tuple[object, ...], Outcome] = st.session_state.setdefault(state.OUTCOMES, {})
    key = _outcome_key(study, task, version)
    if key not in table:
        table[key] = _outcome(study, answer_of(study, task, version), task)
    return table[key]


def status_of(study: Study, answer: Answer) -> str:
    """Return ok, refused, error, or choose: readable, once a frame is chosen."""
    if answer.image is None and resources.n_frames(study.sha256, _data=study.data) > 1:
        return "choose"
    return answer.status.value


def _outcome(study: Study, answer: Answer, task: TaskSpec) -> Outcome:
    thumb = None if answer.image is None else pictures.thumbnail(answer.image)
    row = answer_row(answer, name=study.name, sha256=study.sha256, class_names=task.class_names)
    if answer.status is not Status.OK or answer.prediction is None:
        return Outcome(status_of(study, answer), None, None, thumb, row)
    predicted = answer.prediction.predicted
    return Outcome("ok", predicted, answer.prediction.probabilities[predicted], thumb, row)


def strip_items(
    all_studies: Sequence[Study], task: TaskSpec, version: VersionState
) -> list[StripItem]:
    """Return the strip: every picture with its state; long work shows how far it is."""
    bar = None
    items = []
    for number, study in enumerate(all_studies, start=1):
        waiting = _outcome_key(study, task, version) not in st.session_state.get(state.OUTCOMES, {})
        if waiting and len(all_studies) > 3:
            bar = bar or st.progress(0.0)
            bar.progress(number / len(all_studies), f"Reading {number} of {len(all_studies)}")
        items.append(_item(study, task, outcome_of(study, task, version)))
    if bar is not None:
        bar.empty()
    return items


def _item(study: Study, task: TaskSpec, outcome: Outcome) -> StripItem:
    icon, word = style.STATES[outcome.status]
    colour = None
    if outcome.status == "error" and outcome.thumb is not None:
        word = "No answer"  # it can be seen, but not prepared as the person said
    if outcome.predicted is not None and outcome.probability is not None:
        spec = task.class_spec(outcome.predicted)
        icon, word = "", f"{spec.title} {markup.percent(outcome.probability)}"
        colour = spec.colour
    return StripItem(study.name, outcome.status, icon, word, colour, outcome.thumb)
