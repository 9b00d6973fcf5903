"""Two areas under the ROC curve on the same cases: DeLong's test, in n log n.

DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44:837) with the midranks of Sun & Xu (2014,
IEEE Signal Process. Lett. 21:1389). Exact with ties; cases count as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from core.evaluation.intervals import NO_INTERVAL, Z95, Interval

_NO_SPREAD = 1e-12  # a standard error below is rounding


@dataclass(frozen=True, slots=True)
class AreaTest:
    """Two areas and the test of their difference B - A; undefined is None.

    Attributes
    ----------
    auc_a, auc_b, difference : float or None
        None without a positive or without a negative case.
    standard_error : float or None
        Of the difference; None with fewer than two positives or two negatives.
    p : float or None
        Two-sided. 1 where both rank every pair alike; None where there is no standard error, or
        it is 0 although the areas differ.
    """

    auc_a: float | None
    auc_b: float | None
    difference: float | None
    standard_error: float | None
    p: float | None

    @property
    def interval(self) -> Interval:
        """95 % interval of the difference as if cases were independent (normal)."""
        if self.difference is None or not self.standard_error:
            return NO_INTERVAL
        half = Z95 * self.standard_error
        return Interval(max(-1.0, self.difference - half), min(1.0, self.difference + half))


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value from 1, equal values sharing the mean of their ranks.

    >>> midranks(np.array([0.2, 0.9, 0.2, 0.5])).tolist()
    [1.5, 4.0, 1.5, 3.0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return mean[place]


def placements(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return DeLong's structural components of one score.

    Returns
    -------
    tuple of ndarray of shape (n_positive,) and (n_negative,)
        For each positive the share of negatives below it (ties half); for each negative the share
        of positives above it. The mean of either is the area.
    """
    positive, negative = scores[is_positive], scores[~is_positive]
    ranks = midranks(np.concatenate((positive, negative)))
    n_positive, n_negative = len(positive), len(negative)
    of_positive = (ranks[:n_positive] - midranks(positive)) / n_negative
    of_negative = 1 - (ranks[n_positive:] - midranks(negative)) / n_positive
    return of_positive, of_negative


def delong(
    scores_a: NDArray[np.float64],
    scores_b: NDArray[np.float64],
    is_positive: NDArray[np.bool_],
) -> AreaTest:
    """Return both areas and the two-sided test that they are equal.

    Parameters
    ----------
    scores_a, scores_b : ndarray of shape (n,), float64
        Higher means more likely positive.
    is_positive : ndarray of shape (n,), bool
    """
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return AreaTest(None, None, None, None, None)
    pairs_a, pairs_b = placements(scores_a, is_positive), placements(scores_b, is_positive)
    auc_a, auc_b = float(pairs_a[0].mean()), float(pairs_b[0].mean())
    gaps = [b - a for a, b in zip(pairs_a, pairs_b, strict=True)]
    if all(not np.abs(gap).any() for gap in gaps):
        return AreaTest(auc_a, auc_b, 0.0, 0.0, 1.0)
    difference = float(gaps[0].mean())
    if min(n_positive, n_negative) < 2:
        return AreaTest(auc_a, auc_b, difference, None, None)
    # The variance of a difference of means is that of the mean of the paired differences.
    error = sqrt(sum(float(gap.var(ddof=1)) / len(gap) for gap in gaps))
    if error < _NO_SPREAD:
        return AreaTest(auc_a, auc_b, difference, 0.0, None)
    p = 2 * float(ndtr(-abs(difference) / error))
    return AreaTest(auc_a, auc_b, difference, error, p)
