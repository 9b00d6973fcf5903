"""The exact contributions of the pixels to a linear score: logistic regression explains itself.

With ``logit_c = b_c + sum_i w[c, i] x_i`` pixel i adds ``w[c, i] x_i`` to the logit, and the
contributions and the bias are the logit: nothing is approximated. The scaling inside the network
is linear without an offset, so x is the picture as it is, 0..255, and black adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.layers import PIXELS
from core.inference.probe import Probe
from core.saliency.raw_maps import RawMaps, Watch


def contributions(probe: Probe, batch: FloatArray, classes: Sequence[int]) -> FloatArray:
    """Return what each pixel adds to each logit, signed: (n_classes, rows, columns) float32.

    The three colours are summed. The sum of a class's contributions is its logit less its bias.

    Raises
    ------
    ModelVersionError
        If a layer of the network bends or compares.
    """
    # Told by its layers: a network of relus without biases would pass any test of sums.
    if not probe.is_linear:
        raise ModelVersionError(
            f"Model version {probe.name} is not linear in the pixels, so what each adds depends on "
            "the others.",
            remedy="Choose another method; this one is for logistic regression.",
        )
    gradients = probe.gradients(batch, [PIXELS], classes)[PIXELS]
    added = (gradients * batch).sum(axis=3, dtype=np.float64)
    return np.asarray(added, np.float32)


def explain(
    probe: Probe, batch: FloatArray, classes: Sequence[int], *, watch: Watch | None = None
) -> RawMaps:
    """Return what speaks *for* each class, (n_classes, rows, columns), in logit units.

    It is the positive part of ``contributions``; what speaks against a class is cut off here.

    Raises
    ------
    ModelVersionError
        If the network is not linear in the pixels.
    """
    del watch  # one pass forward and back
    return RawMaps(np.maximum(contributions(probe, batch, classes), 0.0), PIXELS)
