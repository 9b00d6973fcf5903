"""From a record to a row of its table and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from core.persistence.records import (
    Bounds,
    Cause,
    ComparisonVerdict,
    MissCause,
    MissKind,
    OperatingPoint,
    Promotion,
    Retirement,
)

Record = TypeVar("Record", OperatingPoint, MissCause, ComparisonVerdict, Promotion, Retirement)
AnyRecord = OperatingPoint | MissCause | ComparisonVerdict | Promotion | Retirement

_BOUNDS = ("sensitivity", "specificity")
_PARTS = ("value", "low", "high")
_KINDS: dict[str, type[MissKind] | type[Cause]] = {"kind": MissKind, "cause": Cause}


def to_row(record: AnyRecord) -> dict[str, Any]:
    """Return the record's columns, without sequence.

    Raises
    ------
    ValueError
        If a kind or a cause is none of ours, or a fact is no JSON value (not a number, too).
    """
    row: dict[str, Any] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name == "sequence":
            continue
        if item.name in _BOUNDS:
            row |= {f"{item.name}_{part}": _plain(v) for part, v in zip(_PARTS, value, strict=True)}
        elif item.name in _KINDS:
            row[item.name] = _KINDS[item.name](value).value
        elif item.name == "facts":
            row[item.name] = json.loads(json.dumps(dict(value), default=_plain, allow_nan=False))
        else:
            row[item.name] = _plain(value)
    return row


def from_row(kind: type[Record], row: Mapping[Any, Any]) -> Record:
    """Return the record that a row holds."""
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name in _BOUNDS:
            bounds: Bounds = (
                row[f"{item.name}_value"],
                row[f"{item.name}_low"],
                row[f"{item.name}_high"],
            )
            values[item.name] = bounds
        elif item.name in _KINDS:
            values[item.name] = _KINDS[item.name](row[item.name])
        else:
            values[item.name] = row[item.name]
    return kind(**values)


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's own; a database driver knows no other."""
    return value.item() if hasattr(value, "item") else value
