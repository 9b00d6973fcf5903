"""Score-CAM (Wang et al., CVPR Workshops 2020): each channel weighs what it shows on its own.

A channel of the last feature map, stretched over the picture and scaled to 0..1, masks the picture
(black where it is 0); the softmax probability of the class on what is left is the weight of the
channel: relu(sum_k w_k A_k), as in the authors' code and in tf-keras-vis. No gradient is needed.
The map has the unit of an activation times a probability: it has no logit unit.

All channels cost one pass each. The default groups channels that light up in the same places
(k-means of their scaled maps), masks with each group's mean and gives its weight to all its
channels: the map of all channels at a small part of its cost (docs/explanations.md says how near).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.saliency.masks import (
    BlackBoxWithMap,
    Score,
    masked_scores,
    only_picture,
    softmax,
    stretched,
)
from core.saliency.raw_maps import RawMaps, Watch

N_MASKS = 48
_ROUNDS = 12  # of k-means: the groups hardly move after ten


def explain(
    probe: BlackBoxWithMap,
    batch: FloatArray,
    classes: Sequence[int],
    *,
    n_masks: int | None = N_MASKS,
    watch: Watch | None = None,
) -> RawMaps:
    """Return the raw maps of several classes of one picture (1, rows, columns, 3), 0..255.

    The probe gives logits and the feature map; see ``score_cam``.
    """
    picture = only_picture(batch)
    feature_map = probe.passes(batch).feature_map[0]
    grids = score_cam(probe.logits, picture, feature_map, classes, n_masks=n_masks, watch=watch)
    return RawMaps(grids, "feature_map")


def score_cam(
    score: Score,
    picture: FloatArray,
    feature_map: FloatArray,
    classes: Sequence[int],
    *,
    n_masks: int | None = N_MASKS,
    watch: Watch | None = None,
) -> FloatArray:
    """Return the raw maps of several classes from one set of passes.

    Parameters
    ----------
    score : callable
        Pictures -> logits.
    picture : ndarray of shape (rows, columns, 3), 0..255
    feature_map : ndarray of shape (grid_rows, grid_columns, n_channels)
        Of that picture.
    classes : sequence of int
    n_masks : int or None
        Groups of channels; None, or as many as there are channels: every channel by itself.
    watch : Watch or None

    Returns
    -------
    ndarray of shape (len(classes), grid_rows, grid_columns), float32, >= 0

    Raises
    ------
    ModelVersionError
        If the network gives no feature map.
    """
    if feature_map.ndim != 3 or not feature_map.size:
        raise ModelVersionError(
            "The network gives no feature map to take masks from.",
            remedy="Choose occlusion or RISE, which need none.",
        )
    scaled, alive = scaled_channels(feature_map)
    grids = np.zeros((len(classes), *feature_map.shape[:2]), np.float32)
    if not len(alive):
        return grids
    group = group_channels(scaled, n_masks) if n_masks else np.arange(len(alive))
    shared = group_masks(scaled, group).reshape(-1, *feature_map.shape[:2])

    def masks(start: int, stop: int) -> FloatArray:
        return stretched(shared[start:stop], (picture.shape[0], picture.shape[1]))

    found = masked_scores(score, picture, masks, len(shared), watch=watch)
    weights = softmax(found)[:, list(classes)][group]
    summed = np.tensordot(weights.T, np.moveaxis(feature_map[:, :, alive], -1, 0), axes=1)
    return np.asarray(np.maximum(summed, 0.0), np.float32)


def scaled_channels(feature_map: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the channels scaled to 0..1, (n_alive, n_places), and which ones they are.

    A channel that is the same everywhere masks nothing and is left out.
    """
    flat = feature_map.reshape(-1, feature_map.shape[2]).T
    low, high = flat.min(axis=1), flat.max(axis=1)
    alive = np.flatnonzero(high - low > 1e-6 * float(np.abs(high).max(initial=0.0)))
    scaled = (flat[alive] - low[alive, None]) / (high - low)[alive, None]
    return np.asarray(scaled, np.float32), alive


def group_channels(scaled: FloatArray, n_groups: int) -> NDArray[np.int64]:
    """Return the group of each channel, shape (n_channels,), by k-means without chance.

    The first centre is the mean; each next one is the channel farthest from those before.
    """
    if n_groups >= len(scaled):
        return np.arange(len(scaled))
    centres = [scaled.mean(axis=0)]
    nearest = np.full(len(scaled), np.inf, np.float32)
    for _ in range(n_groups):
        nearest = np.minimum(nearest, np.square(scaled - centres[-1]).sum(axis=1))
        centres.append(scaled[int(np.argmax(nearest))])
    middle = np.stack(centres[1:])
    lengths = np.square(scaled).sum(axis=1)[:, None]
    group = np.zeros(len(scaled), np.int64)
    for _ in range(_ROUNDS):
        away = lengths - 2 * scaled @ middle.T + np.square(middle).sum(axis=1)
        group = np.argmin(away, axis=1)
        member = np.equal.outer(np.arange(len(middle)), group).astype(np.float32)
        n = member.sum(axis=1)
        middle[n > 0] = (member @ scaled)[n > 0] / n[n > 0, None]
    return np.asarray(np.unique(group, return_inverse=True)[1], np.int64)


def group_masks(scaled: FloatArray, group: NDArray[np.int64]) -> FloatArray:
    """Return each group's mean map, scaled to 0..1 again: (n_groups, n_places)."""
    member = np.equal.outer(np.arange(int(group.max()) + 1), group).astype(np.float32)
    mean = (member @ scaled) / member.sum(axis=1, keepdims=True)
    low, high = mean.min(axis=1, keepdims=True), mean.max(axis=1, keepdims=True)
    return np.asarray((mean - low) / np.maximum(high - low, 1e-6), np.float32)
