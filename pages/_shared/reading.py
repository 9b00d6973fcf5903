"""The pictures of Analyse: original beside overlay, the map's class, opacity, window and level.

Everything here only changes what is shown. It lives in one fragment: a slider redraws the panes
and nothing else, and never runs the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st

from core.domain import Answer, Prediction, StudyImage, Window
from core.tasks import TaskSpec
from core.workflows.showing import colour_stops, explanation_of, overlay_of
from pages._shared import answers, pictures, state, style, viewer
from pages._shared.state import Study
from pages._shared.viewer import StackPlace

DEFAULT_OPACITY = 40
MANUAL = "set by hand"


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """Another picture that stands in the place of the map, such as a prior, and its title."""

    image: StudyImage
    title: str


@st.fragment
def show_reading(
    study: Study, answer: Answer, task: TaskSpec, beside: Beside | None = None
) -> None:
    """Show the panes and their controls for one answer that has a picture.

    ``beside`` stands in the place of the map.
    """
    if answer.image is None:
        status = answers.status_of(study, answer)
        style.dark_pane(status, "Choose a frame" if status == "choose" else "No picture to show")
        return
    _show_panes(study, answer, task, beside=beside)


def show_slice(study: Study, answer: Answer, task: TaskSpec, stack: StackPlace) -> None:
    """Show the panes and their controls for one slice of a stack; zoom and window are the stack's.

    It is no fragment of its own: the wheel over the panes changes what the page around them shows.
    """
    if answer.image is None:
        with st.container(key="panes"):
            viewer.show_gap("No picture to show", stack)
        return
    _show_panes(study, answer, task, stack=stack)


def _show_panes(
    study: Study,
    answer: Answer,
    task: TaskSpec,
    *,
    beside: Beside | None = None,
    stack: StackPlace | None = None,
) -> None:
    image = cast(StudyImage, answer.image)
    identity = f"{study.key}.{image.sha256}.{image.frame}"
    held = identity if stack is None else stack.key
    panes_slot = st.container(key="panes")
    class_name, opacity = _map_controls(answer, task, identity, keeps_class=stack is not None)
    window, inverted = _window_controls(image, held)
    shown = pictures.through_window(image, window, inverted=inverted)
    panes = viewer.Panes(key=held, original=shown, overlay=None, overlay_title="", two_panes=False)
    if class_name is not None:
        title = task.class_spec(class_name).title
        panes = viewer.Panes(
            key=held,
            original=shown,
            overlay=overlay_of(answer, class_name, pixels=shown, opacity=opacity),
            overlay_title=f"Map for {title}",
            note=_why_no_map(answer, class_name, title),
        )
    if beside is not None:
        other = pictures.fitted(beside.image.pixels, *shown.shape[:2])
        panes = viewer.Panes(identity, original=shown, overlay=other, overlay_title=beside.title)
    with panes_slot:
        viewer.show_panes(image, panes, stack)


def _map_controls(
    answer: Answer, task: TaskSpec, identity: str, *, keeps_class: bool
) -> tuple[str | None, float]:
    """Show class and opacity; return the class (None without an answer) and opacity 0..1.

    ``keeps_class``: a class that a person chose holds for every slice of the series.
    """
    if answer.prediction is None:
        return None, 0.0
    ranked = ranked_classes(answer.prediction.probabilities)
    titles = {name: task.class_spec(name).title for name in ranked}
    first, key = first_to_show(ranked, answer.prediction), f"map.class.{identity}"
    kept = st.session_state.get(state.SERIES_CLASS) if keeps_class else None
    if kept in titles:
        st.session_state[key] = kept
    with st.container(key="map_controls"):
        classes, slider, scale = st.columns([6, 2, 4], gap="small", vertical_alignment="center")
        with classes:
            chosen = st.segmented_control(
                "Map of class",
                ranked,
                default=None if kept in titles else first,
                required=True,
                format_func=titles.get,
                key=key,
                label_visibility="collapsed",
                on_change=_keep_class if keeps_class else None,
                args=(key,),
            )
        with slider:
            opacity = st.slider(
                "Opacity of the map", 0, 100, DEFAULT_OPACITY, 5, format="opacity %d %%",
                key=state.OPACITY, label_visibility="collapsed",
            )  # fmt: skip
        class_name = chosen or first
        with scale:
            style.colour_bar(colour_stops(), note=_peak_note(answer, class_name))
        style.quiet("A map shows where the score of a class is sensitive, not where disease is.")
    return class_name, opacity / 100


def _keep_class(key: str) -> None:
    st.session_state[state.SERIES_CLASS] = st.session_state[key]


def ranked_classes(probabilities: Mapping[str, float]) -> list[str]:
    """Return the classes, most probable first.

    >>> ranked_classes({"cyst": 0.2, "normal": 0.5, "stone": 0.3})
    ['normal', 'stone', 'cyst']
    """
    return sorted(probabilities, key=lambda name: -probabilities[name])


def first_to_show(ranked: Sequence[str], prediction: Prediction) -> str:
    """Return the class whose map is shown first.

    The most probable finding that a stored point flags, else the most probable class: a finding
    that a signed point found must not hide behind a larger probability of normal.
    """
    flagged = [name for name in ranked if name in prediction.flagged and prediction.thresholds]
    return (flagged or list(ranked))[0]


def _peak_note(answer: Answer, class_name: str) -> str:
    explanation = explanation_of(answer, class_name)
    if explanation is None:
        return "no map"
    if not explanation.has_evidence:
        return "no positive evidence"
    return f"raw peak {explanation.raw_peak:.1f} logits"


def _why_no_map(answer: Answer, class_name: str, title: str) -> str | None:
    explanation = explanation_of(answer, class_name)
    if explanation is None:
        return "No explanation available: this model version gives no map."
    if not explanation.has_evidence:
        return f"No positive evidence for {title}: no place raises its score."
    return None


def _window_controls(image: StudyImage, identity: str) -> tuple[Window, bool]:
    """Show presets, level, width and invert for pictures deeper than 8 bits."""
    if image.bits <= 8 or image.is_colour:
        return image.window, False
    keys = {name: f"window.{name}.{identity}" for name in ("level", "width", "invert")}
    st.session_state.setdefault(keys["level"], image.window.centre)
    st.session_state.setdefault(keys["width"], image.window.width)
    lowest, highest, widest = _window_range(image)
    _keep_within(keys["level"], lowest, highest)  # a window that was chosen on another slice
    fine = widest <= 50
    step, written = (widest / 200, "%.2f") if fine else (1.0, "%.0f")
    _keep_within(keys["width"], step, widest)
    with st.container(key="window_controls"):
        buttons, level, width = st.columns([6, 3, 3], gap="medium", vertical_alignment="center")
        with buttons, st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            _preset_buttons(image, keys)
        with level:
            st.slider(
                "Level", lowest, highest, key=keys["level"], step=step,
                format=f"level {written}", label_visibility="collapsed",
            )  # fmt: skip
        with width:
            st.slider(
                "Width", step, widest, key=keys["width"], step=step,
                format=f"width {written}", label_visibility="collapsed",
            )  # fmt: skip
    centre, spread = st.session_state[keys["level"]], st.session_state[keys["width"]]
    inverted = bool(st.session_state.get(keys["invert"], False))
    chosen = Window(centre - spread / 2, centre + spread / 2, MANUAL)
    if abs(centre - image.window.centre) < step and abs(spread - image.window.width) < step:
        chosen = image.window
    _say_what_the_answer_is_for(image, chosen, inverted=inverted)
    return chosen, inverted


def _keep_within(key: str, lowest: float, highest: float) -> None:
    st.session_state[key] = min(max(st.session_state[key], lowest), highest)


def _window_range(image: StudyImage) -> tuple[float, float, float]:
    """Return lowest and highest level and the widest width: the picture's values and presets."""
    windows = (image.window, *image.presets)
    low, high = float(image.values.min()), float(image.values.max())
    lowest = min([low, *(window.centre for window in windows)])
    highest = max([high, *(window.centre for window in windows)])
    return lowest, highest, max([high - low, *(window.width for window in windows)])


def _preset_buttons(image: StudyImage, keys: Mapping[str, str]) -> None:
    for number, preset in enumerate(image.presets[:5], start=1):
        st.button(
            preset.name or f"Window {number}",
            key=f"{keys['level']}.{number}",
            shortcut=str(number),
            type="tertiary",
            on_click=_set_window,
            args=(keys, preset),
        )
    st.button(
        "Invert", key=f"{keys['invert']}.button", shortcut="I", type="tertiary",
        icon=":material/invert_colors:", on_click=_invert, args=(keys["invert"],),
    )  # fmt: skip


def _set_window(keys: Mapping[str, str], window: Window) -> None:
    st.session_state[keys["level"]] = window.centre
    st.session_state[keys["width"]] = window.width


def _invert(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key, False)


def _say_what_the_answer_is_for(image: StudyImage, chosen: Window, *, inverted: bool) -> None:
    standard = f"level {image.window.centre:.0f}, width {image.window.width:.0f}"
    if chosen is image.window and not inverted:
        style.quiet(f"Shown as the model was given it: {standard}.")
    else:
        style.quiet(
            f"Only the view is changed. The answer is still for {standard}, the model's window."
        )
