"""Resize to a fixed size, with OpenCV's kernels (Pillow's of the same name differ)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import Step, read_size, size_words


@dataclass(frozen=True)
class Resize(Step):
    """Resize to ``rows`` x ``columns`` pixels, on uint8; proportions are not kept.

    A picture that has the size already comes back with the same values.
    """

    rows: int = whole(8, 2048)
    columns: int = whole(8, 2048)
    fixes_size: ClassVar[bool] = True
    interpolation: ClassVar[int]

    @classmethod
    def values_of(cls, words: Sequence[str]) -> dict[str, Any]:
        """Read ``224`` or ``224x250``."""
        return read_size(words)

    @property
    def words(self) -> list[str]:
        """``224`` for a square, else ``<rows>x<columns>``."""
        return size_words(self.rows, self.columns)

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Resize (n, m[, 3]) uint8 to (rows, columns[, 3]) uint8."""
        size = (self.columns, self.rows)  # OpenCV counts across first
        return np.asarray(cv2.resize(pixels, size, interpolation=self.interpolation), np.uint8)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return (rows, columns), whatever comes in."""
        return (self.rows, self.columns)

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Only a picture of exactly this size."""
        return size == (self.rows, self.columns)

    @property
    def output_described(self) -> str:
        """Rows x columns."""
        return f"{self.rows} x {self.columns}"


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
