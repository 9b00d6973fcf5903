"""Histogram equalisation of the luminance: every grey level about equally often."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class HistogramEqualisation(SameSize):
    """Equalise Y of YCrCb (ITU-R BT.601) over the whole picture; chroma stays.

    >>> HistogramEqualisation()(np.array([[7, 7], [8, 9]], np.uint8)).tolist()
    [[0, 0], [128, 255]]
    """

    kind = "histogram_equalisation"

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Equalise (rows, columns[, 3]) uint8."""
        if pixels.ndim == 2:
            return np.asarray(cv2.equalizeHist(pixels), dtype=np.uint8)
        y, cr, cb = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb))
        equal = cv2.merge((cv2.equalizeHist(y), cr, cb))
        return np.asarray(cv2.cvtColor(equal, cv2.COLOR_YCrCb2RGB), dtype=np.uint8)
