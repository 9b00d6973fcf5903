"""Pad to a square: a later resize to a square then keeps the proportions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np

from core.domain import ByteArray
from core.preprocessing.step import Step


@dataclass(frozen=True)
class PadSquare(Step):
    """Pad the shorter side with black, centred, and never crop.

    For radiographs: beyond the film there is nothing, and nothing is black.

    >>> PadSquare().name, PadSquareBorder().name
    ('pad_square', 'pad_square_border')
    """

    kind = "pad_square"
    constants: ClassVar[Mapping[str, Any]] = {"fill": "black", "place": "centre"}

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Pad (rows, columns[, 3]) uint8 to (n, n[, 3]), n the longer side.

        Of an odd number of added lines, the odd one goes to the bottom or right.
        """
        rows, columns = pixels.shape[:2]
        side = max(rows, columns)
        top, left = (side - rows) // 2, (side - columns) // 2
        bottom, right = side - rows - top, side - columns - left
        value = self.fill_of(pixels)
        padded = cv2.copyMakeBorder(
            pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value
        )
        return np.asarray(padded, dtype=np.uint8)

    def fill_of(self, pixels: ByteArray) -> tuple[int, ...]:
        """Return what the added pixels hold, one number a channel, 0..255."""
        return (0, 0, 0)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return the square of the longer side."""
        return None if size is None else (max(size), max(size))

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Only squares."""
        return size[0] == size[1]

    @property
    def output_described(self) -> str:
        """Rows x columns, in words."""
        return "as many rows as columns"


@dataclass(frozen=True)
class PadSquareBorder(PadSquare):
    """The same with the median colour of the picture's own outermost pixels.

    For stained slides, where black never occurs and a bar of it would look like an artefact to
    model and gate. (Repeating or mirroring the edge draws streaks that look like tissue.)
    """

    kind = "pad_square_border"
    constants: ClassVar[Mapping[str, Any]] = {"fill": "border", "place": "centre"}

    def fill_of(self, pixels: ByteArray) -> tuple[int, ...]:
        """Return the median of the outermost pixels, one number a channel, 0..255."""
        samples = pixels.reshape(*pixels.shape[:2], -1)
        frame = np.concatenate([samples[0], samples[-1], samples[:, 0], samples[:, -1]])
        return tuple(int(value) for value in np.median(frame, axis=0))
