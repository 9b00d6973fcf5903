"""How activation maps and kernels look: raw cells, a fixed scale, colours nobody mixes up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import ByteArray, FloatArray
from core.saliency.difference import signed_colours
from core.saliency.overlay import colour_table

COLOUR_MAP = "inferno"
GROUND = (16, 19, 22)
INK = (198, 206, 213)
GAP, CAPTION, HEAD = 8, 18, 30


@dataclass(frozen=True, slots=True)
class Scale:
    """What the ends of the colours stand for, in the layer's own unit.

    Without negative values: 0 is black, ``high`` the lightest. ``is_signed``: from -high (blue)
    over 0 (dark) to high (orange).
    """

    high: float
    is_signed: bool = False

    @property
    def words(self) -> str:
        """The scale in words.

        >>> Scale(5.83).words, Scale(2.0, is_signed=True).words
        ('0 to 5.83', '−2 to 2')
        """
        low = f"−{self.high:.3g}" if self.is_signed else "0"
        return f"{low} to {self.high:.3g}"


def scale_of(maps: FloatArray) -> Scale:
    """Return the scale that holds every value of the maps; zero keeps its colour.

    >>> scale_of(np.array([[-0.5, 2.0]])).is_signed
    True
    """
    high = float(np.abs(maps).max(initial=0.0))
    return Scale(high, bool(float(maps.min(initial=0.0)) < -1e-6 * max(high, 1.0)))


def paint_channel(values: FloatArray, scale: Scale) -> ByteArray:
    """Return a map (rows, columns) in colours, (rows, columns, 3) uint8; nothing is stretched."""
    share = values / scale.high if scale.high > 0 else np.zeros_like(values)
    if scale.is_signed:
        places = np.rint((np.clip(share, -1, 1) + 1) * 127.5)
        return np.asarray(signed_colours()[places.astype(np.uint8)], np.uint8)
    places = np.rint(np.clip(share, 0, 1) * 255)
    return np.asarray(colour_table(COLOUR_MAP)[places.astype(np.uint8)], np.uint8)


def paint_kernel(kernel: FloatArray) -> ByteArray:
    """Return a kernel (rows, columns, 3) as RGB: mid-grey is 0, its largest weight black or white.

    >>> paint_kernel(np.zeros((1, 1, 3), np.float32)).tolist()
    [[[128, 128, 128]]]
    """
    largest = float(np.abs(kernel).max(initial=0.0))
    share = kernel / largest if largest > 0 else np.zeros_like(kernel)
    return np.asarray(np.clip(np.rint(127.5 + 127.5 * share), 0, 255), np.uint8)


def enlarged(pixels: ByteArray, side: int) -> ByteArray:
    """Return the pixels with the longer side ``side``: cells stay cells, large pictures shrink."""
    share = side / max(pixels.shape[:2])
    size = (max(round(pixels.shape[1] * share), 1), max(round(pixels.shape[0] * share), 1))
    how = cv2.INTER_NEAREST if share >= 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def sheet(
    tiles: Sequence[tuple[str, ByteArray]], *, title: str, side: int = 128, n_columns: int = 8
) -> ByteArray:
    """Return tiles (caption, RGB pixels) as one picture with a title, for a file.

    Parameters
    ----------
    tiles : sequence of (str, ndarray of shape (rows, columns, 3), uint8)
    title : str
        Letters that every computer can draw (ASCII).
    side : int
        Longer side of a tile, in pixels.
    n_columns : int
        Tiles in a row.
    """
    n_columns = min(n_columns, max(len(tiles), 1))
    n_rows = math.ceil(len(tiles) / n_columns)
    step_x, step_y = side + GAP, side + GAP + CAPTION
    width = max(n_columns * step_x + GAP, 10 * len(title) + 2 * GAP)
    made = np.full((HEAD + n_rows * step_y + GAP, width, 3), GROUND, np.uint8)
    _write(made, title, (GAP, HEAD - 10), 0.5)
    for place, (caption, pixels) in enumerate(tiles):
        left = GAP + place % n_columns * step_x
        top = HEAD + place // n_columns * step_y
        tile = enlarged(pixels, side)
        made[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        _write(made, caption, (left, top + side + 13), 0.4)
    return made


def _write(pixels: ByteArray, words: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(pixels, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
