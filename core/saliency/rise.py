"""RISE (Petsiuk et al., BMVC 2018): the mean score over random masks that show a place.

Masks are coarse random grids, stretched and shifted; the picture is black where they are 0. The
paper's map of a class is E[f | this place is shown]. Ours is E[f | shown] - E[f], cut at 0: the
same order of places, less noise, and a value in logit units: by how much the logit is higher when
this place is shown than on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain import FloatArray
from core.saliency.masks import CHUNK, BlackBox, Score, only_picture, stretched
from core.saliency.raw_maps import RawMaps, Watch


@dataclass(frozen=True, slots=True)
class RandomMasks:
    """How masks are drawn.

    ``n`` : how many (the paper took 4,000 and more of photographs; the map of 1,000 agrees with
    it, docs/explanations.md). ``cells`` : cells of the coarse grid along a side. ``shown`` : chance
    of a cell to be shown. ``seed`` : the same seed, the same masks.
    """

    n: int = 1000
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
    ndarray of shape (len(classes), rows, columns), float32, >= 0
    """
    size = (picture.shape[0], picture.shape[1])
    coarse, shifts = draw_grids(drawn)
    total = np.zeros(len(classes))
    summed = np.zeros((len(classes), size[0] * size[1]))
    shown = np.zeros(size[0] * size[1])
    for start in range(0, drawn.n, CHUNK):
        chunk = slice(start, min(start + CHUNK, drawn.n))
        masks = shifted_masks(coarse[chunk], shifts[chunk], size, cells=drawn.cells)
        found = score(masks[..., None] * picture)[:, list(classes)]
        flat = masks.reshape(len(masks), -1)
        total += found.sum(axis=0)
        summed += found.T @ flat
        shown += flat.sum(axis=0)
        if watch is not None:
            watch.tell(chunk.stop, drawn.n)
    mean_shown = summed / np.maximum(shown, 1e-6)
    rise_over_mean = mean_shown - (total / drawn.n)[:, None]
    return np.asarray(np.maximum(rise_over_mean, 0.0), np.float32).reshape(-1, *size)


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
