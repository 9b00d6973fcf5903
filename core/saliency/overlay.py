"""Draw a heat map over a picture: colour-blind-safe colours, clear where the map is low.

The scale is fixed, 0 to 1: nothing is stretched again here, so an empty map leaves the picture as
it is instead of colouring noise.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray
from core.errors import ArgumentError

# Both read with every common colour blindness and rise steadily in lightness: Nuñez et al. 2018
# (cividis), Smith and van der Walt 2015 (inferno). OpenCV stores them.
COLOUR_MAPS = {"cividis": cv2.COLORMAP_CIVIDIS, "inferno": cv2.COLORMAP_INFERNO}
FULL_AT = 0.5  # from this value on, the colour has the whole opacity


@functools.cache
def colour_table(colour_map: str) -> ByteArray:
    """Return the 256 colours, (256, 3) uint8 RGB, of the values 0 to 1.

    Raises
    ------
    ArgumentError
        If there is no such colour map.
    """
    if colour_map not in COLOUR_MAPS:
        raise ArgumentError(
            f"There is no colour map {colour_map!r}.",
            remedy=f"Colour maps: {', '.join(COLOUR_MAPS)}.",
        )
    steps = np.arange(256, dtype=np.uint8)[:, None]
    table = np.ascontiguousarray(cv2.applyColorMap(steps, COLOUR_MAPS[colour_map])[:, 0, ::-1])
    table.setflags(write=False)
    return np.asarray(table, np.uint8)


def paint(
    heatmap: FloatArray,
    *,
    opacity: float = 0.5,
    colour_map: str = "inferno",
    threshold: float = 0.0,
) -> tuple[ByteArray, FloatArray]:
    """Return colour and opacity of every pixel of a map.

    Parameters
    ----------
    heatmap : ndarray of shape (rows, columns), in [0, 1]
    opacity : float in [0, 1]
        Of the colour where the map is 0.5 or more; below, it fades out to nothing at 0.
    colour_map : str
        ``cividis`` or ``inferno``.
    threshold : float in [0, 1]
        Where the map is below it, nothing is painted.

    Returns
    -------
    (rows, columns, 3) uint8 RGB and (rows, columns) float32 in [0, opacity]

    Raises
    ------
    ArgumentError
        If opacity, threshold or colour map do not exist.
    """
    if not (0 <= opacity <= 1 and 0 <= threshold <= 1):
        raise ArgumentError(
            f"Opacity and threshold lie in 0..1 (got {opacity} and {threshold}).",
            remedy="Choose values in 0..1.",
        )
    values = np.clip(heatmap, 0.0, 1.0)
    colours = colour_table(colour_map)[np.rint(values * 255).astype(np.uint8)]
    rise = np.clip(values / FULL_AT, 0.0, 1.0)
    alpha = opacity * rise * rise * (3 - 2 * rise)
    if threshold > 0:
        alpha = np.where(values >= threshold, alpha, 0.0)
    return colours, np.asarray(alpha, np.float32)


def lay_over(pixels: NDArray[Any], colours: ByteArray, alpha: FloatArray) -> ByteArray:
    """Return the picture (rows, columns[, 3]) uint8 with painted colours over it, RGB.

    Raises
    ------
    ArgumentError
        If the shapes do not fit.
    """
    if alpha.shape != pixels.shape[:2]:
        raise ArgumentError(
            f"An overlay needs a map of the picture's size (got {alpha.shape} for "
            f"{pixels.shape[:2]}).",
            remedy="Stretch the map over the picture first.",
        )
    base = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    share = alpha[:, :, None]
    mixed = base * (1 - share) + colours * share
    return np.asarray(np.rint(mixed), np.uint8)


def overlay(
    pixels: NDArray[Any],
    heatmap: FloatArray,
    *,
    opacity: float = 0.5,
    colour_map: str = "inferno",
) -> ByteArray:
    """Return the picture with the map over it, same rows and columns.

    ``pixels`` is (rows, columns) or (rows, columns, 3), uint8; the rest is as for ``paint``.

    Returns
    -------
    ndarray of shape (rows, columns, 3), uint8, RGB

    Raises
    ------
    ArgumentError
        If opacity, colour map or shapes do not fit.
    """
    colours, alpha = paint(heatmap, opacity=opacity, colour_map=colour_map)
    return lay_over(pixels, colours, alpha)
