"""The signed difference between the maps of two classes, in colours that no one mixes up.

Blue and orange are told apart with every common colour blindness (Okabe and Ito 2008). Zero is
dark, as the ground of a reading room: a picture without a difference stays as it is.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from core.domain import ByteArray, FloatArray
from core.saliency.overlay import FULL_AT

ENDS = ("#74C3F2", "#F0A93B")  # -1 and +1, equally light
MIDDLE = "#14181B"


def difference(first: FloatArray, second: FloatArray) -> tuple[FloatArray, float]:
    """Return first minus second, divided by the larger of the two peaks.

    Parameters
    ----------
    first, second : ndarray of shape (grid_rows, grid_columns), >= 0
        Raw grids of two classes by one method, in the same unit.

    Returns
    -------
    ndarray of shape (grid_rows, grid_columns), float32, in [-1, 1]
        Above 0 where the first class has more; all zeros where neither has a positive value.
    float
        The peak that 1 stands for, in the unit of the grids.

    Examples
    --------
    >>> difference(np.array([[4.0, 0.0]], np.float32), np.array([[1.0, 2.0]], np.float32))
    (array([[ 0.75, -0.5 ]], dtype=float32), 4.0)
    """
    peak = float(max(first.max(initial=0.0), second.max(initial=0.0)))
    if peak <= 0:
        return np.zeros_like(first, np.float32), 0.0
    return np.asarray((first - second) / peak, np.float32), peak


@functools.cache
def signed_colours() -> ByteArray:
    """Return the 256 colours, (256, 3) uint8 RGB, of the values -1 to 1; zero is in the middle."""
    lab = [cv2.cvtColor(_rgb(name), cv2.COLOR_RGB2LAB)[0, 0] for name in (*ENDS, MIDDLE)]
    low, high, middle = lab
    places = np.linspace(-1, 1, 256, dtype=np.float32)[:, None]
    mixed = (
        middle + np.maximum(-places, 0) * (low - middle) + np.maximum(places, 0) * (high - middle)
    )
    table = cv2.cvtColor(mixed[:, None].astype(np.float32), cv2.COLOR_LAB2RGB)[:, 0]
    colours = np.asarray(np.rint(np.clip(table, 0, 1) * 255), np.uint8)
    colours.setflags(write=False)
    return colours


def paint_signed(
    values: FloatArray, *, opacity: float, threshold: float = 0.0
) -> tuple[ByteArray, FloatArray]:
    """Return colour (rows, columns, 3) uint8 and opacity (rows, columns) of values in [-1, 1].

    As :func:`core.saliency.overlay.paint`, by the size of the value whatever its sign.
    """
    size = np.clip(np.abs(values), 0.0, 1.0)
    index = np.rint((np.clip(values, -1.0, 1.0) + 1) * 127.5).astype(np.uint8)
    rise = np.clip(size / FULL_AT, 0.0, 1.0)
    alpha = np.where(size >= threshold, opacity * rise * rise * (3 - 2 * rise), 0.0)
    return signed_colours()[index], np.asarray(alpha, np.float32)


def _rgb(name: str) -> FloatArray:
    """Return a colour #RRGGBB as one pixel (1, 1, 3), float32 in [0, 1]."""
    return np.array([[list(bytes.fromhex(name[1:]))]], np.float32) / np.float32(255)
