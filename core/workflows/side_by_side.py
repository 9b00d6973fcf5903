"""Two versions beside each other: the figures that both have, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.inference.card import Card, MetricSet
from core.tasks import TaskSpec

_WHOLE = ("macro_f1", "balanced_accuracy", "accuracy", "ece")
_SAID = {"macro_f1": "macro F1", "ece": "calibration error"}


@dataclass(frozen=True, slots=True)
class SideRow:
    """One figure of two versions; None where a version does not have it.

    ``n`` says how many each was measured on; ``leaks`` marks a split that measures memory.
    """

    split: str
    figure: str
    n: str
    a: Mapping[str, Any] | None
    b: Mapping[str, Any] | None
    leaks: bool


def side_rows(card_a: Card, card_b: Card, task: TaskSpec) -> list[SideRow]:
    """Return key figures of two cards, split by split, the honest ones first.

    Each figure was measured on its own version's cases; whether one may replace the other is asked
    of the same cases (Compare).
    """
    splits_a = {part.split: part for part in card_a.metrics}
    splits_b = {part.split: part for part in card_b.metrics}
    either = {**splits_b, **splits_a}
    order = sorted(either, key=lambda name: (either[name].leakage, name != "out_of_fold"))
    names = [*_WHOLE, *(f"sensitivity_{name}" for name in task.findings)]
    return [
        SideRow(
            split=split,
            figure=_said(name, task),
            n=_counts(a, b),
            a=a,
            b=b,
            leaks=either[split].leakage,
        )
        for split in order
        for name in names
        for a, b in [(_figure(splits_a.get(split), name), _figure(splits_b.get(split), name))]
        if a or b
    ]


def key_figures(card: Card, task: TaskSpec) -> tuple[str, list[tuple[str, Mapping[str, Any]]]]:
    """Return the split that tells most and does not leak, and its key figures by name."""
    rows = [row for row in side_rows(card, card, task) if not row.leaks]
    first = rows[0].split if rows else ""
    return first, [(row.figure, row.a) for row in rows if row.split == first and row.a]


def _figure(part: MetricSet | None, name: str) -> Mapping[str, Any] | None:
    found = part.figures.get(name) if part is not None else None
    return found.model_dump() if found is not None else None


def _counts(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> str:
    """Return on how many cases each was measured: of a sensitivity, the positives."""
    said = [f"{figure['n']:,}" if figure is not None else "none" for figure in (a, b)]
    return said[0] if said[0] == said[1] else " / ".join(said)


def _said(name: str, task: TaskSpec) -> str:
    if name.startswith("sensitivity_"):
        return f"sensitivity, {task.class_spec(name.removeprefix('sensitivity_')).title}"
    return _SAID.get(name, name.replace("_", " "))


def settings_that_differ(card_a: Card, card_b: Card) -> list[tuple[str, str, str]]:
    """Return (setting, of A, of B) where two versions were trained otherwise."""
    a, b = _facts(card_a), _facts(card_b)
    keys = [*a, *(key for key in b if key not in a)]
    return [
        (key.replace("_", " "), _value(a.get(key)), _value(b.get(key)))
        for key in keys
        if a.get(key) != b.get(key)
    ]


def _facts(card: Card) -> dict[str, Any]:
    rows, columns = card.input_size
    return {
        "architecture": card.architecture,
        "pictures fitted on": card.training_data.n,
        "data": card.training_data.name,
        "recipe": ", ".join(str(step["step"]) for step in card.recipe),
        "input": f"{columns} x {rows}",
        "parameters": card.n_parameters,
        **{key: value for key, value in card.parameters.items() if key != "architecture"},
    }


def _value(value: Any) -> str:
    """Return a setting as a person reads it.

    >>> _value({"noise": 4.0, "blur": 0}), _value(None), _value(1200)
    ('noise 4', 'none', '1,200')
    """
    if value is None or value == {}:
        return "none"
    if isinstance(value, Mapping):
        said = [f"{key} {_value(item)}" for key, item in value.items() if item]
        return ", ".join(said) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
