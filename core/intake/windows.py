"""Which values are black and white: the window of a picture, and the presets a reader may choose.

CT presets: the (level, width) pairs of the OHIF viewer.
"""

from __future__ import annotations

import numpy as np

from core.domain import FloatArray, Window

# (name, level, width) in HU
_PRESETS = (
    ("Soft tissue", 40.0, 400.0),
    ("Lung", -600.0, 1500.0),
    ("Bone", 480.0, 2500.0),
    ("Liver", 90.0, 150.0),
    ("Brain", 40.0, 80.0),
)
CT_PRESETS: tuple[Window, ...] = tuple(
    Window(level - width / 2, level + width / 2, name) for name, level, width in _PRESETS
)
EIGHT_BIT = Window(0.0, 255.0)
_TOPS = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # 8, 10, 12, 14 and 16 bits
_SAMPLE = 1_000_000  # percentiles of more values than this are taken from evenly spaced ones


def robust_window(values: FloatArray) -> Window:
    """Return the window from the 0.5th to the 99.5th percentile; full range when these are equal.

    Parameters
    ----------
    values : ndarray of shape (rows, columns) or (rows, columns, 3), float32

    Examples
    --------
    >>> robust_window(np.arange(1001, dtype=np.float32).reshape(7, 143))
    Window(low=5.0, high=995.0, name='Robust range')
    """
    flat = values.reshape(-1)
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return EIGHT_BIT
    sample = flat[:: max(1, flat.size // _SAMPLE)]
    low, high = (float(value) for value in np.percentile(sample, (0.5, 99.5)))
    if high <= low:
        low, high = float(flat.min()), float(flat.max())
    return Window(low, high if high > low else low + 1.0, "Robust range")


def grey_window(values: FloatArray) -> Window:
    """Return the window of grey values deeper than 8 bits that state no range themselves.

    The smallest of 8, 10, 12, 14 and 16 bits (or 0..1 for fractions) that holds every value, so
    that the same picture saved in 8, 12 or 16 bits is shown, and seen by a model, alike. Where the
    picture occupies less than an eighth of it, or has values outside, its robust range instead.

    Parameters
    ----------
    values : ndarray of shape (rows, columns) or (rows, columns, 3), float32
    """
    robust = robust_window(values)
    with np.errstate(invalid="ignore"):
        lowest, highest = float(values.min()), float(values.max())
    tops = (1.0, *_TOPS) if highest <= 1 else _TOPS
    top = next((top for top in tops if lowest >= 0 and highest <= top), None)
    if top is not None and robust.width >= top / 8 and highest > lowest:
        return Window(0.0, top, "Full range")
    return robust


def from_centre(centre: float, width: float, *, exact: bool, name: str) -> Window | None:
    """Return the window of a DICOM centre and width, or None when the width cannot be used.

    PS3.3 C.11.2.1.2.1 (LINEAR): centre - 0.5 -/+ (width - 1) / 2, width >= 1;
    C.11.2.1.3.2 (LINEAR_EXACT): centre -/+ width / 2, width > 0.

    Examples
    --------
    >>> from_centre(128.0, 256.0, exact=False, name="File")
    Window(low=0.0, high=255.0, name='File')
    """
    if not (np.isfinite(centre) and np.isfinite(width)) or width <= 0:
        return None
    if exact or width <= 1:
        return Window(centre - width / 2, centre + width / 2, name)
    middle, half = centre - 0.5, (width - 1) / 2
    return Window(middle - half, middle + half, name)


def mirrored(window: Window, about: float) -> Window:
    """Return the window of values that became ``about - value`` (MONOCHROME1)."""
    return Window(about - window.high, about - window.low, window.name)
