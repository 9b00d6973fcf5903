"""Closed contours in millimetres: (n, 2) points, (right, down)."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.phantoms.canvas import Point, Points


@functools.lru_cache(maxsize=8)
def angles(count: int) -> NDArray[np.float64]:
    """Return ``count`` even angles in [0, 2 pi): 0 points right, pi/2 down (posterior)."""
    even = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    even.setflags(write=False)
    return even


def wrapped(angle: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the angle in (-pi, pi]."""
    return np.asarray(np.pi - np.mod(np.pi - np.asarray(angle), 2.0 * np.pi), np.float64)


def polar(centre: Point, radius: NDArray[np.float64]) -> Points:
    """Return the contour with ``radius`` at even angles around ``centre``."""
    theta = angles(len(radius))
    return np.column_stack((centre[0] + radius * np.cos(theta), centre[1] + radius * np.sin(theta)))


@functools.lru_cache(maxsize=64)
def _waves(orders: int, count: int) -> NDArray[np.float64]:
    """Return cos and sin of 1..orders times the even angles, (2 orders, count)."""
    order = np.arange(1, orders + 1)[:, None] * angles(count)[None, :]
    table = np.stack((np.cos(order), np.sin(order)), axis=1).reshape(2 * orders, count)
    table.setflags(write=False)
    return table


def wobble(coefficients: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return 1 + a Fourier series at even angles: row k holds cos and sin of (k + 1) theta."""
    waved = coefficients.reshape(-1) @ _waves(len(coefficients), count)
    return np.asarray(1.0 + waved, np.float64)


def blob(
    centre: Point,
    radii: Point,
    *,
    turn: float = 0.0,
    coefficients: NDArray[np.float64] | None = None,
    points: int = 48,
) -> Points:
    """Return an ellipse, turned by ``turn`` rad, its outline waved by ``coefficients``."""
    circle = _waves(1, points).T
    if coefficients is not None:
        circle = circle * wobble(coefficients, points)[:, None]
    cos, sin = math.cos(turn), math.sin(turn)
    (along, across), matrix = radii, np.empty((2, 2))
    matrix[0], matrix[1] = (along * cos, along * sin), (-across * sin, across * cos)
    turned: Points = circle @ matrix
    turned += centre
    return turned


def super_ellipse(radii: Point, exponent: float, *, points: int = 128) -> Points:
    """Return |x/a|^e + |y/b|^e = 1 around the origin: 2 is an ellipse, more is boxier."""
    theta = angles(points)
    cos, sin = np.cos(theta), np.sin(theta)
    power = 2.0 / exponent
    return np.column_stack(
        (
            radii[0] * np.sign(cos) * np.abs(cos) ** power,
            radii[1] * np.sign(sin) * np.abs(sin) ** power,
        )
    )


def mirrored(points: Sequence[Point], side: int, *, scale: float, origin: Point) -> Points:
    """Return a hand-drawn outline scaled to ``origin``; ``side`` -1 mirrors it left for right."""
    drawn = np.array(points, np.float64) * scale
    return np.asarray(drawn * np.array([side, 1.0]) + np.array(origin), np.float64)


def smooth(points: Points, rounds: int = 2) -> Points:
    """Return the closed outline with its corners cut (Chaikin 1974)."""
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        points = np.stack((0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after), axis=1)
        points = points.reshape(-1, 2)
    return points
