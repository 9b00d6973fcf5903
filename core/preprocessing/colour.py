"""What filters share: the luminance of a picture, and a grey result in the shape of its source."""

from __future__ import annotations

import cv2
import numpy as np

from core.domain import ByteArray


def luminance(pixels: ByteArray) -> ByteArray:
    """Return Y of ITU-R BT.601, (rows, columns) uint8; grey comes back as it is."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def shaped_like(grey: ByteArray, pixels: ByteArray) -> ByteArray:
    """Return a grey picture with as many channels as ``pixels``, all equal."""
    if pixels.ndim == 2:
        return np.asarray(grey, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
