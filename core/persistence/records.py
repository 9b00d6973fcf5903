"""What is recorded, as frozen values: no database is needed to make or to read one.

A record is never changed and never deleted; a correction is a later record. ``sequence`` and the
time (UTC) are given by the store: a clock that jumps changes no order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

# value, low, high; None where undefined
Bounds = tuple[float | None, float | None, float | None]


class MissKind(StrEnum):
    """What was wrong with the call: a finding not called, or one called that is not there."""

    MISS = "miss"
    FALSE_ALARM = "false_alarm"


class Cause(StrEnum):
    """Why the model was wrong, in the judgement of the person who looked."""

    LABEL_WRONG = "label_wrong"
    TOO_SMALL = "too_small"
    POOR_IMAGE = "poor_image"
    LOOK_ALIKE = "look_alike"
    OUTSIDE_TRAINING = "outside_training"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The threshold of one class of a model version, as a person signed it.

    Attributes
    ----------
    task, model_version, version_digest, class_name : str
        What it holds for; the digest is the SHA-256 of the version's manifest.
    threshold : float in [0, 1]
        Positive means ``y_prob >= threshold``.
    sensitivity_asked : float in (0, 1]
    rule : str
        How it is used: "one class" or "any finding", in the words of the operating points.
    run, chosen_on : str
        The run whose figures it shows, and the one (or the part) that chose the threshold.
    sensitivity, specificity : (value, low, high)
        As shown when it was signed; the grouped interval where there are groups.
    n_positive : int
    n_groups : int or None
        Groups (series, patients, slides) with a positive case; None where groups are unknown.
    lower_bound_one_sided_95 : float or None
        Clopper-Pearson, of the sensitivity.
    claim_holds : bool or None
        Whether that bound reaches ``sensitivity_asked``; None where no other data chose it.
    prevalence : float in [0, 1]
    signed_by : str
    signed_at, sequence : datetime in UTC, int; None until it is stored
    """

    task: str
    model_version: str
    version_digest: str
    class_name: str
    threshold: float
    sensitivity_asked: float
    rule: str
    run: str
    chosen_on: str
    sensitivity: Bounds
    specificity: Bounds
    n_positive: int
    lower_bound_one_sided_95: float | None
    claim_holds: bool | None
    prevalence: float
    signed_by: str
    n_groups: int | None = None
    signed_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class MissCause:
    """Why one picture of a run was called wrongly, as a person judged it.

    ``run_digest`` is ``predictions_sha256`` of the run's run.yaml; ``y_true`` and ``called`` are
    class names.
    """

    task: str
    run: str
    run_digest: str
    file: str
    y_true: str
    called: str
    kind: MissKind
    cause: Cause
    note: str
    recorded_by: str
    recorded_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class ComparisonVerdict:
    """What a paired comparison of two runs said: A the champion, B the challenger.

    ``verdict`` is "may replace", "may not" or "cannot tell"; ``facts`` holds the figures behind it
    (JSON values). ``version_a`` and ``version_b`` are None for models that are not ours.
    """

    task: str
    run_a: str
    run_b: str
    version_a: str | None
    version_b: str | None
    class_name: str
    margin: float
    verdict: str
    facts: Mapping[str, Any]
    recorded_by: str
    recorded_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """That a version answers by default from now on: the latest of a task is its champion.

    ``previous`` is the version that answered before (None: there was none), ``verdict`` that of
    the comparison, ``override`` the reason of a person who promoted against it, else None.
    """

    task: str
    version: str
    digest: str
    previous: str | None
    verdict: str
    override: str | None
    promoted_by: str
    promoted_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Retirement:
    """That a version is out of use (``state`` retired), or in use again: the latest holds."""

    task: str
    version: str
    digest: str
    state: str
    reason: str
    recorded_by: str
    recorded_at: datetime | None = None
    sequence: int | None = None
