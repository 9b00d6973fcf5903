"""LayerCAM of several depths, fused to a finer grid (Jiang et al., IEEE TIP 2021, section III-C).

At a layer with activations A the map is ``relu(sum_k relu(d logit_c / d A_k(p)) A_k(p))``, the
gradient taken place by place; deep maps say what belongs to the class, shallow ones where its
edges are. As in the paper, a shallow map M is lifted by ``tanh(2 M / max(M))``, because its values
are low, and maps are joined by their largest value at each place.

What the paper leaves open and is chosen here: the depths are the ends of the last three
resolutions (of a 224-pixel MobileNet 28 x 28, 14 x 14, 7 x 7), each at a layer that everything
flows through; every map is divided by its own peak and stretched bilinearly to the finest grid;
the joined map is multiplied by the peak of the last layer's map, so that a value is in logit
units again and a class without evidence at the last layer has none in the fused map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.layers import FEATURE_MAP, stage_ends, unnamed_layers
from core.inference.probe import Probe
from core.saliency.masks import stretched
from core.saliency.raw_maps import RawMaps, Watch

N_STAGES = 3
LIFT = 2.0  # gamma of the paper


def layers_to_fuse(probe: Probe, *, n_stages: int = N_STAGES) -> tuple[str, ...]:
    """Return the layers that are fused, deepest (``feature_map``) first.

    Raises
    ------
    ModelVersionError
        If the version does not name its layers, or the network gives no feature map.
    """
    if not probe.layers:
        raise unnamed_layers(probe.name)
    if not probe.has_feature_map:
        raise ModelVersionError(
            f"Model version {probe.name} gives no feature map, so there is nothing to fuse.",
            remedy="Choose another method.",
        )
    (last,) = (row for row in probe.layers if row.name == FEATURE_MAP)
    rows = {row.name: row.output_shape[0] for row in probe.layers if row.has_map}
    finer = [name for name in stage_ends(probe.layers) if rows[name] > last.output_shape[0]]
    return (FEATURE_MAP, *finer[: n_stages - 1])


def has_depths(probe: Probe) -> bool:
    """Return whether the network has layers to fuse: finer ones that everything flows through.

    The version must name its layers and give a feature map.
    """
    return len(layers_to_fuse(probe)) > 1


def layer_cams(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Return LayerCAM of one layer, (n_classes, rows, columns), in logit units.

    Parameters
    ----------
    activations : ndarray of shape (rows, columns, n_channels)
    gradients : ndarray of shape (n_classes, rows, columns, n_channels)
        Of the logits with respect to the activations.
    """
    summed = np.einsum("crqk,rqk->crq", np.maximum(gradients, 0.0), activations)
    n_places = activations.shape[0] * activations.shape[1]
    return np.asarray(np.maximum(summed, 0.0) * n_places, np.float32)


def fused(maps: Sequence[FloatArray]) -> FloatArray:
    """Fuse the maps of several depths, deepest first; see above.

    Parameters
    ----------
    maps : sequence of ndarray of shape (n_classes, rows, columns), >= 0
        Each layer with its own rows and columns; the last has the finest grid.

    Returns
    -------
    ndarray of shape (n_classes, rows, columns) of the finest grid, float32, >= 0
    """
    size = (maps[-1].shape[1], maps[-1].shape[2])
    peaks = maps[0].max(axis=(1, 2), keepdims=True)
    joined = np.zeros((len(peaks), *size), np.float32)
    for depth, grids in enumerate(maps):
        tops = grids.max(axis=(1, 2), keepdims=True)
        shares = np.divide(grids, tops, out=np.zeros_like(grids), where=tops > 0)
        lifted = shares if depth == 0 else np.tanh(LIFT * shares)
        joined = np.maximum(joined, stretched(lifted, size))
    top = joined.max(axis=(1, 2), keepdims=True)
    whole = np.divide(joined, top, out=np.zeros_like(joined), where=top > 0)
    return np.asarray(whole * peaks, np.float32)


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return the fused maps (n_classes, rows, columns) on the finest of their grids.

    Raises
    ------
    ModelVersionError
        If the version does not name its layers, gives no feature map, or holds an operation that
        cannot be differentiated.
    """
    del watch  # one pass forward and back
    layers = layers_to_fuse(probe)
    activations, gradients = probe.activations_and_gradients(batch, layers, classes)
    maps = [layer_cams(activations[layer], gradients[layer]) for layer in layers]
    return RawMaps(fused(maps), "+".join(layers))
