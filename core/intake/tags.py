"""The technical DICOM tags that survive: an allow-list, each with the form its value must have.

Everything else is never even parsed into our data set (PS3.15 E.1 keeps less; a list of what may
stay can be proved, a list of what must go cannot). A listed tag whose value has another form, such
as a person's name typed into the body part, is dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydicom import Dataset

_CODE = re.compile(r"[A-Z0-9_][A-Z0-9_ /-]{0,63}")  # CS: no lower case, no ^
_VENDORS = (
    "AGFA", "BARCO", "CANON", "CARESTREAM", "ESAOTE", "FUJI", "GE ", "HAMAMATSU", "HITACHI",
    "HOLOGIC", "KODAK", "KONICA", "LEICA", "MINDRAY", "NEUSOFT", "OLYMPUS", "PHILIPS", "SAMSUNG",
    "SHIMADZU", "SIEMENS", "TOSHIBA", "UIH", "VENTANA", "ZEISS",
)  # fmt: skip


def numbers(value: Any) -> tuple[float, ...]:
    """Return the finite numbers of a DICOM value of any multiplicity; () where there are none.

    Examples
    --------
    >>> numbers(["40", "bad", 400]), numbers(None), numbers(2)
    ((40.0, 400.0), (), (2.0,))
    """
    items = value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else [value]
    found = []
    for item in items:
        try:
            number = float(item)
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            found.append(number)
    return tuple(found)


def code(value: Any) -> str | None:
    """Return a code string in upper case, or None when it has another form."""
    text = str(value).strip().upper() if isinstance(value, str) else ""
    return text if _CODE.fullmatch(text) else None


def _codes(value: Any) -> str | None:
    items = [value] if isinstance(value, str) else list(value or ())
    found = [code(item) for item in items]
    kept = [item for item in found if item is not None]
    return "\\".join(kept) if kept and len(kept) == len(found) else None


def _number_text(value: Any) -> str | None:
    return "\\".join(f"{number:g}" for number in numbers(value)) or None


def _vendor(value: Any) -> str | None:
    """Return the name of a known maker; a free text field could hold anything."""
    text = f"{value} ".upper()
    return next((name.strip().title() for name in _VENDORS if text.startswith(name)), None)


ALLOWED: dict[str, Callable[[Any], str | None]] = {
    "Modality": code,
    "BodyPartExamined": code,
    "ViewPosition": code,
    "Laterality": code,
    "ImageLaterality": code,
    "PatientPosition": code,
    "PatientOrientation": _codes,
    "ImageOrientationPatient": _number_text,
    "PhotometricInterpretation": code,
    "SamplesPerPixel": _number_text,
    "Rows": _number_text,
    "Columns": _number_text,
    "NumberOfFrames": _number_text,
    "BitsAllocated": _number_text,
    "BitsStored": _number_text,
    "PixelRepresentation": _number_text,
    "PixelSpacing": _number_text,
    "ImagerPixelSpacing": _number_text,
    "SliceThickness": _number_text,
    "KVP": _number_text,
    "WindowCenter": _number_text,
    "WindowWidth": _number_text,
    "VOILUTFunction": code,
    "RescaleSlope": _number_text,
    "RescaleIntercept": _number_text,
    "RescaleType": code,
    "BurnedInAnnotation": code,
    "Manufacturer": _vendor,
}


def technical_tags(dataset: Dataset) -> dict[str, str]:
    """Return the allow-listed tags of ``dataset``, as text for display."""
    found = {}
    for keyword, form in ALLOWED.items():
        text = form(dataset.get(keyword))
        if text is not None:
            found[keyword] = text
    return found
