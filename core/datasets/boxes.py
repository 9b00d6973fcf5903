"""``boxes.csv``: where the findings lie in the pictures of a folder, one row a finding.

Columns ``file, x_centre, y_centre, width, height``; the four numbers are fractions of the
picture's width and height. A file may have several rows.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from core.datasets.table import Table, read_table
from core.errors import DatasetError

BOXES_FILE = "boxes.csv"
_NUMBERS = ("x_centre", "y_centre", "width", "height")


def read_boxes(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Return the boxes of every picture of a folder, in the order of its table.

    Returns
    -------
    dict of str to ndarray of shape (n_boxes, 4), float64
        By file as the table names it: (top, left, bottom, right), fractions of the picture, cut
        at its edges.

    Raises
    ------
    DatasetError
        If the table is missing or a cell is wrong, with row and column of the first offender.
    """
    table = read_table(folder / BOXES_FILE, header=",".join(("file", *_NUMBERS)))
    table.require(("file", *_NUMBERS))
    table.refuse_empty(("file",))
    found: dict[str, list[tuple[float, ...]]] = {}
    for place, file in enumerate(table.columns["file"]):
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise table.fault(
                place,
                "file",
                f"{file!r} lies outside the folder.",
                remedy="Give the path from the folder that holds the table.",
            )
        found.setdefault(file, []).append(_box(table, place))
    return {file: np.clip(np.array(rows), 0.0, 1.0) for file, rows in found.items()}


def _box(table: Table, place: int) -> tuple[float, float, float, float]:
    x, y, width, height = (_fraction(table, place, name) for name in _NUMBERS)
    return y - height / 2, x - width / 2, y + height / 2, x + width / 2


def _fraction(table: Table, place: int, column: str) -> float:
    cell = table.columns[column][place]
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:  # written so that NaN fails
        raise _not_a_fraction(table, place, column, cell)
    return value


def _not_a_fraction(table: Table, place: int, column: str, cell: str) -> DatasetError:
    return table.fault(
        place,
        column,
        f"{cell!r} is not a fraction of the picture.",
        remedy="Give a number from 0 to 1: pixels over the picture's width or height.",
    )
