"""The grey decision: a colour picture whose three channels are equal is a grey picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def grey_if_equal(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return shape (rows, columns) where the three channels are equal, ``pixels`` otherwise.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3)

    Examples
    --------
    >>> grey_if_equal(np.full((2, 4, 3), 7)).shape, grey_if_equal(np.eye(3)[None]).shape
    ((2, 4), (1, 3, 3))
    """
    if pixels.ndim == 2:
        return pixels
    first = pixels[..., 0]
    if np.array_equal(first, pixels[..., 1]) and np.array_equal(first, pixels[..., 2]):
        return np.ascontiguousarray(first)
    return pixels
