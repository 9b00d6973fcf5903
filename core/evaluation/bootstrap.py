"""Resampled figures: cases, or whole groups, drawn with replacement, all figures from one draw.

A figure of a resample needs only sums: of confusion cells, of calibration bins, of positives and
negatives a score. So the sums are stored once a unit (a case or a group) and a thousand resamples
are products of a sparse matrix with a matrix of how often each unit was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from core.evaluation.confusion import Cells, Labels, called_class, one_vs_rest
from core.evaluation.ranking import rank

N_RESAMPLES = 1000
SEED = 20261121  # fixed, so that the same run gives the same interval everywhere
N_BUNDLES = 20_000  # cases are drawn one by one up to here, in as many bundles above
AVERAGES = ("macro", "weighted")
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
        ``sensitivity, specificity, ppv, npv, f1``, and ``auc, average_precision`` where asked for.
    n_true : ndarray of shape (n_resamples, n_classes)
        Number of true cases of each class.
    """

    n_units: int
    summary: dict[str, NDArray[np.float64]]
    per_class: dict[str, NDArray[np.float64]]
    n_true: NDArray[np.float64]

    def average(self, name: str, kind: str) -> NDArray[np.float64]:
        """Return the mean over classes of a figure: ``kind`` is "macro" or "weighted"."""
        return rates.class_mean(self.per_class[name], self.n_true, weighted=kind == "weighted")


def case_units(n: int, *, most: int = N_BUNDLES) -> NDArray[np.int64]:
    """Return what is drawn as a whole when cases are taken as independent, shape (n,).

    Each case by itself up to ``most``; above, cases are dealt at random into that many bundles.
    Bundles of independent cases are independent too, and their means scatter as much as
    the cases' do: the interval is the same within the 1 % by which 20,000 units tell a variance,
    and a million cases need no thousand million random numbers.
    """
    if n <= most:
        return np.arange(n)
    return np.random.default_rng(SEED).permutation(n) % most


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
    bins: Sequence[NDArray[np.int64]] = (),
    labels: Labels | None = None,
    n_resamples: int = N_RESAMPLES,
) -> Replicates:
    """Return the figures of ``n_resamples`` resamples of units.

    Parameters
    ----------
    y_true : ndarray of shape (n,), int64
    y_prob : ndarray of shape (n, n_classes), float64
    unit : ndarray of shape (n,), int64
        What is drawn as a whole, 0..n_units-1: :func:`case_units`, or the group's index.
    bins : sequence of ndarray of shape (n,), int64
        Bin of each case's score for each class (:func:`core.evaluation.ranking.score_bins`).
        Empty: AUC and average precision, which cost most of the time, are not wanted.
    labels : Labels or None
        What the figures of each class rest on where a case may hold several classes.
        None: ``y_true`` and the called class.
    """
    n_classes, n_units = y_prob.shape[1], int(unit.max()) + 1
    sums = _sums(y_true, y_prob, unit, labels)
    rankings = [
        rank(of_class, y_true == k if labels is None else labels.held[:, k], unit)
        for k, of_class in enumerate(bins)
    ]
    rng = np.random.default_rng(SEED)
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
    if rankings:
        replicates.per_class.update(auc=areas, average_precision=precisions)
    return replicates


def _sums(
    y_true: NDArray[np.int64],
    y_prob: NDArray[np.float64],
    unit: NDArray[np.int64],
    labels: Labels | None,
) -> Any:
    """Return a sparse (n_sums, n_units) matrix: confusion cells, calibration bins, Brier score.

    Where a case may hold several classes, three more rows a class: held, called, both.
    """
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
    n_sums = cells + 3 * N_BINS + 1
    if labels is not None:
        for marked in (labels.held, labels.called, labels.held & labels.called):
            case, of_class = np.nonzero(marked)
            rows = np.concatenate((rows, n_sums + of_class))
            columns = np.concatenate((columns, unit[case]))
            values = np.concatenate((values, np.ones(len(case), np.float32)))
            n_sums += n_classes
    return csr_array((values, (rows, columns)), shape=(n_sums, int(unit.max()) + 1))


def _figures(totals: NDArray[Any], *, n_classes: int, n_units: int) -> Replicates:
    """Return the figures from sums of shape (n_resamples, n_sums); see :func:`_sums`."""
    cells = n_classes**2
    confusion = totals[:, :cells].reshape(-1, n_classes, n_classes).astype(np.float64)
    brier = cells + 3 * N_BINS
    n, right, confidence = np.split(totals[:, cells:brier], 3, axis=1)
    each = one_vs_rest(confusion)
    if totals.shape[1] > brier + 1:
        held, called, tp = np.split(totals[:, brier + 1 :].astype(np.float64), 3, axis=1)
        rest = confusion.sum(axis=(1, 2))[:, None] - held
        each = Cells(tp, held - tp, called - tp, rest - (called - tp))
    summary = {
        "accuracy": rates.accuracy(confusion),
        "balanced_accuracy": rates.balanced_accuracy(confusion),
        "macro_f1": rates.macro_f1(confusion),
        "ece": ece_of_sums(n, right, confidence),
        "brier": rates.ratio(totals[:, brier], n.sum(axis=1)),
    }
    return Replicates(n_units, summary, rates.per_class(each), each.tp + each.fn)
