"""Shape of the object: its outline in a few numbers, and the moments of Hu."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from core.domain import ByteArray
from core.features.objects import largest_part
from core.features.spec import Column, Feature, Mask

_LEAST_MOMENT = 1e-12


def outline(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return area share, part share, extent, solidity and eccentricity; zeros without an object."""
    area = int(mask.sum())
    if not area:
        return (0.0,) * len(OUTLINE.columns)
    part = largest_part(mask)
    rows, columns = np.nonzero(part)
    n = len(rows)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    return (
        area / mask.size,
        n / area,
        n / box,
        n / _hull_area(part),
        _eccentricity(rows, columns),
    )


def hu_moments(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return the seven moments of Hu of the whole object (IRE IT 8, 1962), each as -sign log10.

    A moment below 1e-12 is 0: its sign would be that of rounding errors.
    """
    moments = cv2.HuMoments(cv2.moments(mask.astype(np.uint8), binaryImage=True)).ravel()
    return [_logarithm(float(value)) for value in moments]


def _hull_area(part: Mask) -> int:
    """Return how many pixels the convex hull of a part covers."""
    outlines, _ = cv2.findContours(
        part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    hull = cv2.convexHull(np.concatenate(outlines))
    filled = np.asarray(cv2.fillConvexPoly(np.zeros(part.shape, np.uint8), hull, 1))
    return int(np.count_nonzero((filled > 0) | part))


def _eccentricity(rows: np.ndarray, columns: np.ndarray) -> float:
    """Return that of the ellipse with the same second moments; a pixel is a square, not a point."""
    spread = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    short, long = np.linalg.eigvalsh(spread)
    return math.sqrt(max(0.0, 1 - float(short / long)))


def _logarithm(value: float) -> float:
    if abs(value) < _LEAST_MOMENT:
        return 0.0
    return float(np.clip(-math.copysign(math.log10(abs(value)), value), -12, 12))


OUTLINE = Feature(
    "outline",
    "shape",
    (
        Column("area_share", "object, of the picture", "share", 0, 1),
        Column("largest_part", "largest part, of the object", "share", 0, 1),
        Column("extent", "largest part, of its bounding box", "share", 0, 1),
        Column("solidity", "largest part, of its convex hull", "share", 0, 1),
        Column("eccentricity", "of the ellipse of equal moments; a circle is 0", "ratio", 0, 1),
    ),
    outline,
)
HU_MOMENTS = Feature(
    "hu_moments",
    "shape",
    tuple(
        Column(f"hu_{n}", f"moment {n} of Hu, -sign log10", "decade", -12, 12) for n in range(1, 8)
    ),
    hu_moments,
)
