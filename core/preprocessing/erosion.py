"""Erosion: bright structures shrink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class Erosion(SameSize):
    """The smallest value of a ``size`` x ``size`` window, each channel alone.

    >>> Erosion().name
    'erosion_3'
    """

    kind = "erosion"

    size: int = whole(3, 31, default=3, odd=True)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Filter (rows, columns[, 3]) uint8."""
        window = np.ones((self.size, self.size), np.uint8)
        return np.asarray(cv2.erode(pixels, window), dtype=np.uint8)
