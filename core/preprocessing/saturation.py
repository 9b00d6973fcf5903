"""Saturation: colours stronger or weaker, at the same luminance."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.colour import luminance
from core.preprocessing.parameters import number
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class Saturation(SameSize):
    """Distance of each colour from its grey, times ``factor``: 0 is grey, 1 changes nothing.

    As Pillow's ``ImageEnhance.Color``, rounded instead of cut; what leaves 0..255 is cut there.

    >>> Saturation(factor=1.5).name
    'saturation_1.5'
    """

    kind = "saturation"

    factor: float = number(0, 4, default=1.5)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Change (rows, columns, 3) uint8; grey comes back as a copy."""
        if pixels.ndim == 2:
            return pixels.copy()
        grey = cv2.cvtColor(luminance(pixels), cv2.COLOR_GRAY2RGB)
        changed = cv2.addWeighted(pixels, self.factor, grey, 1 - self.factor, 0)
        return np.asarray(changed, dtype=np.uint8)
