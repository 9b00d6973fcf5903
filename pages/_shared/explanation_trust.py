"""How far to trust the maps: the sentences on top, the table and the curves below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.tasks import TaskSpec
from core.workflows.background_desk import BackgroundDesk, Failure
from core.workflows.explanation_trust import Measured, TrustKey, curve_frame, measure_row, trust_of
from core.workflows.explanations import ClassMap, MapKey
from pages._shared import state, style
from pages._shared.explanation_controls import Asked

LIMIT = "A map shows where the score is sensitive, not where disease is."
NOTHING = "Nothing in this picture speaks for it: there is no map to lean on."
_COLUMNS = (
    "Map",
    "Against chance",
    "Deletion area",
    "Insertion area",
    "Stability",
    "Raw peak",
)


def measured_maps(desk: BackgroundDesk, keys: Sequence[MapKey]) -> dict[MapKey, Measured]:
    """Return the maps that were measured, with what was found."""
    found = {}
    for key in keys:
        item, measured = desk.found(key), desk.found(TrustKey.of(key))
        if isinstance(item, ClassMap) and not isinstance(measured, Failure | None):
            found[key] = Measured(item, measured)
    return found


def show_sentences(
    desk: BackgroundDesk, keys: Sequence[MapKey], asked: Asked, task: TaskSpec
) -> None:
    """Say, class by class, what speaks for and against its maps; and what no map shows."""
    rows = []
    for name in asked.classes:
        spec = task.class_spec(name)
        said = sentence_of(desk, [key for key in keys if key.class_name == name])
        rows.append((spec.title, spec.colour, said))
    style.trust_lines(rows, limit=LIMIT)


def sentence_of(desk: BackgroundDesk, keys: Sequence[MapKey]) -> str:
    """Return what is known, by now, of the maps of one class."""
    found = [item for item in map(desk.found, keys) if isinstance(item, ClassMap)]
    marked = [item.key for item in found if item.has_evidence]
    if len(found) == len(keys) and not marked:
        return NOTHING
    measured = measured_maps(desk, marked)
    is_done = len(measured) == len(keys) or desk.progress(state.EXPLANATIONS) is None
    if measured:
        said = trust_of(keys[0].class_name, list(measured.values())).sentence
        return said if is_done else f"{said} More is being measured …"
    return "Not measured against chance." if is_done else "Being measured against chance …"


def show_details(
    measured: Mapping[MapKey, Measured], asked: Asked, task: TaskSpec, known: Sequence[str]
) -> None:
    """Show the figures behind the bars, the curves for whoever asks, and what an audit found."""
    if not measured:
        return
    style.kicker("How far to trust these maps")
    rows = []
    for name in asked.classes:
        spec = task.class_spec(name)
        for key, item in measured.items():
            if key.class_name == name:
                rows.append((f"{spec.title} · {item.title}", spec.colour, measure_row(item)))
    style.trust_table(_COLUMNS, rows)
    style.prose("What its methods do not show", [f"{s.title}: {s.caution}" for s in asked.methods])
    style.prose("What is known about the maps of this version", known)
    if st.toggle(
        "Deletion and insertion curves", key=state.EXPLAIN_CURVES, persist_state="session"
    ):
        for name in asked.classes:
            _show_curves(list(measured.values()), name, task)


def _show_curves(measured: Sequence[Measured], class_name: str, task: TaskSpec) -> None:
    from core.charts import CONFIG
    from core.charts.explanations import deletion_insertion_chart

    frame = curve_frame(measured, class_name)
    if frame.empty:
        return
    style.kicker(f"Probability of {task.class_spec(class_name).title}")
    st.plotly_chart(
        deletion_insertion_chart(frame), config=CONFIG, theme=None,
        key=f"explain.curves.{class_name}",
        alt="; ".join(f"{each.title}: {each.trust.verdict}" for each in measured),
    )  # fmt: skip
