"""Contrast-limited adaptive histogram equalisation of the lightness, as OpenCV does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.step import Step


@dataclass(frozen=True)
class ClaheLab(Step):
    """CLAHE (Zuiderveld, Graphics Gems IV, 1994) on L of CIE LAB; hue and chroma stay.

    >>> ClaheLab(clip=4, tiles=8).name
    'clahe_lab_4_8x8'
    """

    clip: int
    tiles: int

    @property
    def name(self) -> str:
        """``clahe_lab_<clip>_<tiles>x<tiles>``."""
        return f"clahe_lab_{self.clip}_{self.tiles}x{self.tiles}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Clip limit (times a flat histogram), tiles a side, and where it works."""
        return {"clip": self.clip, "tiles": self.tiles, "channel": "lab_l"}

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

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return ``size``: nothing is resized."""
        return size

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Any size can have been equalised."""
        return True
