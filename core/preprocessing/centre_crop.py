"""Cut the middle out of a picture."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import ByteArray
from core.errors import RecipeError
from core.preprocessing.step import FixedSize


@dataclass(frozen=True)
class CentreCrop(FixedSize):
    """Keep the middle ``rows`` x ``columns`` pixels; what lies outside is never seen.

    Of an odd number of lines that go, the odd one goes from the bottom or right.

    >>> CentreCrop(rows=200, columns=224).name
    'centre_crop_200x224'
    """

    kind = "centre_crop"

    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Cut (n, m[, 3]) uint8 down to (rows, columns[, 3]).

        Raises
        ------
        RecipeError
            If the picture is smaller: a crop invents no pixels.
        """
        rows, columns = pixels.shape[:2]
        if rows < self.rows or columns < self.columns:
            raise RecipeError(
                f"{self.name} was given a picture of {rows} x {columns}.",
                remedy="Resize or pad the picture before the crop, or crop less.",
            )
        top, left = (rows - self.rows) // 2, (columns - self.columns) // 2
        return pixels[top : top + self.rows, left : left + self.columns].copy()
