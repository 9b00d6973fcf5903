"""Stain normalisation by Macenko: how much of each of two stains there is, in a target's stains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray
from core.errors import RecipeError
from core.preprocessing.parameters import numbers
from core.preprocessing.stain_reinhard import LEAST_TISSUE, NO_TISSUE
from core.preprocessing.step import SameSize

LIGHT = 240.0  # transmitted light that counts as no stain, of 255
THIN = 0.15  # optical density below which a pixel says nothing of its stain
TAIL = 1.0  # percent of the angles left out at either end
STRONG = 99.0  # percentile that stands for the strongest staining
LEAST_ANGLE = 2.0  # degrees between two stains, below which there is only one

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StainMacenko(SameSize):
    """Split the optical density into two stains and paint both as the target is stained.

    Macenko et al., A method for normalizing histology slides, ISBI 2009, with its constants: light
    240, density 0.15, angles from the 1st to the 99th percentile. A picture with less than 1 % of
    tissue, or with one stain only, comes back as it is.

    Parameters: ``first`` and ``second``, the direction of either stain in the optical density of
    red, green and blue (the first absorbs more red: haematoxylin), and ``strongest``, the 99th
    percentile of either concentration. The defaults are the medians over 841 PAS-stained glomeruli
    of three centres; those of haematoxylin and eosin stand in docs/preprocessing.md.
    """

    kind = "stain_macenko"
    when_unchanged: ClassVar[str] = NO_TISSUE

    first: tuple[float, ...] = numbers(-1, 1, default=(0.597, 0.691, 0.397))
    second: tuple[float, ...] = numbers(-1, 1, default=(0.233, 0.9, 0.365))
    strongest: tuple[float, ...] = numbers(0.05, 10, default=(1.77, 1.38))

    def __post_init__(self) -> None:
        super().__post_init__()
        if _angle(np.array(self.first), np.array(self.second)) < LEAST_ANGLE:
            raise RecipeError(
                f"{self.kind}: first and second are the same stain: {list(self.first)} and "
                f"{list(self.second)}.",
                remedy="Give two directions of optical density that differ.",
                column="second",
            )

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Normalise (rows, columns, 3) uint8; the same array where there is no tissue."""
        found = stains_of(pixels)
        if found is None:
            return pixels
        stains, strongest = found
        amounts = _amounts(_density(pixels), stains) * (np.array(self.strongest) / strongest)
        target = np.array([_unit(np.array(self.first)), _unit(np.array(self.second))])
        painted = LIGHT * np.exp(-amounts @ target)
        return np.asarray(np.clip(np.rint(painted), 0, 255), np.uint8).reshape(pixels.shape)


def stains_of(pixels: ByteArray) -> tuple[Floats, Floats] | None:
    """Return the two stains of a picture: what a target's parameters are measured with.

    Returns
    -------
    (ndarray of shape (2, 3), ndarray of shape (2,)) or None
        Unit vectors of optical density, that with more red first, and the 99th percentile of each
        concentration. None where there is no tissue, or only one stain.
    """
    if pixels.ndim == 2:
        return None
    density = _density(pixels)
    tissue = density[(density >= THIN).all(axis=1)]
    if len(tissue) < LEAST_TISSUE * len(density) or len(tissue) < 3:
        return None
    _, axes = np.linalg.eigh(np.cov(tissue.T))
    plane = axes[:, [2, 1]]  # widest spread first
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    projected = tissue @ plane
    angles = np.arctan2(projected[:, 1], projected[:, 0])
    ends = np.percentile(angles, [TAIL, 100 - TAIL])
    stains = np.column_stack([np.cos(ends), np.sin(ends)]) @ plane.T
    if _angle(stains[0], stains[1]) < LEAST_ANGLE:
        return None
    stains = stains[np.argsort(-stains[:, 0])]
    strongest = np.percentile(_amounts(density, stains), STRONG, axis=0)
    return (stains, strongest) if (strongest > 0).all() else None


def _density(pixels: ByteArray) -> Floats:
    """Return the optical density of every pixel, shape (rows * columns, 3)."""
    table = -np.log((np.arange(256) + 1.0) / LIGHT)
    return np.asarray(table[pixels.reshape(-1, 3)], dtype=np.float64)


def _amounts(density: Floats, stains: Floats) -> Floats:
    """Return how much of each stain every pixel has (least squares), shape (n, 2)."""
    return np.asarray(density @ np.linalg.pinv(stains), dtype=np.float64)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def _angle(a: Floats, b: Floats) -> float:
    """Return the angle between two directions in degrees; 0 where one has no length."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    if lengths == 0:
        return 0.0
    return float(np.degrees(np.arccos(np.clip(a @ b / lengths, -1, 1))))
