"""Passes over pictures one by one, groups ignored: shuffled, or with classes trimmed and filled.

So the published projects drew their batches. ``core.datasets.sampling`` draws evenly over groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import DatasetError


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Passes over the pictures of some classes, one after another without a break.

    A class with more than ``maximum`` pictures gives that many, drawn anew in every pass; one with
    fewer than ``minimum`` gives its pictures again until there are that many. Both None: every
    picture once a pass.

    Attributes
    ----------
    y_true : ndarray of shape (n,), int64
        Class index of each picture.
    seed : int
    minimum, maximum : int or None
        Pictures of a class in a pass.

    Examples
    --------
    >>> passes = Passes(np.array([0, 0, 0, 0, 1]), seed=0, minimum=2, maximum=3)
    >>> len(passes), sorted(passes.take(0, 5).tolist())[-2:]
    (5, [4, 4])
    """

    y_true: NDArray[np.int64]
    seed: int
    minimum: int | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        if not len(self.y_true):
            raise DatasetError("There is no picture to draw from.", remedy="Give more pictures.")

    def __len__(self) -> int:
        """Return how many pictures a pass has."""
        counts = np.unique(self.y_true, return_counts=True)[1]
        return int(sum(self._size(count) for count in counts.tolist()))

    def take(self, start: int, n: int) -> NDArray[np.int64]:
        """Return the positions in ``y_true`` of n pictures, from number ``start`` of all passes."""
        size = len(self)
        first, last = start // size, (start + n - 1) // size
        drawn = np.concatenate([self._pass(number) for number in range(first, last + 1)])
        return drawn[start - first * size :][:n]

    def _size(self, count: int) -> int:
        most = count if self.maximum is None else min(count, self.maximum)
        return max(most, self.minimum or 0)

    def _pass(self, number: int) -> NDArray[np.int64]:
        rng = np.random.default_rng([self.seed, number, 61])
        drawn = []
        for label in np.unique(self.y_true):
            members = rng.permutation(np.flatnonzero(self.y_true == label))
            drawn.append(np.resize(members, self._size(len(members))))
        return rng.permutation(np.concatenate(drawn))
