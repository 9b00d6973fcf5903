"""HEAVY: SmoothGrad (Smilkov et al., 2017) through tf-keras-vis: saliency averaged over noise.

The mean of absolute gradients over noisy copies of the picture; the unit is that of Saliency. The
noise is drawn from a fixed seed, so the same picture always gives the same map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.saliency.gradient_network import GradientNetwork
from core.saliency.raw_maps import RawMaps, Watch
from core.saliency.saliency_map import PIXELS
from core.saliency.visualiser import pixel_gradients

N_SAMPLES = 24
NOISE = 0.15  # of the picture's range; the paper finds 0.1 to 0.2 to work
SEED = 0


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
    total, maps = N_SAMPLES * len(classes), []
    for place, class_index in enumerate(classes):
        np.random.seed(SEED)  # tf-keras-vis draws from the global generator
        summed = np.zeros(batch.shape[1:], np.float64)
        for sample in range(N_SAMPLES):
            watch.tell(place * N_SAMPLES + sample, total)
            summed += pixel_gradients(network, batch, class_index, noise=NOISE)
        maps.append(summed.max(axis=-1) / N_SAMPLES)
    return RawMaps(np.stack(maps).astype(np.float32), PIXELS)
