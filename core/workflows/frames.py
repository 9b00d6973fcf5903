"""How many frames a file holds, for a page that must let a person choose one."""

from __future__ import annotations

from core.errors import CoreError
from core.intake import read_study


def frames_to_choose_from(data: bytes) -> int:
    """Return the number of frames (pages) of a file of which one must be chosen, else 1.

    A file that cannot be read at all also gives 1: there is nothing to choose from.
    """
    try:
        return read_study(data, frame=0).n_frames
    except CoreError:
        return 1
