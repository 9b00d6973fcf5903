"""Stain normalisation by Reinhard: mean and spread of the tissue's colours, as in a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray
from core.preprocessing.parameters import numbers
from core.preprocessing.step import SameSize

NO_TISSUE = "it shows no stained tissue, so that its colours are as they were"
GLASS = 90.0  # lightness of CIE LAB from which on a pixel is glass
GREY = 5.0  # chroma of CIE LAB up to which a pixel is no stain
LEAST_TISSUE = 0.01  # share of the pixels


@dataclass(frozen=True)
class StainReinhard(SameSize):
    """Shift and stretch L, a and b of CIE LAB so that the tissue has the target's mean and spread.

    Reinhard et al., Color transfer between images, IEEE CG&A 21 (2001), in CIE LAB instead of their
    l-alpha-beta. The figures are those of tissue (lightness under 90, chroma above 5), the change
    is that of every pixel: a border between the two would be drawn otherwise. A picture with less
    than 1 % of tissue comes back as it is.

    Parameters: ``mean`` and ``deviation`` of L (0..100), a and b (-128..127) over the target's
    tissue. The defaults are the medians over 841 PAS-stained glomeruli of three centres.

    >>> StainReinhard(mean=(60, 20, -15), deviation=(15, 8, 6)).name
    'stain_reinhard_60_20_-15_15_8_6'
    """

    kind = "stain_reinhard"
    when_unchanged: ClassVar[str] = NO_TISSUE

    mean: tuple[float, ...] = numbers(-128, 127, default=(58.9, 27.0, -17.5))
    deviation: tuple[float, ...] = numbers(0.1, 60, default=(15.0, 9.3, 5.3))

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Normalise (rows, columns, 3) uint8; the same array where there is no tissue."""
        found = tissue_colours(pixels)
        if found is None:
            return pixels
        mean, deviation = found
        lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        stretch = np.array(self.deviation) / np.maximum(deviation, 0.1)
        lab = (lab - mean) * stretch + np.array(self.mean)
        lab[:, :, 0] = np.clip(lab[:, :, 0], 0, 100)
        rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
        return np.asarray(np.clip(np.rint(rgb * 255), 0, 255), dtype=np.uint8)


def tissue_colours(
    pixels: ByteArray,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return mean and standard deviation of L, a and b over the tissue, each of shape (3,).

    None where less than 1 % of the pixels is tissue: what a target's parameters are measured with.
    """
    if pixels.ndim == 2:
        return None
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    is_tissue = (lab[:, :, 0] < GLASS) & (np.hypot(lab[:, :, 1], lab[:, :, 2]) > GREY)
    if is_tissue.mean() < LEAST_TISSUE:
        return None
    tissue = lab[is_tissue].astype(np.float64)
    return tissue.mean(axis=0), tissue.std(axis=0)
