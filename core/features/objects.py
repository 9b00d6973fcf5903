"""The object of a picture where no mask says it: Otsu's threshold, the side that is not the border.

On a radiograph the body is bright on black, on a slide tissue is dark on glass: what fills the edge
of the picture is taken for the background in both.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.domain import ByteArray
from core.features.spec import Mask


def grey_of(pixels: ByteArray) -> ByteArray:
    """Return Y of ITU-R BT.601 of (rows, columns, 3) uint8."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def find_object(pixels: ByteArray) -> Mask:
    """Return the object of a picture, (rows, columns) bool; empty where all pixels are equal.

    Otsu (IEEE SMC 9, 1979) on the luminance; the side that fills less than half of the outermost
    pixels is the object, the bright one where both fill half.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns, 3), uint8
    """
    grey = grey_of(pixels)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, dtype=np.bool_)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    is_bright = grey > threshold
    edge = np.concatenate([is_bright[0], is_bright[-1], is_bright[1:-1, 0], is_bright[1:-1, -1]])
    return np.asarray(is_bright if edge.mean() <= 0.5 else ~is_bright, dtype=np.bool_)


def largest_part(mask: Mask) -> Mask:
    """Return the largest 8-connected part of a mask; empty where the mask is."""
    n, labels, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if n == 1:
        return mask
    largest = 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == largest, dtype=np.bool_)
