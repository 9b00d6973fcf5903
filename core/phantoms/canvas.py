"""A canvas in millimetres: shapes are painted in HU at three times the pixel grid, then averaged.

Averaging sub-pixels of the finished drawing is partial volume as a scanner has it: a stone of one
pixel shares its pixel with the fat around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray

Points = NDArray[np.float64]
Point = tuple[float, float]

SIZE = 256
"""Rows and columns of a drawing."""

OVERSAMPLING = 3
_SHIFT = 4  # fixed-point bits of a coordinate: 1/16 of a sub-pixel, so that ulps cannot matter
_AIR_HU = -1000.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the patient lies on the pixel grid.

    ``pixel_spacing_mm`` : millimetres a pixel; ``shift_mm`` : (right, down) of the body's centre
    from the picture's; ``roll_rad`` : rotation, positive is clockwise on the screen.
    """

    pixel_spacing_mm: float
    shift_mm: Point = (0.0, 0.0)
    roll_rad: float = 0.0

    def to_sub_pixels(self) -> tuple[Points, Points]:
        """Return the affine map to sub-pixels as (matrix, offset).

        ``points @ matrix + offset`` takes (n, 2) points, (right, down) in mm from the body's
        centre, to indices of sub-pixels.
        """
        cos, sin = math.cos(self.roll_rad), math.sin(self.roll_rad)
        scale = OVERSAMPLING / self.pixel_spacing_mm
        matrix = np.array([[cos, sin], [-sin, cos]]) * scale
        return matrix, np.array(self.shift_mm) * scale + SIZE * OVERSAMPLING / 2 - 0.5


class Canvas:
    """Paint closed contours, the later over the earlier.

    A filled contour includes the sub-pixels it runs through, so shapes are about half a sub-pixel
    (0.2 mm) larger all around than asked for; outlines of lesions are drawn in the same way.
    """

    def __init__(self, placement: Placement) -> None:
        side = SIZE * OVERSAMPLING
        matrix, offset = placement.to_sub_pixels()
        self._spacing = placement.pixel_spacing_mm
        self._matrix, self._offset = matrix * (1 << _SHIFT), offset * (1 << _SHIFT)
        self._values: FloatArray = np.full((side, side), _AIR_HU, np.float32)

    def _fixed(self, contour: Points) -> NDArray[np.int32]:
        return np.rint(contour @ self._matrix + self._offset).astype(np.int32)

    def fill(self, contour: Points, value: float) -> None:
        """Fill one closed contour, (n, 2) in mm, with ``value`` in HU."""
        cv2.fillPoly(self._values, [self._fixed(contour)], float(value), shift=_SHIFT)

    def ring(self, outer: Points, inner: Points, *, value: float) -> None:
        """Fill what lies inside ``outer`` and outside ``inner``."""
        both = [self._fixed(outer), self._fixed(inner)]
        cv2.fillPoly(self._values, both, float(value), shift=_SHIFT)  # even-odd rule

    def line(self, path: Points, value: float, *, width_mm: float) -> None:
        """Draw an open path; the width is kept to whole sub-pixels, at least one."""
        thick = max(1, round(width_mm / self._spacing * OVERSAMPLING))
        cv2.polylines(
            self._values, [self._fixed(path)], False, float(value), thickness=thick, shift=_SHIFT
        )

    def dots(self, centres: Points, radii: Sequence[float], *, value: float) -> None:
        """Fill discs at (n, 2) ``centres`` with ``radii`` in mm."""
        fixed = self._fixed(np.asarray(centres, np.float64).reshape(-1, 2))
        scale = OVERSAMPLING * (1 << _SHIFT) / self._spacing
        for (column, row), radius in zip(fixed.tolist(), radii, strict=True):
            size = max(1, round(radius * scale))
            cv2.circle(self._values, (column, row), size, float(value), thickness=-1, shift=_SHIFT)

    def mottle(self, contour: Points, grain: FloatArray) -> None:
        """Add ``grain``, a coarse grid in HU stretched over the contour's box, inside it."""
        fixed = self._fixed(contour)
        low = np.maximum((fixed.min(axis=0) >> _SHIFT) - 1, 0)
        high = np.minimum((fixed.max(axis=0) >> _SHIFT) + 2, len(self._values))
        columns, rows = int(high[0] - low[0]), int(high[1] - low[1])
        if columns < 2 or rows < 2:
            return
        inside = np.zeros((rows, columns), np.float32)
        cv2.fillPoly(inside, [fixed - (low << _SHIFT).astype(np.int32)], 1.0, shift=_SHIFT)
        stretched = cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC)
        self._values[low[1] : high[1], low[0] : high[0]] += stretched * inside

    def finish(self) -> FloatArray:
        """Return the drawing averaged to (256, 256) float32, in HU."""
        return averaged(self._values)

    def covered(self, contours: Sequence[Points]) -> NDArray[np.bool_]:
        """Return which of the (256, 256) pixels the contours cover.

        At least half of a pixel, or as much of one as the best covered pixel has: a stone smaller
        than a pixel has an outline of one pixel, not of none.
        """
        if not contours:
            return np.zeros((SIZE, SIZE), np.bool_)
        side = SIZE * OVERSAMPLING
        inside = np.zeros((side, side), np.float32)
        for contour in contours:
            cv2.fillPoly(inside, [self._fixed(contour)], 1.0, shift=_SHIFT)
        share = averaged(inside)
        mask: NDArray[np.bool_] = (share > 0) & (share >= min(0.5, float(share.max())))
        return mask


def averaged(sub_pixels: FloatArray) -> FloatArray:
    """Return the mean of every block of sub-pixels."""
    return np.asarray(
        cv2.resize(sub_pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.float32
    )
