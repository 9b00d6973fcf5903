"""Grad-CAM++ (Chattopadhay et al., WACV 2018) in closed form for pooling and one dense layer.

The paper differentiates ``Y = exp(S)``, S the logit, and weighs channel k of the feature map A by
``w_k = sum_p alpha_k(p) relu(dY/dA_k(p))`` with, for this Y (its equation 19),
``alpha_k(p) = g^2 / (2 g^2 + g^3 sum_q A_k(q))`` and ``g = dS/dA_k(p)``.

Here ``g = W[k, c] / P`` at every one of P places, and ``sum_q A_k(q) = P mean(A_k)``, hence
``alpha_k = 1 / (2 + W[k, c] mean(A_k))`` and, up to ``exp(S)`` which all channels share,
``w_k = relu(W[k, c]) / (2 + W[k, c] mean(A_k))``. ``W[k, c] mean(A_k)`` is what the channel adds to
the logit: a channel that carries much of the score already is held back, so that several weak
signs show beside a strong one.

Scale: times 2, so that a channel which adds little has its weight ``W[k, c]`` and a value stays in
logit units. The paper assumes activations after relu; where the mean of a channel is negative
(possible after swish) it is taken as 0, which keeps the denominator positive. The authors' code
and tf-keras-vis also divide alpha by its sum over places; for this head that cancels the
denominator and leaves ``relu(W[k, c])``, which is LayerCAM. The two rank places alike (a test
holds the rank correlation at 0.95 or more).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe
from core.saliency.last_map import head_of, last_map, weighted_sum
from core.saliency.raw_maps import RawMaps, Watch


def channel_weights(feature_map: FloatArray, head_weights: FloatArray) -> FloatArray:
    """Return the weight of every channel for every class, (n_channels, n_classes), >= 0.

    Examples
    --------
    >>> channel_weights(np.full((1, 1, 2), 2.0), np.array([[1.0], [-1.0]])).tolist()
    [[0.5], [0.0]]
    """
    means = np.maximum(feature_map.mean(axis=(0, 1)), 0.0)
    positive = np.maximum(head_weights, 0.0)
    return np.asarray(positive / (1.0 + positive * means[:, None] / 2.0), np.float32)


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return the maps (n_classes, grid_rows, grid_columns), in logit units.

    Raises
    ------
    ModelVersionError
        If the network gives no usable feature map.
    """
    del watch  # one pass: nothing to wait for
    feature_map = last_map(probe, batch)
    weights = channel_weights(feature_map, head_of(probe, classes))
    return RawMaps(weighted_sum(feature_map, weights), FEATURE_MAP)
