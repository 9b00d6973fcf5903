"""Resize to a fixed size, with OpenCV's kernels (Pillow's of the same name differ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.step import FixedSize


@dataclass(frozen=True)
class Resize(FixedSize):
    """Resize to ``rows`` x ``columns`` pixels, on uint8; proportions are not kept.

    A picture that has the size already comes back with the same values.
    """

    interpolation: ClassVar[int]

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Resize (n, m[, 3]) uint8 to (rows, columns[, 3]) uint8."""
        size = (self.columns, self.rows)  # OpenCV counts across first
        return np.asarray(cv2.resize(pixels, size, interpolation=self.interpolation), np.uint8)


@dataclass(frozen=True)
class ResizeLanczos(Resize):
    """Lanczos over 8x8 neighbours, no prefilter: what the publishers of the kidney set used.

    >>> ResizeLanczos(rows=224, columns=224).name, ResizeLanczos(rows=224, columns=250).name
    ('resize_lanczos_224', 'resize_lanczos_224x250')
    """

    kind = "resize_lanczos"
    constants: ClassVar[Mapping[str, Any]] = {"kernel": "opencv_lanczos"}
    interpolation = cv2.INTER_LANCZOS4


@dataclass(frozen=True)
class ResizeArea(Resize):
    """Average of every source pixel, so that downscaling a large film does not alias."""

    kind = "resize_area"
    constants: ClassVar[Mapping[str, Any]] = {"kernel": "opencv_area"}
    interpolation = cv2.INTER_AREA
