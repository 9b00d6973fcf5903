"""How alike two maps are: rank correlation, structural similarity, both on a common grid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from core.domain import FloatArray
from core.errors import ArgumentError

COMMON = (28, 28)
"""Cells on which maps of different grids are compared; more would only repeat each other."""

# Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13:600 (2004).
_SIGMA, _RADIUS = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2


def rank_correlation(first: FloatArray, second: FloatArray) -> float | None:
    """Return Spearman's rank correlation of two maps of one shape; None where one is flat.

    >>> rank_correlation(np.array([[1.0, 2.0, 9.0]]), np.array([[0.1, 0.2, 0.3]]))
    1.0

    Raises
    ------
    ArgumentError
        If the shapes differ.
    """
    if first.shape != second.shape:
        raise ArgumentError(
            f"Maps of the shapes {first.shape} and {second.shape} cannot be compared.",
            remedy="Stretch them over the same picture first.",
        )
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    ranks = [rankdata(item.ravel()) for item in (first, second)]
    centred = [item - item.mean() for item in ranks]
    product = float(centred[0] @ centred[1])
    return product / float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))


def on_common_grid(grid: FloatArray) -> FloatArray:
    """Return a raw grid on 28 x 28 cells: means of a finer one, between cells of a coarser one."""
    finer = grid.shape[0] >= COMMON[0] and grid.shape[1] >= COMMON[1]
    how = cv2.INTER_AREA if finer else cv2.INTER_LINEAR
    made = cv2.resize(np.ascontiguousarray(grid, np.float32), COMMON[::-1], None, 0, 0, how)
    return np.asarray(made, np.float32)


def agreement(grids: Sequence[FloatArray]) -> float | None:
    """Return the mean pairwise rank correlation of maps of one class by several methods.

    Parameters
    ----------
    grids : sequence of ndarray of shape (grid_rows, grid_columns)
        Raw maps of any resolution, all over the same input.

    Returns
    -------
    float in [-1, 1] or None
        None where fewer than two maps hold anything but one value.
    """
    common = [on_common_grid(grid) for grid in grids]
    pairs = [rank_correlation(a, b) for a, b in combinations(common, 2)]
    defined = [value for value in pairs if value is not None]
    return float(np.mean(defined)) if defined else None


def structural_similarity(first: FloatArray, second: FloatArray) -> float:
    """Return the mean structural similarity (Wang et al. 2004) of two maps in 0..1.

    Gaussian windows of 11 x 11 pixels (standard deviation 1.5), data range 1, the border of half
    a window left out: what scikit-image gives with ``gaussian_weights`` and population variances.

    Raises
    ------
    ArgumentError
        If the shapes differ, or a side is shorter than a window.
    """
    if first.shape != second.shape or min(first.shape) < 2 * _RADIUS + 1:
        raise ArgumentError(
            f"Maps of the shapes {first.shape} and {second.shape} cannot be compared.",
            remedy="Give two maps of one size, at least 11 x 11.",
        )
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _smooth(a), _smooth(b)
    variances = _smooth(a * a) - mean_a**2 + _smooth(b * b) - mean_b**2
    covariance = _smooth(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    local = light * (2 * covariance + _C2) / (variances + _C2)
    return float(local[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].mean())


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    return np.asarray(cv2.GaussianBlur(values, side, _SIGMA, borderType=cv2.BORDER_REFLECT))
