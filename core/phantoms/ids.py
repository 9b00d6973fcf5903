"""Names of drawings: all that is ever stored of one.

``phantom_ct/s0012_3.png`` is slice 3 of series 12; with a label behind it
(``phantom_ct/s0012_3_stone.png``) it is the same patient and scan with that lesion instead.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from core.errors import PhantomError
from core.phantoms.series import LABELS

_ID = re.compile(rf"phantom_ct/s(\d{{4,10}})_(\d)(?:_({'|'.join(LABELS)}))?\.png")


class DrawingId(NamedTuple):
    """An id in its parts; ``label`` is None for the series' own."""

    series_seed: int
    slice_index: int
    label: str | None


def group_of(series_seed: int) -> str:
    """Return the name of a series, which is the group of its slices."""
    return f"s{series_seed:04d}"


def file_id(series_seed: int, slice_index: int, *, label: str | None = None) -> str:
    """Return the id of a slice.

    Examples
    --------
    >>> file_id(12, 3)
    'phantom_ct/s0012_3.png'
    >>> file_id(12, 3, label="stone")
    'phantom_ct/s0012_3_stone.png'
    """
    suffix = "" if label is None else f"_{label}"
    return f"phantom_ct/{group_of(series_seed)}_{slice_index}{suffix}.png"


def parse_file_id(text: str) -> DrawingId:
    """Return the parts of an id.

    Raises
    ------
    PhantomError
        If it is not one of ours.

    Examples
    --------
    >>> parse_file_id("phantom_ct/s0012_3.png")
    DrawingId(series_seed=12, slice_index=3, label=None)
    """
    found = _ID.fullmatch(text)
    if found is None:
        raise PhantomError(
            f"{text!r} is not the id of a drawing.",
            remedy="Use an id such as phantom_ct/s0012_3.png: series 12, slice 3.",
        )
    return DrawingId(int(found[1]), int(found[2]), found[3])
