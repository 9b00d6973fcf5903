"""Area under the ROC curve and average precision, exact with ties, for any weights of the cases.

A :class:`Ranking` sorts the scores once. Every later figure, on the cases themselves or on a
thousand resamples, is two sparse products and a running sum over the distinct scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.evaluation.rates import ratio

MOST_BINS = 20_000  # for resamples: no fewer than any run has whose cases are drawn one by one


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Cases of one class against the rest, in bins of descending score.

    Cases of equal score share a bin. Neighbouring bins without a positive case are merged: that
    changes neither figure, and a good ranking shrinks to little more than its positives.

    Attributes
    ----------
    positive, negative : scipy CSR array of shape (n_bins, n_units), float32
        How many cases of each unit (a case or a group) fall into each bin.
    """

    positive: Any
    negative: Any

    @property
    def n_bins(self) -> int:
        """Number of bins of distinct score."""
        return int(self.positive.shape[0])

    def scores(
        self, weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (AUC, average precision) for each column of weights.

        Parameters
        ----------
        weights : ndarray of shape (n_units, n_resamples), float32
            How often each unit was drawn.

        Returns
        -------
        tuple of ndarray of shape (n_resamples,), float64
            NaN where no positive case (both) or no negative case (AUC) was drawn.
        """
        # Sums of counts stay exact in single precision up to 16 million cases, and cost a quarter.
        positive, negative = self.positive @ weights, self.negative @ weights
        found = np.cumsum(positive, axis=0)
        n_positive = found[-1].astype(np.float64)
        n_negative = negative.sum(axis=0, dtype=np.float64)
        # A negative is ranked below all positives of earlier bins, and ties with its own bin's.
        auc = ratio(_dot(negative, found - 0.5 * positive), n_positive * n_negative)
        flagged = np.cumsum(negative, axis=0)
        flagged += found
        np.maximum(flagged, 1.0, out=flagged)  # before the first drawn case: 0 / 0, counted 0
        np.divide(found, flagged, out=found)
        return auc, ratio(_dot(positive, found), n_positive)


def _dot(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sum over bins of left * right for each resample, added in double precision."""
    out: NDArray[np.float64] = np.einsum("ij,ij->j", left, right, dtype=np.float64)
    return out


def score_bins(scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the bin of each case, 0 for the highest score; see :class:`Ranking`.

    >>> score_bins(np.array([0.9, 0.1, 0.5, 0.5, 0.2]), np.array([1, 0, 1, 0, 0]) > 0).tolist()
    [0, 2, 1, 1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    starts = np.r_[True, ranked[1:] != ranked[:-1]]
    bins = np.cumsum(starts) - 1
    has_positive = np.bincount(bins, weights=is_positive[order]) > 0
    keeps = np.r_[True, has_positive[1:] | has_positive[:-1]]
    merged = np.cumsum(keeps) - 1
    out = np.empty(len(scores), dtype=np.int64)
    out[order] = merged[bins]
    return out


def coarser(bins: NDArray[np.int64], *, most: int = MOST_BINS) -> NDArray[np.int64]:
    """Return the bins merged, neighbour with neighbour, to at most ``most``.

    What merging changes in a figure is the same for every resample of the cases (1e-5 of an
    average precision of a million cases, less of an AUC): take it off, and less than 1e-6 is left.

    >>> coarser(np.array([0, 1, 2, 3]), most=2).tolist()
    [0, 0, 1, 1]
    """
    n_bins = int(bins.max()) + 1
    return bins if n_bins <= most else bins * most // n_bins


def rank(
    bins: NDArray[np.int64], is_positive: NDArray[np.bool_], unit: NDArray[np.int64]
) -> Ranking:
    """Return the ranking of one class against the rest.

    Parameters
    ----------
    bins : ndarray of shape (n,), int64
        Bin of each case, see :func:`score_bins`.
    is_positive : ndarray of shape (n,), bool
    unit : ndarray of shape (n,), int64
        Index of the unit that is resampled as a whole: the case itself, or its group.
    """
    shape = (int(bins.max()) + 1, int(unit.max()) + 1)

    def counts(chosen: NDArray[np.bool_]) -> Any:
        ones = np.ones(int(chosen.sum()), dtype=np.float32)
        return csr_array((ones, (bins[chosen], unit[chosen])), shape=shape)

    return Ranking(counts(is_positive), counts(~is_positive))


def auc(scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Return the share of (positive, negative) pairs in the right order, ties counting half.

    NaN without a positive or without a negative case.

    >>> auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    return areas(score_bins(scores, is_positive), is_positive)[0]


def average_precision(scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Return the mean PPV over the positives, each at its own score; NaN without a positive.

    The step-wise sum (no interpolation), as scikit-learn defines it; equal scores form one step.

    >>> average_precision(np.array([0.9, 0.5, 0.1]), np.array([True, False, True]))
    0.8333333333333333
    """
    return areas(score_bins(scores, is_positive), is_positive)[1]


def areas(bins: NDArray[np.int64], is_positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return (AUC, average precision) of cases in bins of descending score."""
    n_bins = int(bins.max()) + 1
    positive = np.bincount(bins[is_positive], minlength=n_bins).astype(np.float64)
    negative = np.bincount(bins[~is_positive], minlength=n_bins).astype(np.float64)
    found = np.cumsum(positive)
    flagged = found + np.cumsum(negative)
    n_positive, n_negative = found[-1], negative.sum()
    if n_positive == 0:
        return float("nan"), float("nan")
    pairs = float(negative @ (found - 0.5 * positive))
    area_under = pairs / (n_positive * n_negative) if n_negative else float("nan")
    return float(area_under), float((positive * found / flagged).sum() / n_positive)
