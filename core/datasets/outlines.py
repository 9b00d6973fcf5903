"""Pictures cut by the outline that their mask draws, while a folder is read for training.

No step of a recipe: an upload brings no mask, so a model that was trained on cut pictures is served
others than it knows. It exists for the published protocol that compares crops of unequal size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.description import DatasetDescription, read_description
from core.datasets.file_column import check_files, check_paths
from core.datasets.manifest import LABELS_FILE
from core.datasets.table import read_table
from core.domain import ByteArray
from core.errors import DatasetError, IntakeError

Cut = Literal["box", "inside"]
Mask = NDArray[np.bool_]


def mask_files(folder: Path) -> dict[str, Path]:
    """Return the mask of every picture of a data folder, by the picture's ``file``.

    Raises
    ------
    DatasetError
        If the folder's description names no ``mask_column``, its table does not have it, or a cell
        is empty or leads out of the folder.
    """
    description = read_description(folder) or DatasetDescription()
    column = description.mask_column
    if column is None:
        raise DatasetError(
            f"{folder.name} names no masks.",
            remedy="Add `mask_column` to its dataset.yaml, or read the pictures uncut.",
            column="mask_column",
        )
    table = read_table(folder / (description.labels or LABELS_FILE))
    table.require(["file", column])
    table.refuse_empty(["file", column])
    check_files(folder, table)
    check_paths(folder, table, column=column)
    masks = zip(table.columns["file"], table.columns[column], strict=True)
    return {file: folder / mask for file, mask in masks}


def read_mask(path: Path) -> Mask:
    """Return a mask file, (rows, columns) bool: whatever is not black.

    Raises
    ------
    IntakeError
        If it cannot be read as a picture.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise IntakeError(
            f"The mask {path.name} cannot be read: {error.strerror}.", remedy="Check the path."
        ) from None
    grey = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if len(content) else None
    if grey is None:
        raise IntakeError(
            f"The mask {path.name} is no picture.", remedy="Save it as PNG, black outside."
        )
    return np.asarray(grey > 0, dtype=np.bool_)


def crop_to_outline(pixels: ByteArray, mask: Mask, *, cut: Cut) -> ByteArray:
    """Return the part of a picture that its mask marks; sizes differ as the outlines do.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
    mask : ndarray of shape (rows, columns), bool
    cut : {"box", "inside"}
        The smallest upright rectangle that holds the outline; or the largest one that lies within
        it, so that nothing around the object is seen.

    Raises
    ------
    IntakeError
        If the mask has another size than the picture, or marks nothing.
    """
    if mask.shape != pixels.shape[:2]:
        raise IntakeError(
            f"The mask is {mask.shape[0]} x {mask.shape[1]}, the picture {pixels.shape[0]} x "
            f"{pixels.shape[1]}.",
            remedy="Give masks of the size of their pictures.",
        )
    if not mask.any():
        raise IntakeError("The mask marks nothing.", remedy="Leave the picture out, or draw it.")
    top, bottom, left, right = _box(mask) if cut == "box" else _inside(mask)
    return pixels[top:bottom, left:right].copy()


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _inside(mask: Mask) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) of the largest rectangle of True; the first of equals.

    Row by row, each column is a bar of the height of its run of True; the largest rectangle below
    a skyline is found with a stack of bars that still rise.
    """
    best, found = 0, (0, 0, 0, 0)
    heights = np.zeros(mask.shape[1] + 1, dtype=np.int64)  # a bar of 0 at the end closes all
    for row, line in enumerate(mask):
        heights[:-1] = np.where(line, heights[:-1] + 1, 0)
        rising: list[tuple[int, int]] = []  # (first column, height)
        for column, height in enumerate(heights.tolist()):
            start = column
            while rising and rising[-1][1] >= height:
                start, tall = rising.pop()
                if tall * (column - start) > best:
                    best = tall * (column - start)
                    found = (row + 1 - tall, row + 1, start, column)
            rising.append((start, height))
    return found
