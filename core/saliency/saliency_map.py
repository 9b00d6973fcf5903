"""HEAVY: Saliency (Simonyan et al., 2014) through tf-keras-vis: the gradient at the pixels.

The value of a place is the largest absolute derivative of the class's logit over the three
channels, in logits a grey level (0..255). Both signs count: it says where the score is sensitive,
not what speaks for the class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.saliency.gradient_network import GradientNetwork
from core.saliency.raw_maps import RawMaps, Watch
from core.saliency.visualiser import pixel_gradients

PIXELS = "pixels"


def explain(
    network: GradientNetwork,
    batch: FloatArray,
    classes: Sequence[int],
    *,
    watch: Watch | None = None,
) -> RawMaps:
    """Return the maps (n_classes, rows, columns) of one picture, (1, rows, columns, 3) in 0..255.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    """
    watch = watch or Watch()
    maps = []
    for done, class_index in enumerate(classes):
        watch.tell(done, len(classes))
        maps.append(pixel_gradients(network, batch, class_index).max(axis=-1))
    return RawMaps(np.stack(maps).astype(np.float32), PIXELS)
