"""Deletion and insertion (Petsiuk et al., BMVC 2018): what the score does as a map is followed.

Deletion starts from the picture and replaces its pixels, those that the map marks most first, by
the blurred picture; insertion starts from the blurred picture and puts them back in the same order.
Where the map is right, the score falls early (a small area under the deletion curve) and rises
early (a large area under the insertion curve). The score is the calibrated probability of the
class, so an area lies in 0..1 and areas of different pictures can be averaged.

An area alone says little: deleting anything lowers most scores. So it is held against the same map
laid over the picture at random (``random_places``): the same values, the same grid and the same
smoothness in other places. A map whose cells were shuffled would be no fair rival: scattered
pixels spoil, or show, a picture much sooner than one region of the same size does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from core.domain import FloatArray
from core.saliency.grad_cam import upsample
from core.saliency.masks import CHUNK, Score, blurred

N_STEPS = 12
SEED = 20261121


@dataclass(frozen=True, slots=True)
class Draws:
    """How much is asked of one map: ``2 + 2 * (n_steps - 1) * (1 + n_random)`` passes.

    ``n_random`` : random maps; ``n_steps`` : steps of each curve.
    """

    n_random: int = 10
    n_steps: int = N_STEPS
    seed: int = SEED


DRAWS = Draws()


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How the score moves: ``shares`` of the pixels, 0 to 1, and ``scores`` there, (n_steps + 1).

    ``area`` is the mean height of the curve, in the score's unit.
    """

    shares: FloatArray
    scores: FloatArray

    @property
    def area(self) -> float:
        """Area under the curve by the trapezium rule."""
        return float(np.trapezoid(self.scores, self.shares))


class Curves(NamedTuple):
    """Both curves of one map."""

    deletion: Curve
    insertion: Curve


@dataclass(frozen=True, slots=True)
class AgainstRandom:
    """An area, and what the same map gives when it is laid over the picture at random.

    ``low, high`` : where 95 % of such areas are expected (Student's t for one more draw); None
    for fewer than two draws.
    """

    area: float
    random_area: float
    low: float | None
    high: float | None
    n_random: int

    @property
    def is_below_chance(self) -> bool:
        """Whether the area is smaller than random maps explain."""
        return self.low is not None and self.area < self.low

    @property
    def is_above_chance(self) -> bool:
        """Whether the area is larger than random maps explain."""
        return self.high is not None and self.area > self.high


def order_of_pixels(heatmap: FloatArray) -> NDArray[np.int64]:
    """Return the flat indices of the pixels, the most marked first.

    Where the map is 0 it gives no order; there, the nearer to the evidence, the earlier. In no
    order at all they would come as scattered pixels, or row by row from the top.
    """
    away = cv2.distanceTransform(np.asarray(heatmap <= 0, np.uint8), cv2.DIST_L2, 3)
    return np.lexsort((away.ravel(), -heatmap.ravel()))


def curves(
    score: Score,
    picture: FloatArray,
    heatmap: FloatArray,
    class_index: int,
    *,
    n_steps: int = N_STEPS,
) -> Curves | None:
    """Return the deletion and insertion curve of one map; None where it marks nothing.

    Parameters
    ----------
    score : callable
        Pictures -> calibrated probabilities.
    picture : ndarray of shape (rows, columns, 3), 0..255
        As the network sees it.
    heatmap : ndarray of shape (rows, columns), >= 0
        Over that picture.
    class_index : int
    n_steps : int
        Steps of each curve; each costs one pass.
    """
    return next(many_curves(score, picture, heatmap[None], class_index, n_steps=n_steps))


def many_curves(
    score: Score,
    picture: FloatArray,
    heatmaps: FloatArray,
    class_index: int,
    *,
    n_steps: int = N_STEPS,
) -> Iterator[Curves | None]:
    """Yield the curves of several maps (n, rows, columns) of one picture (see ``curves``).

    What they share, the whole and the blurred picture, is scored once.
    """
    soft = blurred(picture)
    ends = score(np.stack([picture, soft]))[:, class_index]
    shares = np.linspace(0, 1, n_steps + 1, dtype=np.float32)
    for heatmap in heatmaps:
        if not heatmap.max() > 0:
            yield None
            continue
        rank = np.empty(heatmap.size, np.float32)
        rank[order_of_pixels(heatmap)] = (np.arange(heatmap.size) + 0.5) / heatmap.size
        marked = rank.reshape(heatmap.shape)[None, :, :, None] < shares[1:-1, None, None, None]
        deleted = _scores(score, np.where(marked, soft, picture), class_index)
        inserted = _scores(score, np.where(marked, picture, soft), class_index)
        yield Curves(
            Curve(shares, np.concatenate([ends[:1], deleted, ends[1:]])),
            Curve(shares, np.concatenate([ends[1:], inserted, ends[:1]])),
        )


def _scores(score: Score, batch: FloatArray, class_index: int) -> FloatArray:
    parts = [
        score(batch[start : start + CHUNK])[:, class_index] for start in range(0, len(batch), CHUNK)
    ]
    return np.asarray(np.concatenate(parts), np.float32)


def random_places(grid: FloatArray, n: int, *, seed: int = SEED) -> FloatArray:
    """Return n copies of a raw grid laid at random: mirrored, turned and shifted around the edge.

    Parameters
    ----------
    grid : ndarray of shape (grid_rows, grid_columns)
        Square grids are turned too.
    n : int
    seed : int

    Returns
    -------
    ndarray of shape (n, grid_rows, grid_columns)
        Each holds the values of the grid and, but for one seam, its neighbourhoods. None is the
        grid in its own place.
    """
    rng = np.random.default_rng(seed)
    rows, columns = grid.shape
    made = []
    for _ in range(n):
        turns = int(rng.integers(4)) if rows == columns else 2 * int(rng.integers(2))
        laid = np.rot90(grid, turns)
        laid = laid[:, ::-1] if rng.integers(2) else laid
        shift = int(rng.integers(1, rows * columns)) if rows * columns > 1 else 0
        made.append(np.roll(laid, (shift // columns, shift % columns), axis=(0, 1)))
    return np.asarray(np.stack(made), np.float32)


def against_random(
    score: Score,
    picture: FloatArray,
    grid: FloatArray,
    class_index: int,
    *,
    draws: Draws = DRAWS,
) -> tuple[Curves, AgainstRandom, AgainstRandom] | None:
    """Return the curves of a map, and both areas beside those of the map laid at random.

    Parameters
    ----------
    score, picture, class_index
        As in ``curves``.
    grid : ndarray of shape (grid_rows, grid_columns), >= 0
        The raw map; it covers the whole picture.
    draws : Draws

    Returns
    -------
    (Curves, deletion, insertion) or None
        None where the map marks nothing.
    """
    if not grid.max(initial=0) > 0:
        return None
    grids = np.concatenate([grid[None], random_places(grid, draws.n_random, seed=draws.seed)])
    rows, columns = picture.shape[:2]
    heatmaps = np.stack([upsample(item, rows, columns) for item in grids])
    made = [
        item
        for item in many_curves(score, picture, heatmaps, class_index, n_steps=draws.n_steps)
        if item is not None
    ]
    own, drawn = made[0], made[1:]
    return (
        own,
        _beside(own.deletion.area, [item.deletion.area for item in drawn]),
        _beside(own.insertion.area, [item.insertion.area for item in drawn]),
    )


def _beside(area: float, drawn: list[float]) -> AgainstRandom:
    n, mean = len(drawn), float(np.mean(drawn))
    if n < 2:
        return AgainstRandom(area, mean, None, None, n)
    # Of a next draw: the spread of the draws and the uncertainty of their mean together.
    half = float(stdtrit(n - 1, 0.975) * np.std(drawn, ddof=1) * np.sqrt(1 + 1 / n))
    return AgainstRandom(area, mean, mean - half, mean + half, n)
