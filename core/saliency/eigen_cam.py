"""Eigen-CAM (Muhammad and Yeasin, IJCNN 2020): what the last feature map is mostly made of.

The map is the projection of every place on the first right singular vector of the feature map,
read as a matrix of places by channels and not centred, as in the paper. Neither the head nor a
class enters: **the map is the same for every class**. It says what the network represents most
strongly in this picture, not what speaks for a diagnosis; asked for several classes, it gives the
same grid for each, so that a page can lay it beside the others.

A singular vector is known up to its sign only. It is taken so that the projections sum to
something positive: after relu the activations, and with them the first vector, are not negative
(Perron and Frobenius), and the map is then never empty. The unit is that of an activation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe
from core.saliency.last_map import last_map
from core.saliency.raw_maps import RawMaps, Watch

MOST_TURNS = 200
TOLERANCE = 1e-9  # of the residual, in parts of the eigenvalue


def first_component(feature_map: FloatArray) -> FloatArray:
    """Return the projection on the first right singular vector, after relu.

    Parameters
    ----------
    feature_map : ndarray of shape (grid_rows, grid_columns, n_channels)

    Returns
    -------
    ndarray of shape (grid_rows, grid_columns), float32, >= 0

    Examples
    --------
    >>> first_component(np.array([[[3.0, 4.0], [0.0, 0.0]]])).tolist()
    [[5.0, 0.0]]
    """
    flat = feature_map.reshape(-1, feature_map.shape[-1]).astype(np.float64)
    # A A^T = U S^2 U^T has one row a place, far fewer than channels; A v_1 = s_1 u_1.
    value, vector = _largest(flat @ flat.T)
    projected = vector * np.sqrt(max(value, 0.0))
    if projected.sum() < 0:
        projected = -projected
    grid = np.maximum(projected, 0.0).reshape(feature_map.shape[:2])
    return np.ascontiguousarray(grid, np.float32)


def _largest(gram: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the largest eigenvalue of a positive semi-definite matrix, and its vector.

    By power iteration from the row sums, which converges in a few turns where one vector stands
    out, as it does after relu; where it does not converge, by the whole decomposition.
    """
    vector = gram.sum(axis=0)
    for _ in range(MOST_TURNS):
        size = float(np.linalg.norm(vector))
        if size == 0:
            break
        vector = vector / size
        turned = gram @ vector
        value = float(vector @ turned)
        if np.linalg.norm(turned - value * vector) <= TOLERANCE * value:
            return value, vector
        vector = turned
    values, vectors = np.linalg.eigh(gram)
    return float(values[-1]), vectors[:, -1]


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return the same map (grid_rows, grid_columns) for every class, in activation units.

    Raises
    ------
    ModelVersionError
        If the network gives no feature map.
    """
    del watch  # one pass: nothing to wait for
    grid = first_component(last_map(probe, batch))
    return RawMaps(np.repeat(grid[None], len(classes), axis=0), FEATURE_MAP)
