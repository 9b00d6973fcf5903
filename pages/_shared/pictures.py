"""Arrays to lossless PNG for the screen, reduced only where a screen could not show more."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from core.domain import ByteArray, StudyImage, Window

# A pane is at most about 900 screen pixels wide: twice that leaves room to zoom in.
LONGEST_SHOWN = 2048
THUMB = 88


def reduced(pixels: ByteArray, longest: int = LONGEST_SHOWN) -> tuple[ByteArray, float]:
    """Return (rows, columns[, 3]) uint8 with the longer side at most ``longest``, and the share.

    The share is 1.0 where nothing was reduced: the pixels are then the very same.
    """
    share = longest / max(pixels.shape[:2])
    if share >= 1:
        return pixels, 1.0
    size = (max(round(pixels.shape[1] * share), 1), max(round(pixels.shape[0] * share), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), share


def png(pixels: ByteArray) -> bytes:
    """Return PNG bytes of (rows, columns) grey, (…, 3) RGB or (…, 4) RGBA, uint8, losslessly."""
    ordered = pixels
    if pixels.ndim == 3:
        has_alpha = pixels.shape[2] == 4
        ordered = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if has_alpha else cv2.COLOR_RGB2BGR)
    # Level 1: a light-box picture must arrive now, and a local link is not short of bytes.
    _, encoded = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return bytes(encoded.tobytes())


def as_base64(pixels: ByteArray) -> str:
    """Return the PNG of the pixels as base64 text, as the viewer takes it."""
    return base64.b64encode(png(pixels)).decode("ascii")


def thumbnail(image: StudyImage) -> str:
    """Return a small PNG of the picture as base64 text."""
    small, _ = reduced(image.pixels, THUMB)
    return as_base64(small)


def through_window(image: StudyImage, window: Window, *, inverted: bool) -> ByteArray:
    """Return the pixels as a reader wants to see them; the model's own view is ``image.pixels``.

    Parameters
    ----------
    image : StudyImage
    window : Window
        Values shown as black and white, in the unit of ``image.values``.
    inverted : bool
        Show black as white.
    """
    if (window.low, window.high) == (image.window.low, image.window.high):
        shown = image.pixels
    else:
        span = max(window.high - window.low, 1e-12)
        scaled = (image.values - window.low) * (255.0 / span)
        shown = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return np.asarray(255 - shown, dtype=np.uint8) if inverted else shown


def fitted(pixels: ByteArray, rows: int, columns: int) -> ByteArray:
    """Return a picture laid into (rows, columns) on black, its own proportions kept."""
    share = min(rows / pixels.shape[0], columns / pixels.shape[1])
    high, wide = (max(round(side * share), 1) for side in pixels.shape[:2])
    method = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
    small = cv2.resize(pixels, (wide, high), interpolation=method)
    laid = np.zeros((rows, columns, *pixels.shape[2:]), np.uint8)
    top, left = (rows - high) // 2, (columns - wide) // 2
    laid[top : top + high, left : left + wide] = small
    return laid
