"""Where a training batch comes from: stored stem maps, or pictures augmented on the fly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.datasets.augmentation import AugmentationSpec, augment
from core.domain import FloatArray
from core.training.cache import StemCache
from core.training.training_set import TrainingSet, as_rgb


class Source(Protocol):
    """Gives the tail its input."""

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
        """Return a randomly changed version of each picture, (m, ...) float32."""

    def clean(self, rows: NDArray[np.int64]) -> FloatArray:
        """Return the pictures as they are, (m, ...) float32."""


@dataclass(frozen=True, slots=True, eq=False)
class MapSource:
    """Stem maps from a cache; a random variant each time.

    ``flip`` is the probability that a map is mirrored, ``shift`` the most cells that it is moved
    by in each direction (zeros come in, as they do at the border of a padded convolution).
    """

    cache: StemCache
    flip: float = 0.0
    shift: int = 0

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
        """Return one random variant of each map."""
        places = self.cache.places(rows)
        variants = rng.integers(0, self.cache.maps.shape[0], len(rows))
        maps = self.cache.take(variants, places)
        for place in range(len(maps)):
            if self.flip and rng.random() < self.flip:
                maps[place] = maps[place, :, ::-1]
            if self.shift:
                down, right = rng.integers(-self.shift, self.shift + 1, 2).tolist()
                maps[place] = shifted(maps[place], down, right)
        return maps

    def every(self, rows: NDArray[np.int64]) -> FloatArray:
        """Return all variants of each map, (n_variants, m, ...) float32."""
        places, n_variants = self.cache.places(rows), self.cache.maps.shape[0]
        return np.stack(
            [self.cache.take(np.full_like(places, kind), places) for kind in range(n_variants)]
        )

    def clean(self, rows: NDArray[np.int64]) -> FloatArray:
        """Return the map of each untouched picture."""
        places = self.cache.places(rows)
        return self.cache.take(np.zeros_like(places), places)


@dataclass(frozen=True, slots=True, eq=False)
class PictureSource:
    """Pictures, augmented anew each time: for networks without a frozen stem."""

    data: TrainingSet
    augmentation: AugmentationSpec

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
        """Return each picture, augmented."""
        batch = np.empty((len(rows), *self.data.pixels.shape[1:3], 3), np.float32)
        for place, row in enumerate(rows.tolist()):
            changed = augment(self.data.pixels[row], self.augmentation, rng)
            batch[place] = as_rgb(changed)
        return batch

    def clean(self, rows: NDArray[np.int64]) -> FloatArray:
        """Return the pictures as they are."""
        return self.data.batch(rows)


def shifted(grid: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """Return a map (rows, columns, ...) moved by whole cells, zeros coming in.

    >>> shifted(np.array([[1, 2], [3, 4]]), 0, 1).tolist()
    [[0, 1], [0, 3]]
    """
    moved = np.zeros_like(grid)
    rows, columns = grid.shape[:2]
    if abs(down) >= rows or abs(right) >= columns:
        return moved
    to_rows, from_rows = _overlap(down, rows), _overlap(-down, rows)
    to_columns, from_columns = _overlap(right, columns), _overlap(-right, columns)
    moved[to_rows, to_columns] = grid[from_rows, from_columns]
    return moved


def _overlap(by: int, length: int) -> slice:
    return slice(max(by, 0), min(length, length + by))
