"""Cut the middle out of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.domain import ByteArray
from core.errors import RecipeError
from core.preprocessing.parameters import whole
from core.preprocessing.step import Step, read_size, size_words


@dataclass(frozen=True)
class CentreCrop(Step):
    """Keep the middle ``rows`` x ``columns`` pixels; what lies outside is never seen.

    Of an odd number of lines that go, the odd one goes from the bottom or right.

    >>> CentreCrop(rows=200, columns=224).name
    'centre_crop_200x224'
    """

    kind = "centre_crop"
    fixes_size: ClassVar[bool] = True

    rows: int = whole(8, 2048)
    columns: int = whole(8, 2048)

    @classmethod
    def values_of(cls, words: Sequence[str]) -> dict[str, Any]:
        """Read ``224`` or ``200x224``."""
        return read_size(words)

    @property
    def words(self) -> list[str]:
        """``224`` for a square, else ``<rows>x<columns>``."""
        return size_words(self.rows, self.columns)

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

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return (rows, columns), whatever comes in."""
        return (self.rows, self.columns)

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Only a picture of exactly this size."""
        return size == (self.rows, self.columns)

    @property
    def output_described(self) -> str:
        """Rows x columns."""
        return f"{self.rows} x {self.columns}"
