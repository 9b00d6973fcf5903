"""Names of files in a folder or archive: natural order, what is hidden, what looks like a picture.

>>> sorted(["s10.png", "s9.png", "S1.png"], key=natural_key)
['S1.png', 's9.png', 's10.png']
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_DIGITS = re.compile(r"([0-9]+)")
_HIDDEN = (".", "__MACOSX")
_PICTURE_ENDINGS = frozenset(
    (".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
)

NaturalKey = tuple[tuple[tuple[int, str], ...], str]


def natural_key(name: str) -> NaturalKey:
    """Return a key by which slice9 comes before slice10; equal names only have equal keys.

    A number is compared by its length and then as text: a name may hold thousands of digits.
    """
    parts = _DIGITS.split(name.casefold())
    numbers = (part.lstrip("0") if index % 2 else part for index, part in enumerate(parts))
    keyed = ((len(part), part) if index % 2 else (0, part) for index, part in enumerate(numbers))
    return tuple(keyed), name


def is_hidden(name: str) -> bool:
    """Return whether a part of the path is hidden, or one that macOS adds to archives.

    >>> is_hidden("a/.DS_Store"), is_hidden("__MACOSX/a.png"), is_hidden("a/b.png")
    (True, True, False)
    """
    return any(part.startswith(_HIDDEN) for part in PurePosixPath(name).parts if part != "..")


def looks_like_picture(name: str) -> bool:
    """Return whether the ending promises a picture; only the bytes decide what a file is."""
    return PurePosixPath(name).suffix.lower() in _PICTURE_ENDINGS


def may_be_picture(name: str) -> bool:
    """Return whether the ending promises a picture, or there is none: many exports give none.

    A number is no ending but the last part of a UID.

    >>> may_be_picture("IM0001"), may_be_picture("1.2.840.7"), may_be_picture("viewer.exe")
    (True, True, False)
    """
    ending = PurePosixPath(name).suffix.removeprefix(".")
    return looks_like_picture(name) or not ending or ending.isdecimal()
