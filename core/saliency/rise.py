"""RISE (Petsiuk et al., BMVC 2018): the mean score over random masks that show a place.

Masks are coarse random grids, stretched and shifted; the picture is black where they are 0. The
paper's map of a class is E[f | this place is shown]. Ours is E[f | shown] - E[f], cut at 0: the
same order of places, and a value in logit units: by how much the logit is higher when this place is
shown than on average.

That difference is cov(mask, f) / E[mask]. Averaged over the masks drawn it is noisy: with a few
hundred, most of what is seen is which places happened to be shown together. But how masks covary is
known without asking the network. So f is regressed on the masks (ridge), and the map is K a, with K
the true covariance of the masks and a the coefficients: for masks without number both are the same
map (what the regression leaves over does not covary with any mask), and 512 masks come as near to
it as some thousands without (docs/explanations.md).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.saliency.masks import CHUNK, BlackBox, Score, only_picture, stretched
from core.saliency.raw_maps import RawMaps, Watch

GRID = (14, 14)
RIDGE = 0.1  # of the mean variance of a cell
_MANY = 4096


@dataclass(frozen=True, slots=True)
class RandomMasks:
    """How masks are drawn.

    ``n`` : how many. ``cells`` : cells of the coarse grid along a side. ``shown`` : chance of a
    cell to be shown. ``seed`` : the same seed, the same masks.
    """

    n: int = 512
    cells: int = 7
    shown: float = 0.5
    seed: int = 20261121


MASKS = RandomMasks()


def explain(
    probe: BlackBox,
    batch: FloatArray,
    classes: Sequence[int],
    *,
    watch: Watch | None = None,
) -> RawMaps:
    """Return the raw maps of several classes of one picture (1, rows, columns, 3), 0..255.

    The probe gives logits; see ``rise``.
    """
    grids = rise(probe.logits, only_picture(batch), classes, watch=watch)
    return RawMaps(grids, "pixels")


def rise(
    score: Score,
    picture: FloatArray,
    classes: Sequence[int],
    *,
    drawn: RandomMasks = MASKS,
    watch: Watch | None = None,
) -> FloatArray:
    """Return the raw maps of several classes, in logit units.

    Parameters
    ----------
    score : callable
        Pictures -> logits.
    picture : ndarray of shape (rows, columns, 3), 0..255
    classes : sequence of int
    drawn : RandomMasks
    watch : Watch or None

    Returns
    -------
    ndarray of shape (len(classes), 14, 14), float32, >= 0
        Twice as fine as the masks, which have no more to tell.
    """
    size = (picture.shape[0], picture.shape[1])
    coarse, shifts = draw_grids(drawn)
    cells, scores = [], []
    for start in range(0, drawn.n, CHUNK):
        chunk = slice(start, min(start + CHUNK, drawn.n))
        masks = shifted_masks(coarse[chunk], shifts[chunk], size, cells=drawn.cells)
        scores.append(score(masks[..., None] * picture)[:, list(classes)])
        cells.append(_cell_means(masks))
        if watch is not None:
            watch.tell(chunk.stop, drawn.n)
    shown, found = np.concatenate(cells), np.concatenate(scores).astype(np.float64)
    rises = regressed(shown, found, drawn)
    return np.asarray(np.maximum(rises, 0.0), np.float32).reshape(-1, *GRID)


def regressed(
    shown: NDArray[np.float64], found: NDArray[np.float64], drawn: RandomMasks
) -> NDArray[np.float64]:
    """Return E[f | a cell is shown] - E[f], (n_classes, n_cells), of scores (n_masks, n_classes).

    ``shown`` (n_masks, n_cells): how much of each cell each mask shows.
    """
    centred = shown - shown.mean(axis=0)
    covariance = centred.T @ centred / len(centred)
    ridge = RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    with_scores = centred.T @ (found - found.mean(axis=0)) / len(centred)
    coefficients = np.linalg.solve(covariance + ridge, with_scores)
    return (mask_covariance(drawn.cells, drawn.shown) @ coefficients).T / drawn.shown


@functools.lru_cache(maxsize=4)
def mask_covariance(cells: int, shown: float) -> NDArray[np.float64]:
    """Return how the cells of masks covary, (n_cells, n_cells), whatever the picture's size."""
    many = RandomMasks(n=_MANY, cells=cells, shown=shown, seed=1)
    coarse, shifts = draw_grids(many)
    small = (GRID[0] * 4, GRID[1] * 4)
    means = [
        _cell_means(
            shifted_masks(
                coarse[start : start + 64], shifts[start : start + 64], small, cells=cells
            )
        )
        for start in range(0, _MANY, 64)
    ]
    return np.asarray(np.cov(np.concatenate(means).T))


def _cell_means(masks: FloatArray) -> NDArray[np.float64]:
    means = [cv2.resize(mask, GRID[::-1], interpolation=cv2.INTER_AREA).ravel() for mask in masks]
    return np.asarray(np.stack(means), np.float64)


def draw_grids(drawn: RandomMasks) -> tuple[FloatArray, FloatArray]:
    """Return coarse grids (n, cells + 1, cells + 1) of 0 and 1, and their shifts (n, 2) in 0..1."""
    rng = np.random.default_rng(drawn.seed)
    coarse = rng.random((drawn.n, drawn.cells + 1, drawn.cells + 1)) < drawn.shown
    return coarse.astype(np.float32), rng.random((drawn.n, 2), np.float32)


def shifted_masks(
    coarse: FloatArray, shifts: FloatArray, size: tuple[int, int], *, cells: int
) -> FloatArray:
    """Return masks (n, rows, columns) in [0, 1]: stretched, cut out at the shift of each."""
    cell = [-(-n // cells) for n in size]
    large = stretched(coarse, ((cells + 1) * cell[0], (cells + 1) * cell[1]))
    tops, lefts = (np.floor(shifts[:, axis] * cell[axis]).astype(int) for axis in (0, 1))
    cut = [
        mask[top : top + size[0], left : left + size[1]]
        for mask, top, left in zip(large, tops, lefts, strict=True)
    ]
    return np.stack(cut)
