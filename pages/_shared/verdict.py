"""The right column of Analyse: trust first, then probabilities, then what the model saw."""

from __future__ import annotations

import streamlit as st

from core.domain import Answer, SeenImage, Status, StudyImage
from core.tasks import TaskSpec
from pages._shared import answers, pictures, resources, state, style, worth
from pages._shared.state import Study
from pages._shared.version_state import VersionState

_REFUSED = "Outside what this model was trained on"
_UNREADABLE = "This file cannot be read"
_NOT_ANSWERED = "There is no answer for this picture"


def show_verdict(study: Study, answer: Answer, task: TaskSpec, version: VersionState) -> None:
    """Show the answer, or the refusal, which then takes the whole column."""
    if answer.status is Status.OK and answer.prediction is not None and answer.gate is not None:
        style.verdict("ok", "Inside what this model was trained on", "")
        style.gate_meter(answer.gate.distance, answer.gate.threshold)
        _show_probabilities(answer, task)
        _show_worth(answer, task, version)
    else:
        show_refusal(study, answer)
    if answer.seen is not None or answers.carries_recipe(study):
        _show_seen(study, answer.seen, task)


def show_recorded(answer: Answer, task: TaskSpec) -> None:
    """Show the answer of a case as it was recorded, or why there is none."""
    if answer.prediction is not None and answer.gate is not None:
        style.verdict("ok", "Inside what this model was trained on", "")
        style.gate_meter(answer.gate.distance, answer.gate.threshold)
        _show_probabilities(answer, task)
        return
    headline = _REFUSED if answer.status is Status.REFUSED else _NOT_ANSWERED
    style.verdict(answer.status.value, headline, reason_said(answer.reason))
    if answer.gate is not None:
        style.gate_meter(answer.gate.distance, answer.gate.threshold)
    style.quiet("There are no probabilities for this picture; it is not thereby normal.")


def _show_probabilities(answer: Answer, task: TaskSpec) -> None:
    prediction = answer.prediction
    if prediction is None:
        return
    style.kicker("Calibrated probabilities")
    rows = [
        (item.key, item.title, item.colour, prediction.probabilities[item.key])
        for item in task.classes
    ]
    flagged = prediction.flagged if prediction.thresholds else ()
    style.probability_bars(
        rows, called=prediction.predicted, ticks=prediction.thresholds, flagged=flagged
    )


def _show_worth(answer: Answer, task: TaskSpec, version: VersionState) -> None:
    """Say what the points in force find, else how often this version finds the called class."""
    prediction = answer.prediction
    if prediction is None:
        return
    points = {**version.points.signed}
    if version.points.shipped:
        measured = resources.shipped_points(
            version.digest, version.points.key, _task=task, _version=version
        )
        points |= {point.class_name: point for point in measured}
    told = worth.points_said(points, prediction, task)
    for sentence in told:
        style.quiet(sentence)
    if told or version.card is None:
        return
    called = task.class_spec(prediction.predicted)
    sentence = worth.sentence(version.card, called.key, called.title, group_name=task.group_name)
    if sentence:
        style.quiet(sentence)


def show_refusal(study: Study, answer: Answer) -> None:
    """Show why there is no answer, and let the person choose where a frame is missing."""
    status = answers.status_of(study, answer)
    if status == "choose":
        _choose_frame(study)
        return
    headline = _REFUSED if status == "refused" else _UNREADABLE
    if status == "error" and answer.image is not None:
        headline = _NOT_ANSWERED
    style.verdict(status, headline, reason_said(answer.reason))
    if answer.gate is not None:
        style.gate_meter(answer.gate.distance, answer.gate.threshold)
    others = " The other pictures are not affected." if len(state.studies()) > 1 else ""
    style.quiet(f"There are no probabilities for this file.{others}")


def reason_said(reason: str | None) -> str:
    """Return a reason as a sentence below a headline that says what happened already.

    >>> reason_said("Outside what this model was trained on: a blank picture.")
    'A blank picture.'
    """
    said = (reason or "").removeprefix(f"{_REFUSED}: ")
    return said[:1].upper() + said[1:]


def _choose_frame(study: Study) -> None:
    """Let the person choose, where a file holds several frames."""
    frames = resources.n_frames(study.sha256, _data=study.data)
    style.verdict(
        "choose", f"This file holds {frames} frames", "An answer is for one frame. Choose which."
    )
    number = st.number_input(
        f"Frame, 1 to {frames}", 1, frames, None, key=state.widget_key("first_frame", study),
        placeholder=f"1 to {frames}",
    )  # fmt: skip
    if number is not None:
        state.remember(state.FRAMES, study, int(number) - 1)
        st.rerun()


def show_frame_picker(study: Study, image: StudyImage) -> None:
    """Show which frame is looked at, with the others one step away."""
    if image.n_frames < 2:
        return
    key = state.widget_key("frame", study)
    st.session_state.setdefault(key, image.frame + 1)
    st.slider(
        "Frame", 1, image.n_frames, key=key, format=f"frame %d of {image.n_frames}",
        label_visibility="collapsed", on_change=_take_frame, args=(study, key),
    )  # fmt: skip


def _take_frame(study: Study, key: str) -> None:
    state.remember(state.FRAMES, study, int(st.session_state[key]) - 1)


def _show_seen(study: Study, seen: SeenImage | None, task: TaskSpec) -> None:
    """Show the picture after the recipe, the steps, and the switch that says which it carries.

    Of an ensemble each member saw its own.
    """
    style.kicker("What the model saw")
    picture, words = st.columns([2, 5], gap="small", vertical_alignment="top")
    with picture:
        for part in (seen.parts or (seen,)) if seen is not None else ():
            rows, columns = part.pixels.shape[:2]
            alt = f"The picture after preprocessing, {columns} x {rows} pixels"
            style.picture(pictures.as_base64(part.pixels), alt)
    with words:
        if seen is None:
            style.quiet("Nothing: switch this off if the picture is as exported.")
        else:
            style.steps(seen.steps_applied, seen.steps_left_out)
            for note in seen.notes:
                style.quiet(note)
        show_carried_switch(study, task)


def show_carried_switch(study: Study, task: TaskSpec) -> None:
    """Show the switch that says whether the picture carries the recipe's steps already."""
    st.toggle(
        "This picture already carries these steps",
        value=answers.carries_recipe(study),
        key=state.widget_key("carried", study),
        on_change=_take_carried,
        args=(study,),
        help="For pictures that were prepared before they were exported, such as the public "
        f"{task.title} set. The answer is worked out again.",
    )


def _take_carried(study: Study) -> None:
    carries = st.session_state[state.widget_key("carried", study)]
    state.remember(state.CARRIED, study, bool(carries))
