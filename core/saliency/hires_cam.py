"""HiResCAM (Draelos and Carin, 2020, arXiv:2011.08891): gradient times activation, place by place.

``map_c(p) = relu(sum_k d logit_c / d A_k(p) * A_k(p))``. Grad-CAM replaces the gradient of each
channel by its mean over places; HiResCAM does not, so that no place is credited with another's
gradient.

For a network that ends in global average pooling and one dense layer, both are the same map at
the last feature map. Proof: ``logit_c = b_c + 1/P sum_p sum_k W[k, c] A_k(p)`` over P places, so
``d logit_c / d A_k(p) = W[k, c] / P`` at *every* place: the gradient equals its mean, and both
sums are ``1/P sum_k W[k, c] A_k(p)``. Draelos and Carin prove the same (section 3.4). They differ
below the last map only. The unit is that of Grad-CAM: P times the sum, in logit units.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import FloatArray
from core.inference.layers import FEATURE_MAP
from core.inference.probe import Probe
from core.saliency.last_map import head_of, last_map, weighted_sum
from core.saliency.raw_maps import RawMaps, Watch


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return the maps (n_classes, grid_rows, grid_columns) in logit units (see ``class_maps``).

    Raises
    ------
    ModelVersionError
        If the network gives no usable feature map.
    """
    del watch  # one pass: nothing to wait for
    return RawMaps(weighted_sum(last_map(probe, batch), head_of(probe, classes)), FEATURE_MAP)
