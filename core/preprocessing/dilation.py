"""Dilation: bright structures grow."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class Dilation(SameSize):
    """The largest value of a ``size`` x ``size`` window, each channel alone.

    >>> Dilation().name
    'dilation_3'
    """

    kind = "dilation"

    size: int = whole(3, 31, default=3, odd=True)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Filter (rows, columns[, 3]) uint8."""
        window = np.ones((self.size, self.size), np.uint8)
        return np.asarray(cv2.dilate(pixels, window), dtype=np.uint8)
