"""Slices of a stored run: which columns there are, figures by one of them, and the weakest slice.

Light: numpy, scipy and pyarrow; no engine, no TensorFlow, no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.evaluation.runs import EvaluationRun
from core.evaluation.slice_columns import ALL, NOT_STATED, SliceColumn, slice_column
from core.evaluation.weak_slices import WeakSlices
from core.tasks import TaskSpec
from core.workflows.picture_properties import (
    BackgroundMeasure,
    Properties,
    is_measured,
    read_properties,
)
from core.workflows.points import PointsInForce

if TYPE_CHECKING:
    from core.evaluation.slices import Calls

__all__ = [
    "ALL",
    "NOT_STATED",
    "BackgroundMeasure",
    "SliceColumn",
    "Sliced",
    "WeakSlices",
    "figures_of",
    "findings_of",
    "frame_csv",
    "is_measured",
    "misses_csv",
    "read_properties",
    "run_columns",
    "sliced_run",
    "slices_csv",
    "weak_slices",
]

PICTURE = "picture"


@dataclass(frozen=True, slots=True, eq=False)
class Sliced:
    """A run by one column.

    Attributes
    ----------
    column : SliceColumn
    frame : DataFrame
        One row a slice and figure, see :func:`core.evaluation.slices.slice_frame`.
    provenance : mapping
    """

    column: SliceColumn
    frame: pd.DataFrame
    provenance: Mapping[str, Any]


def run_columns(run: EvaluationRun, properties: Properties) -> dict[str, SliceColumn]:
    """Return every column that a run can be sliced by, the stored ones first.

    Measured properties are called "picture brightness" and so on; whether the gate refused is a
    column too, where it refused any.
    """
    columns = {name: slice_column(name, values) for name, values in run.slices.items()}
    for key, values in properties.items():
        name = f"{PICTURE} {key.replace('_', ' ')}"
        if name not in columns:
            columns[name] = slice_column(name, values)
    if run.refused.any() and "gate" not in columns:
        said = np.where(run.refused, "refused", "let in")
        columns["gate"] = slice_column("gate", said)
    return columns


def findings_of(run: EvaluationRun, task: TaskSpec) -> list[str]:
    """Return the findings that the run has a probability of, the dearest miss first."""
    known = [name for name in task.findings if name in run.class_names]
    return sorted(known, key=lambda name: -task.class_spec(name).miss_cost)


def sliced_run(
    run: EvaluationRun, task: TaskSpec, column: SliceColumn, points: PointsInForce
) -> Sliced:
    """Return the figures of every slice of a column (about 0.1 s for 11,000 cases)."""
    from core.evaluation.slices import slice_frame

    frame = slice_frame(_calls(run, task, points), column)
    return Sliced(column, frame, _provenance(run, points))


def figures_of(made: Sliced, class_name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the figures of a finding by slice and figure, in the order in which they are shown.

    Numbers ascend; categories stand worst first; what is not stated, or undefined, stands last.
    Macro F1 belongs to every finding. All cases stand under ``ALL``, first.
    """
    frame = made.frame[made.frame["class"].isin([class_name, ""])]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        found.setdefault(row["slice"], {})[row["figure"]] = {str(k): v for k, v in row.items()}

    def is_last(label: str) -> bool:
        undefined = bool(pd.isna(found[label]["sensitivity"]["value"]))
        return label == NOT_STATED or (undefined and not made.column.is_numeric)

    def worst_first(label: str) -> float:
        value = found[label]["sensitivity"]["value"]
        return 0.0 if made.column.is_numeric or pd.isna(value) else float(value)

    labels = sorted(found, key=lambda label: (label != ALL, is_last(label), worst_first(label)))
    return {label: found[label] for label in labels}


def weak_slices(
    run: EvaluationRun,
    task: TaskSpec,
    columns: Sequence[SliceColumn],
    class_name: str,
    points: PointsInForce,
) -> WeakSlices:
    """Return the slices in which a finding is missed most, corrected for the search.

    A second or two for 3,000 cases of the finding; columns with one value are left out.
    """
    from core.evaluation.weak_slices import find_weak_slices

    useful = [column for column in columns if len(column.labels) > 1]
    return find_weak_slices(_calls(run, task, points), useful, class_name=class_name)


def slices_csv(made: Sliced) -> bytes:
    """Return the figures by slice as CSV with version, threshold and run in every row."""
    return frame_csv(made.frame, made.provenance)


def frame_csv(frame: pd.DataFrame, provenance: Mapping[str, Any]) -> bytes:
    """Return a table as CSV with its provenance."""
    from core.reporting.csv_table import csv_bytes

    return csv_bytes(frame, provenance=provenance)


def misses_csv(
    run: EvaluationRun,
    task: TaskSpec,
    columns: Mapping[str, SliceColumn],
    where: Mapping[str, str],
    class_name: str,
    points: PointsInForce,
) -> bytes:
    """Return the missed cases of a finding within a slice as CSV, most confidently wrong first.

    ``where`` maps columns to the slice of each, as the search names them.
    """
    calls = _calls(run, task, points)
    of_class = run.class_names.index(class_name)
    inside = (run.y_true == of_class) & ~calls.flagged[:, of_class]
    for name, label in where.items():
        inside &= columns[name].codes == columns[name].labels.index(label)
    rows = np.flatnonzero(inside)
    rows = rows[np.argsort(run.y_prob[rows, of_class], kind="stable")]
    table: dict[str, Any] = {"file": run.file[rows]}
    if run.group is not None:
        table["group"] = run.group[rows]
    table["y_true"] = class_name
    table["called"] = [run.class_names[index] for index in calls.called[rows]]
    for index, name in enumerate(run.class_names):
        table[f"p_{name}"] = run.y_prob[rows, index]
    for name in where:
        table[name] = [columns[name].labels[code] for code in columns[name].codes[rows]]
    return frame_csv(pd.DataFrame(table, index=range(len(rows))), _provenance(run, points))


def _calls(run: EvaluationRun, task: TaskSpec, points: PointsInForce) -> Calls:
    from core.evaluation.slices import calls_of

    return calls_of(run, findings=task.findings, thresholds=points.thresholds)


def _provenance(run: EvaluationRun, points: PointsInForce) -> dict[str, Any]:
    from core.evaluation.frames import provenance

    return {**provenance(run), "threshold": points.text}
