"""The last feature map and the head above it, from which the methods without gradients are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe


def last_map(probe: Probe, batch: FloatArray) -> FloatArray:
    """Return the last feature map of one picture, (grid_rows, grid_columns, n_channels).

    Raises
    ------
    ModelVersionError
        If the network gives none, or it holds values that are not numbers.
    """
    if not probe.has_feature_map:
        raise _no_map(probe)
    found = probe.activations(batch, FEATURE_MAP)
    if not np.isfinite(found).all():
        raise ModelVersionError(
            "The feature map holds values that are not numbers.",
            remedy="Install the model version again.",
        )
    return found


def head_of(probe: Probe, classes: Sequence[int]) -> FloatArray:
    """Return the weights (n_channels, len(classes)) of those classes.

    Raises
    ------
    ModelVersionError
        If the score is not one dense layer on the mean of the last feature map.
    """
    if probe.head_weights is None:
        raise _no_map(probe)
    return np.asarray(probe.head_weights[:, list(classes)], np.float32)


def weighted_sum(feature_map: FloatArray, weights: NDArray[np.float32]) -> FloatArray:
    """Return relu(sum_k weights[k, c] * A_k), (n_classes, grid_rows, grid_columns) float32."""
    flat = feature_map.reshape(-1, feature_map.shape[-1])
    grids = np.maximum((flat @ weights).T, 0.0)
    return np.ascontiguousarray(grids.reshape(-1, *feature_map.shape[:2]), np.float32)


def _no_map(probe: Probe) -> ModelVersionError:
    return ModelVersionError(
        f"Model version {probe.name} gives no feature map with one dense layer on its mean, so "
        "this method has nothing to draw.",
        remedy="Choose occlusion, RISE, a gradient of the pixels, or another version.",
    )
