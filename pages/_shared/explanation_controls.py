"""The right column of Explanations: classes, methods, how maps are painted, what to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.tasks import TaskSpec
from core.workflows.explanations import (
    MethodSpec,
    Subject,
    first_methods,
    usable_methods,
)
from core.workflows.showing import Look, colour_stops, signed_stops
from pages._shared import explanation_take, state, style, verdict
from pages._shared.reading import ranked_classes
from pages._shared.state import Study

COLOURS = {"inferno": "Inferno", "cividis": "Cividis"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to see: at least one class and one method."""

    classes: tuple[str, ...]
    methods: tuple[MethodSpec, ...]
    look: Look
    has_raw_grid: bool
    has_difference: bool


def show_controls(study: Study, subject: Subject, task: TaskSpec) -> Asked:
    """Show every control and return what was chosen.

    Raises
    ------
    ModelVersionError
        If the version cannot be opened.
    """
    with st.container(key="explain_controls", gap="xsmall"):
        classes = _classes(subject, task)
        methods = _methods(usable_methods(subject))
        look, has_raw_grid, has_difference = _look(classes, task)
        _scales(look, classes, task, has_difference=has_difference)
        asked = Asked(classes, methods, look, has_raw_grid, has_difference)
        explanation_take.show_take(subject, asked, task)
        verdict.show_carried_switch(study, task)
    return asked


def _classes(subject: Subject, task: TaskSpec) -> tuple[str, ...]:
    ranked = classes_in_order(subject)
    chosen = st.pills(
        "Classes",
        ranked,
        selection_mode="multi",
        default=ranked[:2],
        format_func=lambda name: task.class_spec(name).title,
        key=f"explain.classes.{subject.key[:16]}",
        persist_state="session",
    )
    return tuple(name for name in ranked if name in chosen) or tuple(ranked[:1])


def classes_in_order(subject: Subject) -> list[str]:
    """Return the classes, the called one first, then the most probable."""
    others = [name for name in subject.class_names if name != subject.called]
    if subject.probabilities is not None:
        others = [name for name in ranked_classes(subject.probabilities) if name != subject.called]
    return [subject.called, *others]


def _methods(usable: Sequence[MethodSpec]) -> tuple[MethodSpec, ...]:
    by_key = {spec.key: spec for spec in usable}
    first = first_methods(usable)
    groups = {
        "Methods, at once": [spec.key for spec in usable if spec.is_quick],
        "Methods that take a while": [spec.key for spec in usable if not spec.is_quick],
    }
    chosen: list[str] = []
    for number, (label, keys) in enumerate(groups.items()):
        if keys:
            chosen += st.pills(
                label,
                keys,
                selection_mode="multi",
                default=[key for key in first if key in keys],
                format_func=lambda key: by_key[key].title,
                key=f"{state.EXPLAIN_METHODS}.{number}",
                persist_state="session",
                help="\n\n".join(f"**{by_key[key].title}**: {by_key[key].cost}." for key in keys),
            )
    return tuple(spec for spec in usable if spec.key in chosen) or (by_key[first[0]],)


def _look(classes: Sequence[str], task: TaskSpec) -> tuple[Look, bool, bool]:
    """Show how maps are painted; return the look, whether raw grids, and whether a difference."""
    with st.container(key="explain_sliders", gap="xsmall"):
        opacity = st.slider(
            "Opacity", 0, 100, 40, 5, format="opacity %d %%", key=state.OPACITY,
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        threshold = st.slider(
            "Threshold", 0, 95, 0, 5, format="from %d %% of the peak",
            key=state.EXPLAIN_THRESHOLD, label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
    with st.container(horizontal=True, gap="small", key="explain_switches"):
        contours = st.toggle("Contours", key=state.EXPLAIN_CONTOURS, persist_state="session")
        raw_grid = st.toggle("Raw grid", key=state.EXPLAIN_GRID, persist_state="session")
        titles = [task.class_spec(name).title for name in classes[:2]]
        difference = len(titles) > 1 and st.toggle(
            f"{titles[0]} − {titles[1]}",
            key=state.EXPLAIN_DIFFERENCE,
            persist_state="session",
            help="A row more: the map of the first class less that of the second, signed.",
        )
    colours = st.segmented_control(
        "Colours", list(COLOURS), default="inferno", required=True, format_func=COLOURS.get,
        key=state.EXPLAIN_COLOURS, label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    look = Look(opacity / 100, threshold / 100, colours or "inferno", contours)
    return look, raw_grid, difference


def _scales(look: Look, classes: Sequence[str], task: TaskSpec, *, has_difference: bool) -> None:
    style.colour_bar(colour_stops(look.colour_map), note="of each map's own peak")
    if has_difference:
        first, second = (task.class_spec(name).title for name in classes[:2])
        style.colour_bar(
            signed_stops(), note="", ends=(f"{second} −1", f"+1 {first}"),
            said=f"Colour scale of the difference, from {second} to {first}",
        )  # fmt: skip
