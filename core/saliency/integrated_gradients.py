"""Integrated gradients (Sundararajan et al., Axiomatic attribution, ICML 2017), from the engine.

The gradient of a class's logit is averaged on the straight path from a black picture to this one
and multiplied by the difference. What all pixels contribute then sums to the difference of the two
logits (completeness), up to the error of the sum over steps, which tests hold. A black pixel
contributes nothing by definition: where a finding is dark, its surroundings carry the map.

The engine differentiates all classes in one pass forward and back; TensorFlow is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.inference.layers import PIXELS
from core.inference.probe import Probe
from core.saliency.raw_maps import RawMaps, Watch

N_STEPS = 64


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return what speaks for each class at every pixel, in logits; what speaks against it is cut.

    Parameters
    ----------
    probe : Probe
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
    classes : sequence of int
    watch : Watch or None

    Raises
    ------
    CancelledError
        If the watch was stopped.
    """
    signed = contributions(probe, batch, classes, watch=watch)
    return RawMaps(np.maximum(signed, 0).astype(np.float32), PIXELS)


def contributions(
    probe: Probe,
    batch: FloatArray,
    classes: Sequence[int],
    *,
    watch: Watch | None = None,
    n_steps: int = N_STEPS,
) -> FloatArray:
    """Return the contribution of every pixel, summed over its channels, of either sign.

    Parameters
    ----------
    probe, batch, classes, watch
        As ``explain``.
    n_steps : int
        Points on the path (midpoint rule).

    Returns
    -------
    ndarray of shape (n_classes, rows, columns), float32, in logits
    """
    watch = watch or Watch()
    picture = np.asarray(batch, np.float32)
    summed = np.zeros((len(classes), *picture.shape[1:]), np.float64)
    for step in range(n_steps):
        watch.tell(step, n_steps)
        point = picture * np.float32((step + 0.5) / n_steps)
        summed += probe.gradients(point, [PIXELS], classes)[PIXELS]
    return np.asarray((summed / n_steps * picture[0]).sum(axis=-1), np.float32)
