"""Resize to a fixed square, with OpenCV's kernels (Pillow's of the same name differ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.step import Step

# Lanczos over 8x8 neighbours, no prefilter: what the publishers of the kidney set used. Area
# averages every source pixel, so downscaling a large film does not alias.
_KERNELS = {"lanczos": cv2.INTER_LANCZOS4, "area": cv2.INTER_AREA}


@dataclass(frozen=True)
class Resize(Step):
    """Resize to ``size`` x ``size`` pixels, on uint8; proportions are not kept.

    A picture that has the size already comes back with the same values.

    >>> Resize("lanczos", 224).name
    'resize_lanczos_224'
    """

    kernel: Literal["lanczos", "area"]
    size: int
    fixes_size: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``resize_<kernel>_<size>``."""
        return f"resize_{self.kernel}_{self.size}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Rows, columns and kernel."""
        return {"rows": self.size, "columns": self.size, "kernel": f"opencv_{self.kernel}"}

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Resize (rows, columns[, 3]) uint8 to (size, size[, 3]) uint8."""
        size = (self.size, self.size)
        resized = cv2.resize(pixels, size, interpolation=_KERNELS[self.kernel])
        return np.asarray(resized, dtype=np.uint8)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return (size, size), whatever comes in."""
        return (self.size, self.size)

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Only a picture of exactly this size."""
        return size == (self.size, self.size)

    @property
    def output_described(self) -> str:
        """Rows x columns."""
        return f"{self.size} x {self.size}"
