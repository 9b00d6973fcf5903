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


def show_sentences(measured: Mapping[MapKey, Measured], asked: Asked, task: TaskSpec) -> None:
    """Say, class by class, what speaks for and against its maps; and what no map shows."""
    rows = []
    for name in asked.classes:
        of_class = [item for key, item in measured.items() if key.class_name == name]
        said = trust_of(name, of_class).sentence if of_class else "Being measured against chance …"
        spec = task.class_spec(name)
        rows.append((spec.title, spec.colour, said))
    style.trust_lines(rows, limit=LIMIT)


def show_details(measured: Mapping[MapKey, Measured], asked: Asked, task: TaskSpec) -> None:
    """Show the figures behind the bars, and the curves for whoever asks."""
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
    notes = [f"{spec.title}: {spec.caution}" for spec in asked.methods]
    if all(item.trust.weak is None for item in measured.values()):
        notes.append("Weak maps are not flagged: this version holds no audit of its maps.")
    style.sentences(notes)
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
