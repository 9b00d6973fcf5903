"""A score whose evidence is known by construction: the light inside one place of the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SIZE = (56, 56)
PLACE = (slice(32, 48), slice(8, 24))  # rows and columns that class 1 is about


def picture() -> np.ndarray:
    """Return a textured picture (rows, columns, 3) float32 with a bright blob in ``PLACE``."""
    rng = np.random.default_rng(4)
    grey = rng.uniform(40, 110, SIZE).astype(np.float32)
    grey[PLACE] += 110
    return np.repeat(grey[:, :, None], 3, axis=2)


def score(batch: np.ndarray) -> np.ndarray:
    """Return (n, 3) logits: class 0 none of it, class 1 the light in PLACE, class 2 its absence."""
    light = batch[:, PLACE[0], PLACE[1]].mean(axis=(1, 2, 3)) / 255
    return np.stack([np.zeros_like(light), 8 * light - 2, 2 - 8 * light], axis=1).astype(np.float32)


def probabilities(batch: np.ndarray) -> np.ndarray:
    """Return the softmax of the score."""
    powers = np.exp(score(batch))
    return powers / powers.sum(axis=1, keepdims=True)


def right_map(cells: int = 7) -> np.ndarray:
    """Return the grid that is right: the share of each cell that lies in PLACE."""
    inside = np.zeros(SIZE, np.float32)
    inside[PLACE] = 1
    side = SIZE[0] // cells
    return inside.reshape(cells, side, cells, side).mean(axis=(1, 3))


def counted(function: Callable[[np.ndarray], np.ndarray]) -> tuple[Callable, list[int]]:
    """Return the function, and a list that grows by the number of pictures of each call."""
    calls: list[int] = []

    def wrapped(batch: np.ndarray) -> np.ndarray:
        calls.append(len(batch))
        return function(batch)

    return wrapped, calls
