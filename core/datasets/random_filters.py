"""The filters and colours of a recipe as augmentation: the same steps, parameters drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.domain import ByteArray
from core.preprocessing.dilation import Dilation
from core.preprocessing.erosion import Erosion
from core.preprocessing.histogram_equalisation import HistogramEqualisation
from core.preprocessing.hue import turn_hue
from core.preprocessing.median_filter import MedianFilter
from core.preprocessing.saturation import Saturation

_FILTERS: dict[str, type[MedianFilter | Dilation | Erosion]] = {
    "median": MedianFilter,
    "dilation": Dilation,
    "erosion": Erosion,
}


def equalised(pixels: ByteArray, rng: np.random.Generator, *, chance: float) -> ByteArray:
    """Equalise the luminance of a picture, with a probability; 0 draws nothing."""
    if not chance or rng.random() >= chance:
        return pixels
    return HistogramEqualisation()(pixels)


def colour(
    pixels: ByteArray, rng: np.random.Generator, *, saturation: float, hue: float
) -> ByteArray:
    """Draw saturation (a factor from 1-x..1+x) and hue (degrees from -x..x); 0 draws nothing.

    Grey pictures have neither and come back as they are, but the draws are made, so that the same
    seed gives the same change of anything else.
    """
    factor = 1 + rng.uniform(-1, 1) * saturation if saturation else 1.0
    degrees = rng.uniform(-1, 1) * hue if hue else 0.0
    if pixels.ndim == 2:
        return pixels
    if factor != 1:
        pixels = Saturation(factor=factor)(pixels)
    return turn_hue(pixels, degrees) if degrees else pixels


def filtered(
    pixels: ByteArray, rng: np.random.Generator, *, windows: Mapping[str, int]
) -> ByteArray:
    """Run ``median``, ``dilation`` and ``erosion``, each with a window drawn from 3, 5, .. x.

    A window of 0 leaves its filter out and draws nothing.
    """
    for name, most in windows.items():
        if most:
            size = 3 + 2 * int(rng.integers(0, (most - 1) // 2))
            pixels = _FILTERS[name](size=size)(pixels)
    return pixels
