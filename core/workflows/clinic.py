"""The miss clinic: the wrong calls of one class in a stored run, and the causes people gave them.

Light: arrays and records only. Pictures and maps are :mod:`core.workflows.clinic_pictures`' work,
one picture at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.flags import ANY_FINDING
from core.evaluation.frames import provenance
from core.evaluation.label_errors import LabelCheck, check_labels, may_doubt_labels
from core.evaluation.misses import FALSE_ALARM, MISS, WrongCalls, WrongSummary, wrong_calls
from core.evaluation.runs import EvaluationRun, read_facts
from core.tasks import TaskSpec
from core.workflows.points import PointsInForce, points_in_force
from core.workflows.records import Cause, MissCause, MissKind, causes, record_cause
from core.workflows.stored_runs import StoredRun

__all__ = [
    "ANY_FINDING",
    "CAUSES",
    "FALSE_ALARM",
    "MISS",
    "NO_CAUSE",
    "Cause",
    "Clinic",
    "ClinicCase",
    "Filters",
    "MissCause",
    "MissKind",
    "WrongSummary",
    "case_at",
    "choose",
    "clinic_table",
    "make_clinic",
    "pareto",
    "record_cause",
    "recorded_causes",
    "run_digest",
    "run_points",
]

CAUSES: Mapping[Cause, str] = {
    Cause.LABEL_WRONG: "Label wrong",
    Cause.TOO_SMALL: "Too small",
    Cause.POOR_IMAGE: "Poor image",
    Cause.LOOK_ALIKE: "Look-alike",
    Cause.OUTSIDE_TRAINING: "Outside training",
    Cause.UNEXPLAINED: "Unexplained",
}
NO_CAUSE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Clinic:
    """The wrong calls of one class in one run.

    Attributes
    ----------
    stored : StoredRun
    cases : EvaluationRun
    task : TaskSpec
    class_name, kind : str
        A class or ``ANY_FINDING``; "miss" or "false_alarm".
    points : PointsInForce
        What decided whether a class is called.
    wrong : WrongCalls
    labels : LabelCheck or None
        None where the run's networks may have seen the pictures: labels cannot be doubted then.
    """

    stored: StoredRun
    cases: EvaluationRun
    task: TaskSpec
    class_name: str
    kind: str
    points: PointsInForce
    wrong: WrongCalls
    labels: LabelCheck | None

    @property
    def summary(self) -> WrongSummary:
        """How many, of how many, in how many groups."""
        return self.wrong.summary

    @property
    def group_name(self) -> str:
        """What a group of the run is, in one word."""
        return self.stored.facts.group_name or self.task.group_name

    @property
    def provenance(self) -> dict[str, Any]:
        """What every export carries in each row."""
        facts = provenance(self.cases)
        return {**facts, "threshold": self.points.text, "class": self.class_name, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class ClinicCase:
    """One wrong call, as plain values.

    Attributes
    ----------
    place : int
        Its place among the wrong calls, the most confidently wrong is 0.
    file, group : str, str or None
    y_true, called : str
        Class names.
    looked_for : str
        The class whose score was too low (a miss) or too high (a false alarm): the class of the
        clinic; for any finding the true class, or the one that was called.
    probabilities : mapping of class to float in 0..1
        Calibrated, as stored in the run.
    distance : float
        See :func:`core.evaluation.misses.lacking`; above 0 the further, the more wrong.
    threshold : float or None
        Of ``looked_for`` where it has one of its own.
    refused : bool
    suspected : bool or None
        Whether its label is doubtful; None where that cannot be told.
    suggested : str or None
        The class that it is confidently of, where the label is doubtful.
    slices : mapping of column to value
    """

    place: int
    file: str
    group: str | None
    y_true: str
    called: str
    looked_for: str
    probabilities: Mapping[str, float]
    distance: float
    threshold: float | None
    refused: bool
    suspected: bool | None
    suggested: str | None
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which wrong calls are looked at; empty means all.

    ``causes`` holds causes and ``NO_CAUSE``; ``refused`` and ``suspected`` None means both;
    ``one_a_group`` keeps, of what passes the rest, the most confidently wrong of each group:
    neighbouring slices are nearly the same picture.
    """

    called: frozenset[str] = frozenset()
    y_true: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    refused: bool | None = None
    suspected: bool | None = None
    one_a_group: bool = False
    file: str | None = None


def run_points(stored: StoredRun) -> PointsInForce:
    """Return the operating points in force of the run's version; none for a model not ours.

    Raises
    ------
    ModelVersionError
        If the version is damaged.
    PersistenceError
        If there is a database that cannot be read.
    """
    from core.inference.calibration import parse_calibration
    from core.inference.package import find_version

    facts = stored.facts
    if facts.task is None or facts.model_version is None or facts.version_digest is None:
        return PointsInForce()
    version = find_version(facts.task, facts.model_version)
    shipped = parse_calibration(version.file("calibration.yaml").read_bytes()).operating_points
    return points_in_force(facts.version_digest, shipped)


def run_digest(stored: StoredRun) -> str:
    """Return the digest of the run's predictions: what causes are recorded for.

    Raises
    ------
    EvaluationError
        If the run's facts cannot be read.
    """
    return str(read_facts(stored.folder)[1].get("predictions_sha256", ""))


def recorded_causes(stored: StoredRun, kind: str) -> dict[str, MissCause]:
    """Return the cause in force of each file of a run that has one.

    Raises
    ------
    EvaluationError, PersistenceError
        If the run's facts, or the database, cannot be read.
    """
    return {cause.file: cause for cause in causes(run_digest(stored)) if cause.kind == kind}


def make_clinic(
    stored: StoredRun,
    cases: EvaluationRun,
    task: TaskSpec,
    *,
    class_name: str,
    kind: str,
    points: PointsInForce | None = None,
) -> Clinic:
    """Return the wrong calls of one class of a run (fractions of a second for 11,000 cases).

    Parameters
    ----------
    stored : StoredRun
    cases : EvaluationRun
        Its predictions, as they were read once.
    task : TaskSpec
        Says which classes are findings.
    class_name : str
        A class or ``ANY_FINDING``.
    kind : str
        "miss" or "false_alarm".
    points : PointsInForce or None
        None: the largest probability decides.

    Raises
    ------
    EvaluationError
        If there is no such class.
    """
    points = points or PointsInForce()
    wrong = wrong_calls(
        cases, class_name, kind=kind, findings=task.findings, thresholds=points.thresholds
    )
    unseen = may_doubt_labels(stored.facts)
    labels = check_labels(cases.y_true, cases.y_prob) if unseen else None
    return Clinic(stored, cases, task, class_name, kind, points, wrong, labels)


def case_at(clinic: Clinic, place: int) -> ClinicCase:
    """Return one wrong call as plain values; ``place`` counts from the most confidently wrong."""
    cases, row = clinic.cases, int(clinic.wrong.row[place])
    names = cases.class_names
    y_true, called = names[cases.y_true[row]], names[clinic.wrong.called[place]]
    looked_for = clinic.class_name
    if looked_for == ANY_FINDING:
        looked_for = y_true if clinic.kind == MISS else called
    labels = clinic.labels
    suspected = None if labels is None else bool(labels.is_suspected[row])
    return ClinicCase(
        place=place,
        file=str(cases.file[row]),
        group=None if cases.group is None else str(cases.group[row]),
        y_true=y_true,
        called=called,
        looked_for=looked_for,
        probabilities=dict(zip(names, cases.y_prob[row].tolist(), strict=True)),
        distance=float(clinic.wrong.distance[place]),
        threshold=clinic.points.thresholds.get(looked_for),
        refused=bool(cases.refused[row]),
        suspected=suspected,
        suggested=names[labels.suggested[row]] if labels is not None and suspected else None,
        slices={
            name: str(values[row])
            for name, values in cases.slices.items()
            if values[row] is not None
        },
    )


def choose(
    clinic: Clinic, filters: Filters, recorded: Mapping[str, MissCause]
) -> NDArray[np.int64]:
    """Return the places of the wrong calls that pass the filters, in their order."""
    cases, row = clinic.cases, clinic.wrong.row
    keep = np.ones(len(row), bool)

    def among(values: Iterable[str], wanted: Collection[str]) -> NDArray[np.bool_]:
        return np.fromiter((value in wanted for value in values), bool, len(row))

    names = np.array(cases.class_names, dtype=object)
    if filters.called:
        keep &= among(names[clinic.wrong.called], filters.called)
    if filters.y_true:
        keep &= among(names[cases.y_true[row]], filters.y_true)
    if filters.groups and cases.group is not None:
        keep &= among(cases.group[row].astype(str), filters.groups)
    if filters.causes:
        keep &= among(_cause_keys(clinic, recorded), filters.causes)
    if filters.refused is not None:
        keep &= cases.refused[row] == filters.refused
    if filters.suspected is not None and clinic.labels is not None:
        keep &= clinic.labels.is_suspected[row] == filters.suspected
    if filters.file is not None:
        keep &= cases.file[row] == filters.file
    places = np.flatnonzero(keep)
    if filters.one_a_group and cases.group is not None:
        groups = cases.group[row[places]].astype(str)
        places = places[np.sort(np.unique(groups, return_index=True)[1])]
    return places


def _cause_keys(clinic: Clinic, recorded: Mapping[str, MissCause]) -> list[str]:
    files = clinic.cases.file[clinic.wrong.row]
    return [str(recorded[file].cause) if file in recorded else NO_CAUSE for file in files]


def pareto(clinic: Clinic, recorded: Mapping[str, MissCause]) -> pd.DataFrame:
    """Return one row a cause, the most frequent first: ``cause, title, n, share, cumulative``.

    Shares are of the wrong calls that have a cause; NaN where none has. Causes that nobody gave
    stand at the end with 0.
    """
    given = [key for key in _cause_keys(clinic, recorded) if key != NO_CAUSE]
    counts = {cause: given.count(str(cause)) for cause in CAUSES}
    ordered = sorted(CAUSES, key=lambda cause: -counts[cause])
    n = np.array([counts[cause] for cause in ordered], dtype=np.int64)
    total = len(given) or np.nan
    return pd.DataFrame(
        {
            "cause": [str(cause) for cause in ordered],
            "title": [CAUSES[cause] for cause in ordered],
            "n": n,
            "share": n / total,
            "cumulative": np.cumsum(n) / total,
        }
    )


def clinic_table(
    clinic: Clinic, places: Sequence[int] | NDArray[np.int64], recorded: Mapping[str, MissCause]
) -> pd.DataFrame:
    """Return one row a wrong call: what an export holds and what stands where pictures are away.

    Columns: ``file, group, y_true, called, distance``, ``p_`` and each class, ``refused``,
    ``label_suspected, label_suggested``, ``slice_`` and each slice column, ``cause, note,
    recorded_by, recorded_at``.
    """
    cases, places = clinic.cases, np.asarray(places, np.int64)
    row = clinic.wrong.row[places]
    names = np.array(cases.class_names, dtype=object)
    columns: dict[str, Any] = {"file": cases.file[row]}
    if cases.group is not None:
        columns["group"] = cases.group[row]
    columns["y_true"] = names[cases.y_true[row]]
    columns["called"] = names[clinic.wrong.called[places]]
    columns["distance"] = clinic.wrong.distance[places]
    for index, name in enumerate(cases.class_names):
        columns[f"p_{name}"] = cases.y_prob[row, index]
    columns["refused"] = cases.refused[row]
    if clinic.labels is not None:
        suspected = clinic.labels.is_suspected[row]
        columns["label_suspected"] = suspected
        columns["label_suggested"] = np.where(suspected, names[clinic.labels.suggested[row]], "")
    for name, values in cases.slices.items():
        columns[f"slice_{name}"] = values[row]
    given = [recorded.get(file) for file in cases.file[row]]
    columns["cause"] = [str(item.cause) if item else "" for item in given]
    columns["note"] = [item.note if item else "" for item in given]
    columns["recorded_by"] = [item.recorded_by if item else "" for item in given]
    columns["recorded_at"] = [
        item.recorded_at.isoformat() if item and item.recorded_at else "" for item in given
    ]
    return pd.DataFrame(columns)
