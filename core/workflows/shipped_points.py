"""What the thresholds shipped with a version find in its own test part, which chose none of them.

Light: no engine, no TensorFlow, no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import EvaluationError
from core.evaluation.figures import group_codes
from core.evaluation.operating_points import Scores, case_scores, rates_at
from core.tasks import TaskSpec
from core.workflows.records import Bounds
from core.workflows.stored_runs import open_run, stored_runs

_TEST = "test"


@dataclass(frozen=True, slots=True)
class ShippedPoint:
    """A threshold that came with a version, and its figures in the version's own test part.

    Attributes
    ----------
    class_name : str
    threshold : float
        Positive means ``y_prob >= threshold``.
    sensitivity, specificity : (value, low, high)
        By picture; the grouped interval where there are groups.
    n_positive : int
    n_groups : int or None
        Groups (series, patients, slides) with a positive picture; None where they are unknown.
    """

    class_name: str
    threshold: float
    sensitivity: Bounds
    specificity: Bounds
    n_positive: int
    n_groups: int | None


def shipped_points(
    task: TaskSpec, version: str, thresholds: Mapping[str, float]
) -> tuple[ShippedPoint, ...]:
    """Return what shipped thresholds find in the test part of their version.

    Parameters
    ----------
    task : TaskSpec
    version : str
    thresholds : mapping of finding to threshold
        ``operating_points`` of the version's calibration.yaml.

    Returns
    -------
    tuple of ShippedPoint
        Empty where there are no thresholds, or no test part is stored or can be read.

    Raises
    ------
    ModelVersionError
        If the version is not installed.
    """
    tests = [
        run for run in stored_runs(task.key, version) if run.shipped and run.facts.split == _TEST
    ]
    if not thresholds or not tests:
        return ()
    try:
        run = open_run(tests[0])
        codes = group_codes(run)
        return tuple(
            _judged(name, threshold, case_scores(run, name, findings=task.findings, codes=codes))
            for name, threshold in thresholds.items()
        )
    except EvaluationError:
        return ()  # Performance says what is wrong with the run


def _judged(name: str, threshold: float, scores: Scores) -> ShippedPoint:
    rates = rates_at(scores, threshold)
    return ShippedPoint(
        class_name=name,
        threshold=threshold,
        sensitivity=rates.sensitivity.leading,
        specificity=rates.specificity.leading,
        n_positive=scores.n_positive,
        n_groups=rates.sensitivity.n_groups,
    )
