"""Hue: every colour turned on the wheel by the same angle."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class Hue(SameSize):
    """Turn the hue of HSV by ``degrees``: 120 makes red green; grey has no hue and stays.

    >>> Hue(degrees=120)(np.array([[[200, 0, 0]]], np.uint8)).tolist()
    [[[0, 200, 0]]]
    """

    kind = "hue"

    degrees: int = whole(0, 359, default=20)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Change (rows, columns, 3) uint8; grey comes back as a copy."""
        return pixels.copy() if pixels.ndim == 2 else turn_hue(pixels, float(self.degrees))


def turn_hue(pixels: ByteArray, degrees: float) -> ByteArray:
    """Return RGB pixels (rows, columns, 3) uint8 with the hue turned by an angle.

    In floats: OpenCV's 8-bit hue has steps of 2 degrees.
    """
    hsv = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[:, :, 0] = np.mod(hsv[:, :, 0] + np.float32(degrees), np.float32(360))
    rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return np.asarray(np.clip(np.rint(rgb * 255), 0, 255), dtype=np.uint8)
