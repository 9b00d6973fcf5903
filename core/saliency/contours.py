"""Lines of equal value of a heat map, drawn between pixels so that they stay fine when zoomed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray

LEVELS = (0.25, 0.5, 0.75)
FINE = 1024  # pixels of the longer side on which a line is traced
STRAIGHT = 0.7  # fine pixels by which a line may be straightened
Line = NDArray[np.float32]


def levels_above(threshold: float) -> tuple[float, ...]:
    """Return the levels that are drawn: those above the threshold, and the threshold itself.

    >>> levels_above(0.0), levels_above(0.4)
    ((0.25, 0.5, 0.75), (0.4, 0.5, 0.75))
    """
    higher = tuple(level for level in LEVELS if level > threshold)
    return (threshold, *higher) if threshold > 0 else higher


def contour_lines(heatmap: FloatArray, level: float) -> tuple[Line, ...]:
    """Return the closed lines around every place where the map is at least ``level``.

    Parameters
    ----------
    heatmap : ndarray of shape (rows, columns), in [0, 1]
    level : float in (0, 1]

    Returns
    -------
    tuple of ndarray of shape (n_points, 2), float32
        (x, y) from the upper left corner of the picture, in its pixels: the centre of the first
        pixel is (0.5, 0.5). Holes have lines of their own. What reaches the edge is closed two
        pixels outside the picture. Empty where the map stays below.

    Examples
    --------
    >>> contour_lines(np.zeros((4, 4), np.float32), 0.5)
    ()
    """
    rows, columns = heatmap.shape
    times = max(1, FINE // max(rows, columns))
    size = (columns * times, rows * times)
    fine = cv2.resize(np.ascontiguousarray(heatmap), size, interpolation=cv2.INTER_LINEAR)
    # What reaches the edge goes on beyond it: its line leaves the picture instead of lining it.
    inside = np.pad((fine >= level).astype(np.uint8), 2 * times, mode="edge")
    found, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    straight = (cv2.approxPolyDP(line, STRAIGHT, closed=True)[:, 0] for line in found)
    lines = (np.asarray((line + 0.5) / times - 2, np.float32) for line in straight)
    return tuple(line for line in lines if len(line) > 2)


def draw_lines(
    pixels: ByteArray, lines: Sequence[Line], *, colour: tuple[int, int, int] = (255, 255, 255)
) -> ByteArray:
    """Return a copy of (rows, columns, 3) uint8 RGB with the lines drawn, one pixel wide."""
    drawn = np.ascontiguousarray(pixels).copy()
    shift = 4  # OpenCV takes sixteenths of a pixel, counted from pixel centres
    points = [np.rint((line - 0.5) * 2**shift).astype(np.int32) for line in lines]
    cv2.polylines(drawn, points, True, colour, 1, cv2.LINE_AA, shift)
    return np.asarray(drawn, np.uint8)
