"""Median filter: takes away single bright or dark pixels and keeps edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class MedianFilter(SameSize):
    """Median of a ``size`` x ``size`` window, each channel alone; the edge repeats its pixels.

    >>> MedianFilter().name
    'median_filter_3'
    """

    kind = "median_filter"

    size: int = whole(3, 31, default=3, odd=True)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Filter (rows, columns[, 3]) uint8."""
        return np.asarray(cv2.medianBlur(pixels, self.size), dtype=np.uint8)
