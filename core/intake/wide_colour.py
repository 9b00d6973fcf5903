"""Colour of 16 bits a sample, which Pillow would cut to its upper 8: read by OpenCV instead."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN, refusing


def read_wide_colour(data: bytes, *, page: int = 0) -> NDArray[np.uint16]:
    """Return a 16-bit colour picture whose size has been checked already.

    Parameters
    ----------
    data : bytes
        A PNG or TIFF.
    page : int
        Page of a TIFF, zero-based.

    Returns
    -------
    ndarray of shape (rows, columns, 4), uint16
        Red, green, blue, alpha (65535 where the file has none).

    Raises
    ------
    IntakeError
        If OpenCV cannot decode it to 16-bit colour.
    """
    problem = "The 16-bit colour picture cannot be decoded."
    with refusing(problem, remedy=EXPORT_AGAIN, also=(cv2.error,)):
        buffer = np.frombuffer(data, np.uint8)
        _, pages = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED, range=(page, page + 1))
    if not pages or pages[0].dtype != np.uint16 or pages[0].ndim != 3:
        raise IntakeError(problem, remedy=EXPORT_AGAIN)
    return _red_first(pages[0])


def _red_first(pixels: NDArray[Any]) -> NDArray[np.uint16]:
    alpha = pixels[..., 3:] if pixels.shape[2] == 4 else np.full_like(pixels[..., :1], 65535)
    return np.concatenate([pixels[..., 2::-1], alpha], axis=2)
