"""Whether a map stays where it is when the picture hardly changes.

The picture gets a little noise, or moves by a few pixels (the map is then moved back); the figure
is the mean rank correlation of those maps with the first. A map that jumps about for changes that
no reader would notice says more about the network than about the picture (Alvarez-Melis and
Jaakkola, 2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import FloatArray
from core.saliency.faithfulness.ranks import on_common_grid, rank_correlation
from core.saliency.grad_cam import upsample

Explain = Callable[[FloatArray], FloatArray]
"""Picture (rows, columns, 3) float32 -> raw grid (grid_rows, grid_columns) of one class."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is done to the picture.

    ``noise_sd`` : grey levels of 255. ``n_noise`` : pictures with noise. ``shifts`` : (rows,
    columns) as shares of the picture's shorter side, downwards and to the right.
    """

    noise_sd: float = 3.0
    n_noise: int = 2
    shifts: tuple[tuple[float, float], ...] = ((0.04, 0.0), (-0.04, 0.0), (0.0, 0.04), (0.0, -0.04))
    seed: int = 20261121


CHANGES = Changes()


def stability(
    explain: Explain,
    picture: FloatArray,
    *,
    grid: FloatArray | None = None,
    changes: Changes = CHANGES,
) -> float | None:
    """Return the mean rank correlation of the map with those of hardly changed pictures.

    Parameters
    ----------
    explain : callable
    picture : ndarray of shape (rows, columns, 3), 0..255
    grid : ndarray or None
        The map of the picture itself, where it is at hand.
    changes : Changes

    Returns
    -------
    float in [-1, 1] or None
        None where the map is flat. A changed picture whose map is flat counts as 0.
    """
    own = explain(picture) if grid is None else grid
    if np.ptp(own) == 0:
        return None
    rng = np.random.default_rng(changes.seed)
    found = []
    for _ in range(changes.n_noise):
        noise = rng.normal(0, changes.noise_sd, picture.shape).astype(np.float32)
        other = explain(np.clip(picture + noise, 0, 255))
        found.append(rank_correlation(on_common_grid(own), on_common_grid(other)))
    side = min(picture.shape[:2])
    for share in changes.shifts:
        shift = (round(share[0] * side), round(share[1] * side))
        found.append(_after_shift(own, explain(shifted(picture, shift)), picture.shape[:2], shift))
    return float(np.mean([0.0 if value is None else value for value in found]))


def shifted(picture: FloatArray, shift: tuple[int, int]) -> FloatArray:
    """Return the picture moved by (down, right) pixels; what comes in repeats its edge."""
    rows, columns = picture.shape[:2]
    move = np.array([[1, 0, shift[1]], [0, 1, shift[0]]], np.float32)
    moved = cv2.warpAffine(
        picture, move, (columns, rows), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def _after_shift(
    own: FloatArray, other: FloatArray, size: tuple[int, int], shift: tuple[int, int]
) -> float | None:
    """Compare where both maps have seen the same part of the picture."""
    rows, columns = size
    down, right = shift
    here = upsample(own, rows, columns)
    there = upsample(other, rows, columns)
    kept = here[max(0, -down) : rows - max(0, down), max(0, -right) : columns - max(0, right)]
    back = there[max(0, down) : rows - max(0, -down), max(0, right) : columns - max(0, -right)]
    return rank_correlation(on_common_grid(kept), on_common_grid(back))
