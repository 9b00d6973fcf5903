"""Resampled figures: cases, or whole groups, drawn with replacement, all figures from one draw.

A figure of a resample needs only sums: of confusion cells, of calibration bins, of positives and
negatives a score. So the sums are stored once a unit (a case or a group) and a thousand resamples
are products of a sparse matrix with a matrix of how often each unit was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.evaluation import rates
from core.evaluation.calibration_error import (
    N_BINS,
    brier_of_cases,
    confidence_bins,
    ece_of_sums,
)
from core.evaluation.confusion import called_class, one_vs_rest
from core.evaluation.ranking import Ranking, rank

N_RESAMPLES = 1000
SEED = 20261121  # fixed, so that the same run gives the same interval everywhere
_BLOCK_CELLS = 1_000_000  # cells of a matrix held at a time: 4 MB, about a processor cache


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Figures of each resample; NaN where undefined.

    Attributes
    ----------
    n_units : int
        Number of cases or groups that were drawn from.
    summary : dict of name to ndarray of shape (n_resamples,)
        ``accuracy, balanced_accuracy, macro_f1, ece, brier``.
    per_class : dict of name to ndarray of shape (n_resamples, n_classes)
        ``f1``, and ``auc, average_precision`` where asked for.
    """

    n_units: int
    summary: dict[str, NDArray[np.float64]]
    per_class: dict[str, NDArray[np.float64]]


def draw_counts(rng: np.random.Generator, *, n_units: int, n_resamples: int) -> NDArray[np.float32]:
    """Return how often each unit is drawn when n_units are drawn with replacement.

    Shape (n_units, n_resamples), float32; each column sums to n_units.
    """
    drawn = rng.integers(0, n_units, size=(n_units, n_resamples), dtype=np.int64)
    drawn *= n_resamples
    drawn += np.arange(n_resamples)
    counts = np.bincount(drawn.ravel(), minlength=n_units * n_resamples)
    return counts.astype(np.float32).reshape(n_units, n_resamples)


def resample(
    y_true: NDArray[np.int64],
    y_prob: NDArray[np.float64],
    unit: NDArray[np.int64],
    *,
    with_ranking: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Replicates:
    """Return the figures of ``n_resamples`` resamples of units.

    Parameters
    ----------
    y_true : ndarray of shape (n,), int64
    y_prob : ndarray of shape (n, n_classes), float64
    unit : ndarray of shape (n,), int64
        What is drawn as a whole, 0..n_units-1: ``arange(n)`` for cases, or the group's index.
    with_ranking : bool
        Whether AUC and average precision are wanted: they cost most of the time.
    """
    n_classes, n_units = y_prob.shape[1], int(unit.max()) + 1
    sums = _sums(y_true, y_prob, unit)
    rankings: list[Ranking] = []
    if with_ranking:
        rankings = [rank(y_prob[:, k], y_true == k, unit) for k in range(n_classes)]
    rng = np.random.default_rng(seed)
    rows = max([n_units, *(ranking.n_bins for ranking in rankings)])
    block = max(1, min(n_resamples, _BLOCK_CELLS // rows))
    parts: list[tuple[NDArray[Any], ...]] = []
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        weights = draw_counts(rng, n_units=n_units, n_resamples=size)
        scores = [ranking.scores(weights) for ranking in rankings]
        areas = np.array([area for area, _ in scores])
        precisions = np.array([precision for _, precision in scores])
        parts.append(((sums @ weights).T, areas.T, precisions.T))
    totals, areas, precisions = (np.concatenate(items) for items in zip(*parts, strict=True))
    replicates = _figures(totals, n_classes=n_classes, n_units=n_units)
    if with_ranking:
        replicates.per_class.update(auc=areas, average_precision=precisions)
    return replicates


def _sums(y_true: NDArray[np.int64], y_prob: NDArray[np.float64], unit: NDArray[np.int64]) -> Any:
    """Return a sparse (n_sums, n_units) matrix: confusion cells, calibration bins, Brier score."""
    n, n_classes = y_prob.shape
    called = called_class(y_prob)
    confidence = y_prob[np.arange(n), called]
    bins = confidence_bins(confidence)
    cells = n_classes**2
    right = called == y_true
    rows = np.concatenate(
        (
            y_true * n_classes + called,
            cells + bins,
            (cells + N_BINS + bins)[right],
            cells + 2 * N_BINS + bins,
            np.full(n, cells + 3 * N_BINS),
        )
    )
    ones = np.ones(n)
    values = np.concatenate(
        (ones, ones, ones[right], confidence, brier_of_cases(y_true, y_prob))
    ).astype(np.float32)
    columns = np.concatenate((unit, unit, unit[right], unit, unit))
    return csr_array((values, (rows, columns)), shape=(cells + 3 * N_BINS + 1, int(unit.max()) + 1))


def _figures(totals: NDArray[Any], *, n_classes: int, n_units: int) -> Replicates:
    """Return the figures from sums of shape (n_resamples, n_sums); see :func:`_sums`."""
    cells = n_classes**2
    confusion = totals[:, :cells].reshape(-1, n_classes, n_classes).astype(np.float64)
    n, right, confidence = np.split(totals[:, cells:-1], 3, axis=1)
    summary = {
        "accuracy": rates.accuracy(confusion),
        "balanced_accuracy": rates.balanced_accuracy(confusion),
        "macro_f1": rates.macro_f1(confusion),
        "ece": ece_of_sums(n, right, confidence),
        "brier": rates.ratio(totals[:, -1], n.sum(axis=1)),
    }
    return Replicates(n_units, summary, {"f1": rates.f1(one_vs_rest(confusion))})
