"""Occlusion (Zeiler and Fergus, ECCV 2014): how much the logit drops where a patch is covered.

A patch slides over the picture in half steps; what lies under it is replaced by the blurred
picture (the default: no edge and no grey that the network has never met) or by the picture's mean
colour (as in the paper). A cell of the map is the mean drop of the patches that cover it, cut at
0: the logit that the class owes to this place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.domain import FloatArray
from core.saliency.masks import BlackBox, Score, blurred, masked_scores, only_picture
from core.saliency.raw_maps import RawMaps, Watch


@dataclass(frozen=True, slots=True)
class Patch:
    """What slides over the picture.

    ``cells`` : cells of the map along the shorter side; a patch moves by one cell at a time.
    ``width_cells`` : cells that a patch is wide. ``fill`` : what it shows.
    """

    cells: int = 14
    width_cells: int = 2
    fill: Literal["blurred", "mean"] = "blurred"


PATCH = Patch()


def explain(
    probe: BlackBox,
    batch: FloatArray,
    classes: Sequence[int],
    *,
    watch: Watch | None = None,
) -> RawMaps:
    """Return the raw maps of several classes of one picture (1, rows, columns, 3), 0..255.

    The probe gives logits; see ``occlusion``.
    """
    grids = occlusion(probe.logits, only_picture(batch), classes, watch=watch)
    return RawMaps(grids, "pixels")


def occlusion(
    score: Score,
    picture: FloatArray,
    classes: Sequence[int],
    *,
    patch: Patch = PATCH,
    watch: Watch | None = None,
) -> FloatArray:
    """Return the raw maps of several classes, in logit units.

    Parameters
    ----------
    score : callable
        Pictures -> logits.
    picture : ndarray of shape (rows, columns, 3), 0..255
    classes : sequence of int
    patch : Patch
        The default covers a seventh of the shorter side, in steps of a fourteenth: 225 passes of
        a square picture.
    watch : Watch or None

    Returns
    -------
    ndarray of shape (len(classes), grid_rows, grid_columns), float32, >= 0
        Every cell is covered by ``width_cells ** 2`` patches: those at the edge reach beyond it.
    """
    rows, columns = picture.shape[:2]
    side = min(rows, columns) / patch.cells
    grid = (max(1, round(rows / side)), max(1, round(columns / side)))
    wide = patch.width_cells
    starts = [
        (row, column) for row in range(1 - wide, grid[0]) for column in range(1 - wide, grid[1])
    ]
    edges = [
        np.rint(np.linspace(0, n, cells + 1)).astype(int)
        for n, cells in zip((rows, columns), grid, strict=True)
    ]

    def masks(start: int, stop: int) -> FloatArray:
        kept = np.ones((stop - start, rows, columns), np.float32)
        for mask, (row, column) in zip(kept, starts[start:stop], strict=True):
            top, left = edges[0][max(row, 0)], edges[1][max(column, 0)]
            bottom = edges[0][min(row + wide, grid[0])]
            right = edges[1][min(column + wide, grid[1])]
            mask[top:bottom, left:right] = 0.0
        return kept

    fill = blurred(picture) if patch.fill == "blurred" else picture.mean(axis=(0, 1))
    baseline = np.broadcast_to(fill, picture.shape).astype(np.float32)
    whole = score(picture[None])[0]
    drops = whole - masked_scores(
        score, picture, masks, len(starts), baseline=baseline, watch=watch
    )
    summed = np.zeros((len(classes), *grid), np.float32)
    for drop, (row, column) in zip(drops[:, list(classes)], starts, strict=True):
        covered = summed[:, max(row, 0) : row + wide, max(column, 0) : column + wide]
        covered += drop[:, None, None]
    return np.asarray(np.maximum(summed / wide**2, 0.0), np.float32)
