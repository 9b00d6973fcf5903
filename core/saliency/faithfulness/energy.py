"""Energy in the region: how much of a map lies on the finding (Wang et al., 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import ArgumentError


def energy_inside(heatmap: FloatArray, region: NDArray[Any]) -> float | None:
    """Return the share of the map's sum that lies inside the region.

    Parameters
    ----------
    heatmap : ndarray of shape (rows, columns), >= 0
    region : ndarray of shape (rows, columns), bool

    Returns
    -------
    float in [0, 1] or None
        None for a map without evidence. A map without a preference gives the region's own share
        of the picture, so it is read beside that.

    Raises
    ------
    ArgumentError
        If the shapes differ.

    Examples
    --------
    >>> energy_inside(np.array([[3.0, 1.0]], np.float32), np.array([[True, False]]))
    0.75
    """
    if heatmap.shape != region.shape:
        raise ArgumentError(
            f"A map of {heatmap.shape} cannot be held against a region of {region.shape}.",
            remedy="Stretch the map over the picture first.",
        )
    total = float(heatmap.sum(dtype=np.float64))
    return float(heatmap[region.astype(bool)].sum(dtype=np.float64)) / total if total > 0 else None
