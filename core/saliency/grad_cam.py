"""Grad-CAM of every class from one forward pass.

Where a network ends in global average pooling and one dense layer, the gradient of logit c with
respect to channel k of the last feature map A is ``W[k, c] / (rows * columns)`` at every place.
Grad-CAM (Selvaraju et al., ICCV 2017) is then, up to that constant, ``relu(sum_k W[k, c] A_k)``:
no gradient is computed.

Scale: the map before relu has ``logit_c - b_c`` as its mean over places. A value is therefore in
logit units: the logit (less the bias) that the class would have if the whole picture looked like
this place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import Explanation, FloatArray
from core.errors import ModelVersionError
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe
from core.saliency.last_map import head_of, last_map, weighted_sum
from core.saliency.raw_maps import RawMaps, Watch
from core.saliency.stretch import stretch

METHOD = "grad_cam"
PEAK_SHARE = 0.999


def class_maps(feature_map: NDArray[Any], head_weights: NDArray[Any]) -> FloatArray:
    """Return the raw grids of all classes.

    Parameters
    ----------
    feature_map : ndarray of shape (grid_rows, grid_columns, n_channels)
        Input of global average pooling, of one picture.
    head_weights : ndarray of shape (n_channels, n_classes)

    Returns
    -------
    ndarray of shape (n_classes, grid_rows, grid_columns), float32, >= 0
        After relu, in logit units.

    Raises
    ------
    ModelVersionError
        If a value is not a number, or the channels differ.

    Examples
    --------
    >>> class_maps(np.array([[[1.0, 2.0]]]), np.array([[1.0, -1.0], [1.0, 0.0]])).tolist()
    [[[3.0]], [[0.0]]]
    """
    if feature_map.ndim != 3 or feature_map.shape[-1] != head_weights.shape[0]:
        raise ModelVersionError(
            f"A feature map of shape {feature_map.shape} does not fit a head of shape "
            f"{head_weights.shape}.",
            remedy="Install the model version again.",
        )
    grids = weighted_sum(feature_map, head_weights)
    if not np.isfinite(grids).all():
        raise ModelVersionError(
            "The heat map holds values that are not numbers.",
            remedy="Install the model version again.",
        )
    return grids


def explain_classes(
    feature_map: NDArray[Any],
    head_weights: NDArray[Any],
    *,
    class_names: Sequence[str],
    layer: str,
) -> tuple[Explanation, ...]:
    """Return the explanation of every class, in class order (see ``class_maps``)."""
    grids = class_maps(feature_map, head_weights)
    return tuple(
        Explanation(name, METHOD, layer, grid.copy(), float(grid.max(initial=0.0)))
        for name, grid in zip(class_names, grids, strict=True)
    )


def upsample(
    grid: FloatArray, rows: int, columns: int, *, padded_to_square: bool = False
) -> FloatArray:
    """Stretch a raw grid over the picture and divide by its own peak.

    Parameters
    ----------
    grid : ndarray of shape (grid_rows, grid_columns), >= 0
    rows, columns : int
        Of the decoded picture.
    padded_to_square : bool
        The recipe centred the picture in a square first: the grid then covers that square, and
        what lies over the padding is cut off.

    Returns
    -------
    ndarray of shape (rows, columns), float32, in [0, 1]
        Bilinear between the centres of the grid's cells. All zeros without positive evidence.
    """
    picture = stretch(grid, rows, columns, padded_to_square=padded_to_square)
    peak = float(picture.max(initial=0.0))
    return picture / np.float32(peak) if peak > 0 else np.zeros_like(picture)


def peak_place(heatmap: FloatArray) -> tuple[float, float] | None:
    """Return (row, column), zero-based, of the centre of mass of the pixels >= 0.999.

    None where the map is empty.

    >>> peak_place(np.array([[0.0, 1.0, 1.0]], np.float32))
    (0.0, 1.5)
    """
    if not heatmap.size or float(heatmap.max()) <= 0:
        return None
    marked = np.argwhere(heatmap >= PEAK_SHARE * float(heatmap.max()))
    weights = heatmap[marked[:, 0], marked[:, 1]].astype(np.float64)
    row, column = np.average(marked, axis=0, weights=weights)
    return float(row), float(column)


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return the maps (n_classes, grid_rows, grid_columns) of one picture, in logit units.

    Raises
    ------
    ModelVersionError
        If the network gives no usable feature map.
    """
    del watch  # one pass: nothing to wait for
    return RawMaps(class_maps(last_map(probe, batch), head_of(probe, classes)), FEATURE_MAP)
