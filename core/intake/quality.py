"""How good a picture is, 0 to 1, with its reason; defined in docs/quality.md."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.domain import ByteArray, Quality, StudyImage

COPY_SIDE = 256  # longest side of the copy that is measured, so that figures compare between sizes
GOOD = 0.5  # below this a part is worth a word

# (value at which the part is 0, value at which it is 1); how they were chosen: docs/quality.md
_SHARP = (0.002, 0.012)
_CONTRAST = (4.0, 24.0)
_EXTREME = (0.995, 0.90)
_SIDE = (64.0, 224.0)

_WORDS = {
    "blur": "The picture is blurred: hardly any fine detail.",
    "exposure": "The picture is badly exposed: nearly every pixel is black or white.",
    "contrast": "The picture has little contrast.",
    "size": "The picture is small: {columns} x {rows} pixels.",
}


def measure_quality(image: StudyImage) -> Quality:
    """Score blur, exposure, contrast and size of what is shown.

    Parameters
    ----------
    image : StudyImage

    Returns
    -------
    Quality
        ``score``: the worst of the four parts, each in 0..1; ``reason``: one sentence on it.
    """
    grey = grey_copy(image.pixels).astype(np.float32)
    spread = float(grey.std())
    parts = {
        "blur": _ramp(sharpness(grey), _SHARP),
        "exposure": _ramp(_share_of_extremes(grey), _EXTREME),
        "contrast": _ramp(spread, _CONTRAST),
        "size": _ramp(min(image.rows, image.columns), _SIDE),
    }
    worst = min(parts, key=lambda name: parts[name])
    reason = _WORDS[worst].format(rows=image.rows, columns=image.columns)
    if parts[worst] >= GOOD:
        reason = "Sharp, well exposed, with good contrast and size."
    return Quality(round(parts[worst], 3), reason, parts)


def sharpness(grey: NDArray[np.float32]) -> float:
    """Return the variance of the Laplacian over the variance of the picture itself.

    Pech-Pacheco et al., ICPR 2000, divided by the variance so that contrast does not count twice.

    Parameters
    ----------
    grey : ndarray of shape (rows, columns), float32, 0..255

    Returns
    -------
    float
        0 for a constant picture or one smaller than 3 x 3.

    Examples
    --------
    >>> sharpness(np.full((8, 8), 7, np.float32))
    0.0
    """
    variance = float(grey.var())
    if variance == 0 or min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * inner).var()) / variance


def grey_copy(pixels: ByteArray) -> ByteArray:
    """Return a grey copy whose longest side is at most 256; never enlarged."""
    image = Image.fromarray(pixels).convert("L")
    factor = COPY_SIDE / max(image.size)
    if factor < 1:
        size = (max(1, math.ceil(image.width * factor)), max(1, math.ceil(image.height * factor)))
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image)


def _share_of_extremes(grey: NDArray[np.float32]) -> float:
    return float(((grey <= 2) | (grey >= 253)).mean())


def _ramp(value: float, zero_and_one: tuple[float, float]) -> float:
    """Map ``value`` linearly so that the first limit gives 0 and the second 1, clipped."""
    zero, one = zero_and_one
    return min(1.0, max(0.0, (value - zero) / (one - zero)))
