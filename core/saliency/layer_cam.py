"""LayerCAM (Jiang et al., IEEE Transactions on Image Processing 2021) at the last feature map.

``map_c(p) = relu(sum_k relu(d logit_c / d A_k(p)) A_k(p))``: only what raises the score counts, at
each place by itself. With global average pooling and one dense layer the gradient is
``W[k, c] / P`` at every one of P places, so the map is ``1/P sum_k relu(W[k, c]) A_k(p)``: the
positive half of Grad-CAM's sum. Evidence against the class does not cancel evidence for it, which
shows more of an object, and more of what is not one.

Scale: times P, in logit units. The method's own strength lies below the last map, where the
gradient differs from place to place: ``core.saliency.layer_cam_fusion``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe
from core.saliency.last_map import head_of, last_map, weighted_sum
from core.saliency.raw_maps import RawMaps, Watch


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
    weights = np.maximum(head_of(probe, classes), 0.0)
    return RawMaps(weighted_sum(last_map(probe, batch), weights), FEATURE_MAP)
