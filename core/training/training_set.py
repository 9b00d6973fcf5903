"""The pictures of a training run as one value: pixels after the recipe, classes, groups, names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray
from core.errors import TrainingError


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Prepared pictures with their labels.

    Attributes
    ----------
    pixels : ndarray of shape (n, rows, columns) or (n, rows, columns, 3), uint8
        After the recipe; grey or RGB.
    y_true : ndarray of shape (n,), int64
        Class index.
    group : ndarray of shape (n,), object (str)
        Series, patient or slide.
    file : ndarray of shape (n,), object (str)
    class_names : tuple of str
    """

    pixels: ByteArray
    y_true: NDArray[np.int64]
    group: NDArray[np.object_]
    file: NDArray[np.object_]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.pixels), len(self.y_true), len(self.group), len(self.file)}
        if len(lengths) != 1 or 0 in lengths:
            raise TrainingError(
                f"The parts of the training set have the lengths {sorted(lengths)}.",
                remedy="Give pixels, class, group and file of each picture, and at least one.",
            )

    def __len__(self) -> int:
        return len(self.y_true)

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) of every picture."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[2])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over pixels, classes, groups and files."""
        digest = hashlib.sha256(repr((self.pixels.shape, self.class_names)).encode())
        for start in range(0, len(self), 1024):
            digest.update(self.pixels[start : start + 1024].tobytes())
        digest.update(self.y_true.tobytes())
        digest.update("\n".join(map(str, [*self.group, *self.file])).encode())
        return digest.hexdigest()

    @cached_property
    def table(self) -> pd.DataFrame:
        """``label`` (class name) and ``group`` of every picture, as samplers want them."""
        labels = np.array(self.class_names, dtype=object)[self.y_true]
        return pd.DataFrame({"label": labels, "group": self.group})

    def batch(self, rows: NDArray[np.integer[Any]]) -> FloatArray:
        """Return pictures as the network takes them: (m, rows, columns, 3) float32, 0..255."""
        return as_batch(self.pixels[rows])


def as_batch(pixels: ByteArray) -> FloatArray:
    """Return grey (n, r, c) or RGB (n, r, c, 3) uint8 pixels as a float32 RGB batch.

    >>> as_batch(np.zeros((2, 4, 5), np.uint8)).shape
    (2, 4, 5, 3)
    """
    batch = np.empty((*pixels.shape[:3], 3), np.float32)
    for place, picture in enumerate(pixels):
        batch[place] = as_rgb(picture)
    return batch


def as_rgb(picture: ByteArray) -> ByteArray:
    """Return one grey (r, c) or RGB (r, c, 3) picture as RGB.

    OpenCV's copy: NumPy takes ten times as long to repeat a channel while it changes the type.

    >>> as_rgb(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 3)
    """
    if picture.ndim == 3:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
