"""Where slices lie in the patient: normals, projections, the plane in a word.

Source: PS3.3 C.7.6.2.1.1, Image Position and Image Orientation (Patient).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.intake.orientation import direction

Point = tuple[float, float, float]
Cosines = tuple[float, float, float, float, float, float]

_LENGTH_TOLERANCE = 0.05
_SAME = 0.02  # cosines: about one degree
_STRAIGHT = 0.985  # cosine of 10 degrees off an axis
_PLANES = ("sagittal", "coronal", "axial")


def point(numbers: Sequence[float]) -> Point | None:
    """Return three numbers as a point, None for any other count."""
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def cosines(numbers: Sequence[float]) -> Cosines | None:
    """Return row and column directions at length 1; None where they span no plane.

    >>> cosines((1, 0, 0, 0, 1, 0))
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    >>> cosines((1, 0, 0, 1, 0, 0)) is None
    True
    """
    if len(numbers) != 6:
        return None
    row, column = numbers[:3], numbers[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    if any(abs(length - 1) > _LENGTH_TOLERANCE for length in lengths):
        return None
    if abs(sum(a * b for a, b in zip(row, column, strict=True))) > _LENGTH_TOLERANCE:
        return None
    a, b, c = (value / lengths[0] for value in row)
    d, e, f = (value / lengths[1] for value in column)
    return a, b, c, d, e, f


def normal(orientation: Cosines) -> Point:
    """Return the direction in which slices are counted: row direction x column direction.

    >>> normal((1, 0, 0, 0, 1, 0))
    (0, 0, 1)
    """
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def projection(position: Point, along: Point) -> float:
    """Return how far a position lies along a direction, in mm."""
    return sum(a * b for a, b in zip(position, along, strict=True))


def is_same_orientation(first: Cosines, second: Cosines) -> bool:
    """Return whether two orientations differ by less than about one degree."""
    return all(abs(a - b) < _SAME for a, b in zip(first, second, strict=True))


def plane(orientation: Cosines) -> str:
    """Return the plane in a word.

    >>> plane((1, 0, 0, 0, 1, 0)), plane((1, 0, 0, 0, 0.8, 0.6))
    ('axial', 'oblique axial')
    """
    sizes = [abs(value) for value in normal(orientation)]
    name = _PLANES[sizes.index(max(sizes))]
    return name if max(sizes) > _STRAIGHT else f"oblique {name}"


def ends(orientation: Cosines) -> tuple[str, str] | None:
    """Return the letters towards the (first, last) slice.

    >>> ends((1, 0, 0, 0, 1, 0))
    ('F', 'H')
    """
    x, y, z = normal(orientation)
    first, last = direction((-x, -y, -z)), direction((x, y, z))
    return (first, last) if first and last else None
