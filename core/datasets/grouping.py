"""Find pictures that belong together from their pixels alone, where no column says it.

Neighbouring slices of a scan series, repeated exports and exact copies are nearly the same picture;
a split that ignores this measures memory, not diagnosis. Two pictures are neighbours when their
40 x 40 thumbnails correlate above a threshold, and groups are the connected components: a series is
a chain of neighbours whose ends need not look alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from core.domain import ByteArray, FloatArray
from core.errors import DatasetError

SIDE = 40
CORRELATION = 0.94  # measured on kidney CT; a task's `near_duplicate_correlation` overrides it

# 512 x 8,192 float32 similarities are 17 MB at a time, however many pictures there are; all those
# of 10,930 pictures at once would be 478 MB.
_BLOCK = 512
_COLUMNS = 8192


def thumbnail(pixels: ByteArray) -> ByteArray:
    """Return the grey thumbnail by which pictures are compared.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8, RGB

    Returns
    -------
    ndarray of shape (40, 40), uint8
        Proportions are not kept: two exports of one slice may be cropped differently.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def find_groups(thumbnails: ByteArray, *, threshold: float = CORRELATION) -> NDArray[np.int64]:
    """Give each picture the number of its group of near-duplicates.

    Parameters
    ----------
    thumbnails : ndarray of shape (n, rows, columns), uint8
    threshold : float in (0, 1)
        Neighbours are pictures with Pearson correlation ``> threshold``.

    Returns
    -------
    ndarray of shape (n,), int64
        Group of each picture, 0, 1, ... in the order in which groups first appear. A picture of one
        single grey has no correlation with anything and stays alone.

    Examples
    --------
    >>> ramp = np.arange(16, dtype=np.uint8).reshape(4, 4)
    >>> find_groups(np.stack([ramp, ramp.T, ramp + 9]))
    array([0, 1, 0])
    """
    n = len(thumbnails)
    groups = np.arange(n)
    for first, second, _ in neighbours(standardised(thumbnails), threshold):
        # Only the links between groups so far are kept: a thousand copies of one picture have half
        # a million pairs, and all of them say the same.
        links = coo_matrix((np.ones(len(first), bool), (groups[first], groups[second])), (n, n))
        groups = connected_components(links, directed=False)[1][groups]
    _, first_rows, numbers = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first_rows))
    return np.asarray(order[numbers], dtype=np.int64)


def near_duplicate_pairs(
    thumbnails: ByteArray, *, sides: NDArray[np.int64], threshold: float = CORRELATION
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the near-duplicate pairs that lie on different sides, such as train and test.

    Parameters
    ----------
    thumbnails : ndarray of shape (n, rows, columns), uint8
    sides : ndarray of shape (n,), int64
        Pairs within one side are passed over.
    threshold : float in (0, 1)

    Returns
    -------
    pairs : ndarray of shape (m, 2), int64
        Row numbers, the smaller first.
    correlation : ndarray of shape (m,), float32, in (threshold, 1]
    """
    pairs, correlations = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for first, second, correlation in neighbours(standardised(thumbnails), threshold):
        across = sides[first] != sides[second]
        pairs.append(np.column_stack([first[across], second[across]]))
        correlations.append(correlation[across])
    return np.concatenate(pairs), np.concatenate(correlations)


def group_names(groups: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return a name a group, such as ``found_0012``, one for each row."""
    return np.array([f"found_{number:04d}" for number in groups], dtype=np.str_)


def standardised(thumbnails: ByteArray) -> FloatArray:
    """Return one row of zero mean and length one for each picture, (n, pixels) float32."""
    if thumbnails.ndim != 3 or thumbnails.dtype != np.uint8:
        raise DatasetError(
            f"Thumbnails have shape {thumbnails.shape} and type {thumbnails.dtype}.",
            remedy="Give (n, rows, columns) uint8.",
        )
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat


def neighbours(
    flat: FloatArray, threshold: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]]:
    """Yield (first, second, correlation) of every pair above the threshold, first < second.

    ``flat`` is what :func:`standardised` gives; a piece holds at most 512 x 8,192 pairs.
    """
    n = len(flat)
    for top in range(0, n, _BLOCK):
        rows = flat[top : top + _BLOCK]
        for left in range(top, n, _COLUMNS):
            similarity = rows @ flat[left : left + _COLUMNS].T
            first, second = np.nonzero(similarity > threshold)
            above = second + left > first + top
            first, second = first[above], second[above]
            correlation = np.minimum(similarity[first, second], np.float32(1))
            yield first + top, second + left, correlation
