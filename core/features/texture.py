"""Texture of the whole picture: grey-level co-occurrence and local binary patterns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray
from core.features.objects import grey_of
from core.features.spec import Column, Feature, Mask

N_LEVELS = 32
_ANGLES = ((0, 1), (1, 1), (1, 0), (1, -1))  # (down, across): 0, 45, 90 and 135 degrees
# Neighbours of a pixel in their order around it.
_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def glcm(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return contrast, dissimilarity, homogeneity, energy and correlation of the co-occurrences.

    Haralick et al., IEEE SMC 3 (1973), of the luminance in 32 levels: neighbours at distance 1,
    either way, mean of four directions. A picture of one level has a correlation of 1.
    """
    levels = (grey_of(pixels) // (256 // N_LEVELS)).astype(np.intp)
    directions = np.array([_of_pairs(_pairs(levels, angle)) for angle in _ANGLES])
    return [float(value) for value in directions.mean(axis=0)]


def lbp(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return the shares of rotation-invariant uniform local binary patterns.

    Ojala et al., IEEE PAMI 24 (2002), on the 3 x 3 neighbours as they are, of the luminance: with
    at most two changes around the pixel, how many neighbours are at least as bright as it (0 to 8);
    the last column is every other pattern. The outermost pixels have no pattern.
    """
    grey = grey_of(pixels)
    rows, columns = grey.shape
    if min(rows, columns) < 3:
        return (0.0,) * len(LBP.columns)
    centre = grey[1:-1, 1:-1]
    brighter = np.stack(
        [
            grey[1 + down : rows - 1 + down, 1 + across : columns - 1 + across] >= centre
            for down, across in _AROUND
        ]
    )
    n_changes = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0)
    patterns = np.where(n_changes <= 2, brighter.sum(axis=0), 9)
    counts = np.bincount(patterns.ravel(), minlength=10)
    return [float(count) / patterns.size for count in counts]


def _pairs(levels: NDArray[np.intp], angle: tuple[int, int]) -> NDArray[np.float64]:
    """Return the symmetric co-occurrence matrix of one direction, its sum 1."""
    (down, across), (rows, columns) = angle, levels.shape
    first = levels[: rows - down, max(0, -across) : columns - max(0, across)]
    second = levels[down:, max(0, across) : columns + min(0, across)]
    counts = np.bincount((first * N_LEVELS + second).ravel(), minlength=N_LEVELS**2)
    matrix = counts.reshape(N_LEVELS, N_LEVELS)
    both = (matrix + matrix.T).astype(np.float64)
    return np.asarray(both / max(both.sum(), 1.0))


def _of_pairs(share: NDArray[np.float64]) -> list[float]:
    level = np.arange(N_LEVELS, dtype=np.float64)
    apart = level[:, None] - level[None, :]
    mean = float(share.sum(axis=1) @ level)
    variance = float(share.sum(axis=1) @ (level - mean) ** 2)
    covariance = float((level - mean) @ share @ (level - mean))
    return [
        float((share * apart**2).sum()),
        float((share * np.abs(apart)).sum()),
        float((share / (1 + apart**2)).sum()),
        float(np.sqrt((share**2).sum())),
        float(np.clip(covariance / variance, -1, 1)) if variance > 1e-12 else 1.0,
    ]


GLCM = Feature(
    "glcm",
    "texture",
    (
        Column("glcm_contrast", "squared difference of neighbours", "level squared", 0, 961),
        Column("glcm_dissimilarity", "difference of neighbours", "level", 0, 31),
        Column("glcm_homogeneity", "how alike neighbours are", "share", 0, 1),
        Column("glcm_energy", "how few pairs of levels occur", "share", 0, 1),
        Column("glcm_correlation", "of neighbours", "coefficient", -1, 1),
    ),
    glcm,
)
LBP = Feature(
    "lbp",
    "texture",
    (
        *(
            Column(f"lbp_{n}", f"uniform patterns with {n} neighbours as bright", "share", 0, 1)
            for n in range(9)
        ),
        Column("lbp_other", "patterns that are not uniform", "share", 0, 1),
    ),
    lbp,
)
