"""A decoded Pillow picture of any mode to float32 values, one function a family of modes.

Nothing here goes through Pillow's convert("L") on deep pictures: it clips everything above 255.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.domain import FloatArray, Window
from core.errors import IntakeError
from core.intake.channels import grey_if_equal
from core.intake.windows import EIGHT_BIT, grey_window

_DEEP = {"I;16": 16, "I;16L": 16, "I;16B": 16, "I;16N": 16, "I": 32, "F": 32}
_PLAIN = {"1": 1, "L": 8, "RGB": 8}
_CONVERTED = {
    "P": "Palette colours were replaced by the colours they stand for.",
    "CMYK": "CMYK print colours were converted to RGB.",
    "YCbCr": "YCbCr colours were converted to RGB.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Values of a picture with the window that shows them, and what was done to get them."""

    values: FloatArray
    window: Window
    bits: int
    notes: tuple[str, ...] = ()
    n_frames: int = 1
    frame: int = 0


def to_values(image: Image.Image, *, is_white_zero: bool = False) -> Decoded:
    """Return the values of a loaded picture, deep grey kept, transparency laid on black.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded; of any mode.
    is_white_zero : bool
        TIFF WhiteIsZero on a deep grey picture, which Pillow leaves as it is.

    Raises
    ------
    IntakeError
        If the picture is fully transparent, or its colour space is not read.
    """
    if image.mode in _DEEP:
        return deep_grey(np.asarray(image), bits=_DEEP[image.mode], is_white_zero=is_white_zero)
    if image.has_transparency_data:
        return _on_black(np.asarray(image.convert("RGBA")), bits=8, window=EIGHT_BIT)
    if image.mode == "1":
        return Decoded(_as_float(image.convert("L")), EIGHT_BIT, 1, ("1-bit picture.",))
    if image.mode in _PLAIN:
        return Decoded(_as_float(image), EIGHT_BIT, 8)
    if image.mode not in _CONVERTED:
        raise IntakeError(
            f"The colour space {image.mode} is not read.", remedy="Export the picture as RGB."
        )
    values = _as_float(image.convert("RGB"))
    return Decoded(values, EIGHT_BIT, 8, (_CONVERTED[image.mode],))


def deep_grey(pixels: NDArray[Any], *, bits: int, is_white_zero: bool = False) -> Decoded:
    """Return grey of more than 8 bits as float32, unclipped, with the range that shows it."""
    values = pixels.astype(np.float32)
    notes = []
    if is_white_zero:
        top = np.float32(65535) if bits == 16 else values.max() + values.min()
        values = top - values
        notes.append("White is zero in this file; the grey values were inverted.")
    window = grey_window(values)
    notes.append(
        f"{bits}-bit values were kept; {window.low:g} to {window.high:g} are shown as black to "
        f"white ({window.name.lower()})."
    )
    return Decoded(values, window, bits, tuple(notes))


def deep_colour(pixels: NDArray[np.uint16]) -> Decoded:
    """Return 16-bit red, green, blue, alpha of shape (rows, columns, 4) on black, unclipped."""
    on_black = _on_black(pixels, bits=16, window=Window(0, 65535))
    window = grey_window(on_black.values)
    note = (
        f"16-bit colours were kept; {window.low:g} to {window.high:g} are shown as black to white."
    )
    return Decoded(on_black.values, window, 16, (*on_black.notes, note))


def _on_black(rgba: NDArray[Any], *, bits: int, window: Window) -> Decoded:
    top = 2**bits - 1
    alpha = rgba[..., 3:]
    if not alpha.any():
        raise IntakeError(
            "The picture is fully transparent.", remedy="Export it again without transparency."
        )
    colours = rgba[..., :3].astype(np.float32)
    if alpha.min() == top:
        return Decoded(grey_if_equal(colours), window, bits)
    colours = np.rint(colours * (alpha.astype(np.float32) / top))
    note = "Transparent parts were laid on black."
    return Decoded(grey_if_equal(colours), window, bits, (note,))


def _as_float(image: Image.Image) -> FloatArray:
    return grey_if_equal(np.asarray(image)).astype(np.float32)
