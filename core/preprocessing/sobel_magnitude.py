"""Sobel magnitude: how steep the luminance is, whatever the direction."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.colour import luminance, shaped_like
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class SobelMagnitude(SameSize):
    """Length of the gradient by Sobel's kernels of ``size`` x ``size``, of the luminance.

    Scaled so that a straight edge from 0 to 255 gives 255; what is steeper (a corner) is cut there.

    >>> SobelMagnitude()(np.array([[0, 0, 255, 255]] * 3, np.uint8))[1].tolist()
    [0, 255, 255, 0]
    """

    kind = "sobel_magnitude"

    size: int = whole(3, 7, default=3, odd=True)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Return the magnitude of (rows, columns[, 3]) uint8 in as many, equal channels."""
        grey = luminance(pixels)
        across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=self.size).astype(np.float64)
        down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=self.size).astype(np.float64)
        slope, smooth = cv2.getDerivKernels(1, 0, self.size)
        of_an_edge = float(np.abs(slope).sum() / 2 * smooth.sum())
        # Whole numbers up to here; OpenCV's magnitude is rounded otherwise from call to call.
        steepness = np.sqrt(across**2 + down**2) / of_an_edge
        return shaped_like(np.clip(np.rint(steepness), 0, 255).astype(np.uint8), pixels)
