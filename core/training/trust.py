"""What makes an answer trustworthy, fitted on pictures the weights were not: temperature, gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import TrainingError
from core.evaluation.confusion import called_class
from core.evaluation.operating_points import highest_threshold
from core.inference.calibration import (
    Calibration,
    apply_temperature,
    fit_temperature,
    negative_log_likelihood,
)
from core.inference.gate import N_NEIGHBOURS, Gate
from core.inference.gate_fitting import fit_gate, out_of_fold_distances
from core.tasks import TaskSpec
from core.training.job import TrainingJob
from core.training.selection import thin
from core.training.task_checks import check_required
from core.training.training_set import TrainingSet

Rows = NDArray[np.int64]
GATE_FOLDS = 5  # groups are left out in so many parts, in turn


def calibrate(
    logits: NDArray[np.float64],
    y_true: NDArray[np.int64],
    *,
    fitted_on: str,
    required: Mapping[int, tuple[str, float]] | None = None,
) -> Calibration:
    """Return the calibration fitted on logits of pictures that were not trained on.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
    y_true : ndarray of shape (n,), int64
    fitted_on : str
        Which pictures, in one sentence.
    required : mapping of class index to (name, sensitivity), or None
        Findings that the version ships a threshold for: the highest that finds so many of them
        among these pictures. It was chosen on them, so what it finds elsewhere is another figure.
        None is shipped where calling the most probable class finds so many already: the threshold
        would then lie above it, and find fewer. Nor of a finding that none of the pictures shows.

    Pictures of one class alone say nothing of how sure an answer may be: the likelier that class
    is made, the better they fit. The temperature is 1 then.
    """
    only = np.unique(y_true)
    if len(only) > 1:
        temperature = round(fit_temperature(logits, y_true), 4)
    else:
        temperature, fitted_on = 1.0, f"Nothing, as all are of one class. {fitted_on}"
    y_prob = apply_temperature(logits, temperature)
    called, points = called_class(y_prob), {}
    for index, (name, sensitivity) in (required or {}).items():
        positive = y_true == index
        threshold = highest_threshold(np.sort(y_prob[positive, index]), sensitivity)
        if threshold is not None and (called[positive] == index).mean() < sensitivity:
            points[name] = threshold
    return Calibration(
        operating_points=points,
        required_sensitivity={name: share for name, share in (required or {}).values()},
        temperature=temperature,
        fitted_on=fitted_on,
        n=len(y_true),
        nll_before=round(negative_log_likelihood(logits, y_true), 5),
        nll_after=round(negative_log_likelihood(logits / temperature, y_true), 5),
    )


def missing_thresholds(
    calibration: Calibration,
    required: Mapping[int, tuple[str, float]],
    y_true: NDArray[np.int64],
) -> Iterator[str]:
    """Yield a sentence for each required threshold that does not ship, with the reason."""
    for index, (name, share) in required.items():
        if name in calibration.operating_points:
            continue
        n = int((y_true == index).sum())
        why = (
            f"the most probable class finds {share:.0%} of its {n:,} pictures already"
            if n
            else "no picture of it is among those that the threshold is chosen on"
        )
        yield f"No threshold of {name} is shipped: {why}."


def required_by_class(
    required: Mapping[str, float], task: TaskSpec
) -> dict[int, tuple[str, float]]:
    """Return what the shipped thresholds must find, as ``calibrate`` takes it.

    Raises
    ------
    TrainingError
        If one is no finding of the task.
    """
    check_required(required, task)
    return {task.class_names.index(name): (name, share) for name, share in required.items()}


def cross_fitted_probabilities(
    logits: NDArray[np.float64], y_true: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return calibrated probabilities, the temperature of each fold fitted on the other folds.

    So no temperature is fitted to the labels that it is judged by. The networks of the other folds,
    whose outputs it is fitted on, did learn from these pictures.
    """
    y_prob = np.empty_like(logits)
    for fold in np.unique(folds):
        inside = folds == fold
        temperature = fit_temperature(logits[~inside], y_true[~inside])
        y_prob[inside] = apply_temperature(logits[inside], temperature)
    return y_prob


def deal_groups(data: TrainingSet, rows: Rows, *, n_folds: int, seed: int) -> Rows:
    """Return a fold for each row: whole groups, dealt class by class after a shuffle.

    Unlike stored folds it takes any number of groups: it only sets the gate's threshold.
    """
    rng = np.random.default_rng([seed, 53])
    names = data.group[rows].astype(str)
    fold_of: dict[str, int] = {}
    for label in np.unique(data.y_true[rows]):
        for name in rng.permutation(np.unique(names[data.y_true[rows] == label])).tolist():
            fold_of.setdefault(name, len(fold_of) % n_folds)
    return np.array([fold_of[name] for name in names.tolist()], np.int64)


def check_gate(job: TrainingJob) -> None:
    """Refuse pictures that are too few to fit the gate on, before anything is fitted.

    Raises
    ------
    TrainingError
        If there are fewer than five groups, or fewer pictures than a gate compares with where some
        groups are left out.
    """
    config, data = job.config, job.data
    rows = job.rows("train", "validation", "calibration")
    known = thin(data, rows, per_group=config.per_group or len(data))
    if not config.is_stem_frozen:
        _refuse_few(int(np.isin(known, job.rows(*job.fitted_parts)).sum()), "are fitted on")
        return
    _refuse_few_groups(data.group[known])
    dealt = deal_groups(data, known, n_folds=GATE_FOLDS, seed=config.seed)
    _refuse_few(_least_outside(dealt), "are left when some groups are left out to set its limit")
    if job.folds is not None:
        _refuse_few(_least_outside(job.folds), "lie outside the largest fold")


def _least_outside(folds: Rows) -> int:
    """Return how many pictures there are beside those of the largest fold."""
    return len(folds) - int(np.bincount(folds).max())


def _refuse_few(n: int, where: str) -> None:
    if n < N_NEIGHBOURS:
        raise TrainingError(
            f"The gate compares a picture with its {N_NEIGHBOURS} nearest; only {n} {where}.",
            remedy="Give more pictures, in more groups.",
        )


def _refuse_few_groups(groups: NDArray[Any]) -> None:
    n_groups = len(set(groups.tolist()))
    if n_groups < GATE_FOLDS:
        raise TrainingError(
            f"The gate needs at least {GATE_FOLDS} groups outside the test part to set its "
            f"threshold; there are {n_groups}.",
            remedy="Give more series, patients or slides.",
        )


@dataclass(frozen=True, slots=True)
class GateSettings:
    """As ``fit_gate``: share of held-out pictures inside, most prototypes."""

    quantile: float
    at_most: int


def frozen_gate(
    features: FloatArray, data: TrainingSet, rows: Rows, *, settings: GateSettings, seed: int
) -> Gate:
    """Return the gate over frozen features, its threshold from groups left out in turn.

    Parameters
    ----------
    features : ndarray of shape (m, n_gate)
        Gate features of ``rows``.
    data : TrainingSet
    rows : ndarray of shape (m,), int64
    settings : GateSettings
    seed : int
        Of the folds.

    Raises
    ------
    TrainingError
        If there are fewer than five groups.
    """
    groups = data.group[rows]
    _refuse_few_groups(groups)
    folds = deal_groups(data, rows, n_folds=GATE_FOLDS, seed=seed)
    distances = out_of_fold_distances(features, groups, folds, at_most=settings.at_most)
    return fit_gate(
        features,
        groups,
        held_out_distances=distances,
        quantile=settings.quantile,
        at_most=settings.at_most,
    )


def trained_gate(
    features: FloatArray,
    groups: NDArray[Any],
    unseen: FloatArray,
    *,
    settings: GateSettings,
) -> Gate:
    """Return the gate over features that were trained too.

    They know their own training groups (``features``), so the threshold comes from pictures of
    other groups (``unseen``), measured by the same network.
    """
    options = {"quantile": settings.quantile, "at_most": settings.at_most}
    draft = fit_gate(features, groups, held_out_distances=np.ones(1), **options)  # type: ignore[arg-type]
    return fit_gate(features, groups, held_out_distances=draft.distances(unseen), **options)  # type: ignore[arg-type]


def is_blank(gate: Gate, data: TrainingSet, rows: Rows) -> NDArray[np.bool_]:
    """Return whether each row shows nothing at all, shape (m,)."""
    return np.array([data.pixels[row].std() < gate.min_std for row in rows.tolist()], bool)


def is_refused(
    gate: Gate, data: TrainingSet, rows: Rows, features: FloatArray
) -> NDArray[np.bool_]:
    """Return whether the gate refuses each row, shape (m,)."""
    return is_blank(gate, data, rows) | (gate.distances(features) > gate.threshold)
