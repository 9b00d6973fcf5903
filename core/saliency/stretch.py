"""Lay a raw grid over the picture that it belongs to."""

from __future__ import annotations

import cv2
import numpy as np

from core.domain import FloatArray


def stretch(
    grid: FloatArray,
    rows: int,
    columns: int,
    *,
    padded_to_square: bool = False,
    is_smooth: bool = True,
) -> FloatArray:
    """Return the grid at the size of the picture, in its own unit.

    Parameters
    ----------
    grid : ndarray of shape (grid_rows, grid_columns)
        It covers the whole input of the network.
    rows, columns : int
        Of the decoded picture.
    padded_to_square : bool
        The recipe centred the picture in a square first: the grid then covers that square, and
        what lies over the padding is cut off.
    is_smooth : bool
        Bilinear between the centres of the grid's cells; otherwise each cell is one block.

    Returns
    -------
    ndarray of shape (rows, columns), float32

    Examples
    --------
    >>> stretch(np.array([[0.0, 1.0]], np.float32), 2, 4, is_smooth=False).tolist()
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]
    """
    height = width = max(rows, columns)
    if not padded_to_square:
        height, width = rows, columns
    how = cv2.INTER_LINEAR if is_smooth else cv2.INTER_NEAREST_EXACT
    stretched = cv2.resize(np.ascontiguousarray(grid, np.float32), (width, height), None, 0, 0, how)
    top, left = (height - rows) // 2, (width - columns) // 2
    return np.asarray(stretched[top : top + rows, left : left + columns], np.float32)
