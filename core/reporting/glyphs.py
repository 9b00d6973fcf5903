"""Letters that the fonts of a PDF lack, drawn as small pictures: Chinese, Japanese and Korean.

OpenCV 5 carries WenQuanYi Micro Hei (Apache License 2.0) inside its wheel, under the name "uni". A
letter drawn so can be read and printed; it cannot be searched for, which is why titles and the
CSV of the same export keep the letters themselves.
"""

from __future__ import annotations

import base64
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE, _BASELINE, _TALL = 48, 44, 58  # pixels: of a letter, from the top, of its picture
_WIDE = _SIZE + 4
_REFUSED = "?"  # what OpenCV draws for a letter that the font lacks


@lru_cache(maxsize=4096)
def glyph_markup(letter: str, size: float) -> str | None:
    """Return reportlab's markup of a letter at ``size`` points; None where the font lacks it."""
    drawn = _drawn(letter)
    if np.array_equal(drawn, _drawn(_REFUSED)) or drawn.min() == drawn.max():
        return None
    _, png = cv2.imencode(".png", drawn)
    scale = size / _SIZE
    return (
        f'<img src="data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}" '
        f'width="{_WIDE * scale:.2f}" height="{_TALL * scale:.2f}" '
        f'valign="{(_BASELINE - _TALL) * scale:.2f}"/>'
    )


def _drawn(letter: str) -> NDArray[np.uint8]:
    canvas = np.full((_TALL, _WIDE, 3), 255, np.uint8)
    cv2.putText(canvas, letter, (2, _BASELINE), (34, 30, 26), cv2.FontFace("uni"), _SIZE, 400)
    return canvas
