"""Contrast-limited adaptive histogram equalisation of the lightness, as OpenCV does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.parameters import whole
from core.preprocessing.step import SameSize


@dataclass(frozen=True)
class ClaheLab(SameSize):
    """CLAHE (Zuiderveld, Graphics Gems IV, 1994) on L of CIE LAB; hue and chroma stay.

    ``clip`` times a flat histogram is the limit; ``tiles`` a side.

    >>> ClaheLab(clip=4, tiles=8).name
    'clahe_lab_4_8x8'
    """

    kind = "clahe_lab"
    constants: ClassVar[Mapping[str, Any]] = {"channel": "lab_l"}

    clip: int = whole(1, 40, default=4)
    tiles: int = whole(1, 32, default=8)

    @classmethod
    def values_of(cls, words: Sequence[str]) -> dict[str, Any]:
        """Read the clip and, as in ``8x8``, the tiles."""
        clip, tiles = words
        return {"clip": int(clip), "tiles": int(tiles.partition("x")[0])}

    @property
    def words(self) -> list[str]:
        """``<clip>_<tiles>x<tiles>``."""
        return [f"{self.clip}", f"{self.tiles}x{self.tiles}"]

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Equalise (rows, columns[, 3]) uint8; the output always has three channels, RGB.

        Grey goes through LAB as well: its 8-bit L is a curved function of grey, so that
        equalising the grey values themselves would give another picture.
        """
        rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels
        lightness, a, b = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))
        # A CLAHE object carries its tables as state: one a call keeps threads apart.
        equaliser = cv2.createCLAHE(clipLimit=float(self.clip), tileGridSize=(self.tiles,) * 2)
        lab = cv2.merge((equaliser.apply(lightness), a, b))
        return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
