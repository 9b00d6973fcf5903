"""Canny edges: one-pixel lines where the luminance changes most."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray
from core.errors import RecipeError
from core.preprocessing.colour import luminance, shaped_like
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class CannyEdges(SameSize):
    """Edges by Canny (IEEE PAMI 8, 1986), of the luminance: 255 on an edge, else 0.

    A line starts where ``|across| + |down|`` of Sobel's 3 x 3 kernels is at least ``high`` and goes
    on while it is at least ``low``; a straight edge from 0 to 255 has 1020. Smooth before it.

    >>> CannyEdges().name
    'canny_edges_50_150'
    """

    kind = "canny_edges"

    low: int = whole(0, 2040, default=50)
    high: int = whole(1, 2040, default=150)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise RecipeError(
                f"{self.kind}: low is {self.low} and high is {self.high}.",
                remedy="Give a low that is below high.",
                column="low",
            )

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Return the edges of (rows, columns[, 3]) uint8 in as many, equal channels."""
        edges = np.asarray(cv2.Canny(luminance(pixels), self.low, self.high), dtype=np.uint8)
        return shaped_like(edges, pixels)
