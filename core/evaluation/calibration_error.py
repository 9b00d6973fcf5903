"""Do the probabilities mean what they say? Calibration error, Brier score and reliability bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.intervals import grouped_wilson, wilson
from core.evaluation.rates import ratio

N_BINS = 15


def confidence_bins(confidence: NDArray[np.float64], *, n_bins: int = N_BINS) -> NDArray[np.int64]:
    """Return the bin of each top probability: equal width, (low, high], 0 in the first.

    >>> confidence_bins(np.array([0.0, 0.2, 0.21, 1.0]), n_bins=5).tolist()
    [0, 0, 1, 4]
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)[1:]
    bins = np.searchsorted(edges, confidence, side="left")
    return np.minimum(bins, n_bins - 1).astype(np.int64)


def ece_of_sums(
    n: NDArray[Any], n_right: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the expected calibration error (Guo et al. 2017) from sums a bin, shape (..., n_bins).

    The mean over cases of |share right - mean confidence| of the case's bin, which is the sum of
    |n_right - sum of confidence| over the number of cases.
    """
    total = n.sum(axis=-1, dtype=np.float64)
    gap = np.abs(n_right - confidence).sum(axis=-1, dtype=np.float64)
    return ratio(gap, total)


def brier_of_cases(y_true: NDArray[np.int64], y_prob: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Brier score of each case; their mean is the figure.

    Sum over classes of (probability - outcome)^2, 0..2 (Brier 1950); with two classes half of
    it, 0..1, which is the usual binary score. The same choice as scikit-learn's default.

    >>> brier_of_cases(np.array([1]), np.array([[0.2, 0.8]])).round(6).tolist()
    [0.04]
    """
    gap = y_prob.copy()
    gap[np.arange(len(y_true)), y_true] -= 1.0
    score: NDArray[np.float64] = np.einsum("ij,ij->i", gap, gap)
    return score / 2 if y_prob.shape[1] == 2 else score


def reliability_bins(
    confidence: NDArray[np.float64],
    is_right: NDArray[np.bool_],
    group: NDArray[np.int64] | None,
    *,
    n_bins: int = N_BINS,
) -> pd.DataFrame:
    """Return one row a bin that holds a case: what was promised and what was kept.

    Parameters
    ----------
    confidence : ndarray of shape (n,), float64
        Probability of the called class.
    is_right : ndarray of shape (n,), bool
        Whether the called class is the true one.
    group : ndarray of shape (n,), int64, or None

    Returns
    -------
    DataFrame
        ``bin_low, bin_high, n, mean_probability, observed_rate, low, high, low_grouped,
        high_grouped, n_groups``.
    """
    bins = confidence_bins(confidence, n_bins=n_bins)
    edges, rows = np.linspace(0.0, 1.0, n_bins + 1), []
    for index in np.unique(bins):
        inside = bins == index
        n, n_right = int(inside.sum()), int(is_right[inside].sum())
        low, high = wilson(n_right, n)
        row = {
            "bin_low": float(edges[index]),
            "bin_high": float(edges[index + 1]),
            "n": n,
            "mean_probability": float(confidence[inside].mean()),
            "observed_rate": n_right / n,
            "low": low,
            "high": high,
            "low_grouped": None,
            "high_grouped": None,
            "n_groups": None,
        }
        if group is not None:
            totals = np.bincount(group[inside])
            right = np.bincount(group[inside], weights=is_right[inside])
            row["low_grouped"], row["high_grouped"] = grouped_wilson(right, totals)
            row["n_groups"] = int((totals > 0).sum())
        rows.append(row)
    return pd.DataFrame(rows)
