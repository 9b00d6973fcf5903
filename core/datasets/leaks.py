"""Leaks of a split: groups on more than one side, and nearly equal pictures on different sides.

A picture on both sides of a split, or its neighbour in the scan, lets a model answer from memory
(Kapoor & Narayanan 2023, Patterns 4:100804, leakage types L1.4 and L3.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.grouping import CORRELATION, neighbours, standardised
from core.domain import ByteArray

KEEP = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two nearly equal pictures on different sides.

    ``first`` and ``second`` are row numbers, the one on the lower side first; ``distance`` is
    1 - correlation of their thumbnails, 0 where every pixel is the same.
    """

    first: int
    second: int
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class PairsAcross:
    """Nearly equal pictures on different sides.

    Attributes
    ----------
    n : int
        How many pairs there are.
    worst : tuple of Pair
        The closest of them, the closest first.
    has_twin : ndarray of shape (n_pictures,), bool
        Whether a picture is in any of the pairs.
    """

    n: int
    worst: tuple[Pair, ...]
    has_twin: NDArray[np.bool_]


def random_sides(n: int, *, seed: int, share: float = 0.2) -> NDArray[np.bool_]:
    """Return which pictures a split by lot holds out, groups ignored: shape (n,), bool.

    It stands for how published figures on folders of single pictures were often made.
    """
    held = np.zeros(n, dtype=bool)
    n_held = min(max(1, round(share * n)), n - 1) if n > 1 else 0
    held[np.random.default_rng(seed).permutation(n)[:n_held]] = True
    return held


def straddling(groups: Sequence[str], sides: NDArray[np.int64]) -> list[str]:
    """Return the groups with pictures on more than one side, the most split ones first.

    Parameters
    ----------
    groups : sequence of str
        One a picture.
    sides : ndarray of shape (n,), int64

    Examples
    --------
    >>> straddling(["a", "a", "b"], np.array([0, 1, 1]))
    ['a']
    """
    of_group: dict[str, set[int]] = {}
    for group, side in zip(groups, sides.tolist(), strict=True):
        of_group.setdefault(group, set()).add(side)
    sizes = Counter(groups)
    found = [group for group, on in of_group.items() if len(on) > 1]
    return sorted(found, key=lambda group: (-sizes[group], group))


def pairs_across(
    thumbnails: ByteArray,
    digests: Sequence[str],
    sides: NDArray[np.int64],
    *,
    threshold: float = CORRELATION,
    keep: int = KEEP,
) -> PairsAcross:
    """Count the pairs of nearly equal pictures that lie on different sides.

    Two pictures are nearly equal when their thumbnails correlate above the threshold, or when every
    pixel is the same: pictures of one single grey correlate with nothing. Pairs are counted piece
    by piece and only the closest kept, so that a thousand copies need no more memory than two.

    Parameters
    ----------
    thumbnails : ndarray of shape (n, rows, columns), uint8
    digests : sequence of str
        Of the pixels of each picture; empty for one that cannot be read, which resembles nothing.
    sides : ndarray of shape (n,), int64
    threshold : float in (0, 1)
    keep : int
        How many of the closest pairs to name.
    """
    flat = standardised(thumbnails)
    has_twin = np.zeros(len(flat), dtype=bool)
    n, closest = 0, _Closest(keep)
    for first, second, correlation in neighbours(flat, threshold):
        across = sides[first] != sides[second]
        pairs = np.column_stack([first[across], second[across]])
        n += len(pairs)
        has_twin[pairs] = True
        closest.add(pairs, 1.0 - correlation[across].astype(np.float64))
    is_flat: NDArray[np.bool_] = np.logical_not(flat.any(axis=1))
    for rows in _copies(digests, is_flat):
        on = sides[rows]
        counts = np.unique(on, return_counts=True)[1]
        n_across = (len(rows) ** 2 - int((counts**2).sum())) // 2
        if not n_across:
            continue
        n += n_across
        has_twin[rows] = True
        some = np.unique(on, return_index=True)[1][: keep + 1]  # enough sides for `keep` pairs
        few = np.concatenate([rows[on == side][:keep] for side in on[some]])
        first, second = np.nonzero(np.triu(sides[few][:, None] != sides[few][None, :]))
        closest.add(np.column_stack([few[first], few[second]]), np.zeros(len(first)))
    return PairsAcross(n, closest.pairs(digests, sides), has_twin)


def _copies(digests: Sequence[str], is_flat: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the rows of each set of equal pictures of one single grey."""
    rows_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(is_flat).tolist():
        if digests[row]:
            rows_of.setdefault(digests[row], []).append(row)
    return [np.array(rows, dtype=np.int64) for rows in rows_of.values() if len(rows) > 1]


class _Closest:
    """The closest pairs so far."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.rows = np.empty((0, 2), dtype=np.int64)
        self.distance = np.empty(0)

    def add(self, pairs: NDArray[np.int64], distance: NDArray[np.float64]) -> None:
        rows = np.concatenate([self.rows, pairs])
        distances = np.concatenate([self.distance, distance])
        best = np.argsort(distances, kind="stable")[: self.keep]
        self.rows, self.distance = rows[best], distances[best]

    def pairs(self, digests: Sequence[str], sides: NDArray[np.int64]) -> tuple[Pair, ...]:
        found = []
        for rows, distance in zip(self.rows.tolist(), self.distance.tolist(), strict=True):
            first, second = sorted(rows, key=lambda row: int(sides[row]))
            is_copy = bool(digests[first]) and digests[first] == digests[second]
            found.append(Pair(first, second, 0.0 if is_copy else max(0.0, distance)))
        return tuple(found)
