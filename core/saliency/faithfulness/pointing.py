"""The pointing game (Zhang et al., IJCV 2018): whether the peak of a map lies on the finding.

A hit: the peak lies inside any box of the picture after each box was grown by 1/14 of the
picture's width to the left and right and by 1/14 of its height above and below. A map without
evidence is a miss. The margin is half a cell of a 7 x 7 grid on either side, which is what the
coarsest maps can tell. Boxes are (top, left, bottom, right) as fractions of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import ArgumentError
from core.saliency.grad_cam import peak_place

MARGIN = 1 / 14
BRIGHTEST_SIGMA = 3.5  # pixels of the decoded picture

Boxes = NDArray[np.float64]
Place = tuple[float, float]


def grow(boxes: Boxes, *, margin: float = MARGIN) -> Boxes:
    """Return the boxes, larger by ``margin`` (of the picture) on every side, cut at its edges.

    Parameters
    ----------
    boxes : ndarray of shape (n_boxes, 4)
        (top, left, bottom, right), fractions of the picture in [0, 1].

    Examples
    --------
    >>> grow(np.array([[0.5, 0.0, 0.6, 0.2]]), margin=0.1).round(6).tolist()
    [[0.4, 0.0, 0.7, 0.3]]
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    grown: Boxes = np.clip(boxes + np.array([-margin, -margin, margin, margin]), 0.0, 1.0)
    return grown


def pointing_hit(peak: Place | None, boxes: Boxes, size: tuple[int, int]) -> bool:
    """Return whether the peak lies inside any of the boxes after they were grown.

    Parameters
    ----------
    peak : (row, column) or None
        Zero-based, in pixels of the decoded picture, as ``peak_place`` gives it: pixel (r, c)
        lies at ((r + 0.5) / rows, (c + 0.5) / columns) of the picture. None (no evidence): a miss.
    boxes : ndarray of shape (n_boxes, 4)
        As published, not grown.
    size : (rows, columns)
        Of the decoded picture.

    Examples
    --------
    >>> stone = np.array([[0.50, 0.50, 0.52, 0.52]])
    >>> pointing_hit((55, 45), stone, (100, 100)), pointing_hit((70, 45), stone, (100, 100))
    (True, False)
    """
    if peak is None:
        return False
    row, column = (peak[0] + 0.5) / size[0], (peak[1] + 0.5) / size[1]
    top, left, bottom, right = grow(boxes).T
    return bool(np.any((top <= row) & (row <= bottom) & (left <= column) & (column <= right)))


def pointing(heatmaps: Sequence[FloatArray | None], boxes: Sequence[Boxes]) -> NDArray[np.bool_]:
    """Return for each picture whether its map points at the finding, shape (n,).

    Parameters
    ----------
    heatmaps : sequence of n ndarrays of shape (rows, columns), or None
        Over the decoded picture, as ``upsample`` gives them; all zeros or None is a miss.
    boxes : sequence of n ndarrays of shape (n_boxes, 4)

    Raises
    ------
    ArgumentError
        If there are not as many maps as pictures with boxes.
    """
    if len(heatmaps) != len(boxes):
        raise ArgumentError(
            f"There are {len(heatmaps)} maps for the boxes of {len(boxes)} pictures.",
            remedy="Give one map for each picture.",
        )
    hits = [
        heatmap is not None
        and pointing_hit(peak_place(heatmap), of_picture, (heatmap.shape[0], heatmap.shape[1]))
        for heatmap, of_picture in zip(heatmaps, boxes, strict=True)
    ]
    return np.array(hits, bool)


def inside(boxes: Boxes, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels have their centre inside any of the boxes, (rows, columns).

    The boxes are taken as they are: grow them first where the pointing game is played.
    """
    rows, columns = ((np.arange(n) + 0.5) / n for n in size)
    covered = np.zeros(size, bool)
    for top, left, bottom, right in np.asarray(boxes, np.float64).reshape(-1, 4):
        of_rows = (top <= rows) & (rows <= bottom)
        of_columns = (left <= columns) & (columns <= right)
        covered |= of_rows[:, None] & of_columns[None, :]
    return covered


def chance_of(boxes: Boxes, size: tuple[int, int]) -> float:
    """Return the share of the picture inside the grown boxes: how often a random peak hits."""
    return float(inside(grow(boxes), size).mean())


def brightest_peak(pixels: NDArray[Any], *, sigma: float = BRIGHTEST_SIGMA) -> Place:
    """Return the brightest place of a picture after a Gaussian blur: a baseline without a model.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3)
        The decoded picture; colour is averaged.
    sigma : float
        Of the Gaussian, in pixels.
    """
    grey = np.asarray(pixels, np.float32)
    grey = grey if grey.ndim == 2 else grey.mean(axis=2)
    blurred = cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    row, column = np.unravel_index(int(np.argmax(blurred)), blurred.shape)
    return float(row), float(column)


def centre_peak(size: tuple[int, int]) -> Place:
    """Return the middle of the picture: the other baseline without a model.

    >>> centre_peak((4, 5))
    (1.5, 2.0)
    """
    return (size[0] - 1) / 2, (size[1] - 1) / 2
