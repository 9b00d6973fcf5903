"""Gaussian filter: smooths noise, and whatever is as fine as noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import number
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class GaussianFilter(SameSize):
    """Convolution with a Gaussian of standard deviation ``sigma`` pixels; the edge is mirrored.

    >>> GaussianFilter(sigma=1.5).name
    'gaussian_filter_1.5'
    """

    kind = "gaussian_filter"

    sigma: float = number(0.3, 20, default=1.0)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Filter (rows, columns[, 3]) uint8, each channel alone."""
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), self.sigma), dtype=np.uint8)
