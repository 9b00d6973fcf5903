"""Patients, biopsies and series in the names of pictures, as known publishers write them.

Two pictures that may be of one patient get one group: too large a group costs a little precision,
too small a one lets a patient stand on both sides of a split.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class NamePattern:
    """How a publisher names pictures; ``group`` builds the group from the named parts."""

    pattern: re.Pattern[str]
    group: str
    words: str


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


PATTERNS = (
    NamePattern(
        # The same number under bacteria and virus, or under train and test, may be one child.
        _pattern(r"^person(?P<number>\d+)_(?:bacteria|virus)_\d+$"),
        "person{number}",
        "the number after `person`",
    ),
    NamePattern(
        _pattern(r"^(?:NORMAL2-)?IM-(?P<number>\d+)-\d+(?:-\d+)?$"),
        "IM-{number}",
        "the first number after `IM-`",
    ),
    NamePattern(
        # Several slides of one biopsy (1of2, 2of2) belong to one patient.
        _pattern(r"^(?P<biopsy>.+?)_PAS_\d+of\d+_[0-9a-f]+$"),
        "{biopsy}",
        "the biopsy before `_PAS_`",
    ),
)


def patient_of(file: str) -> str | None:
    """Return the group that a name carries, or None.

    >>> patient_of("train/PNEUMONIA/person12_bacteria_34.jpeg")
    'person12'
    >>> patient_of("S-2006-005094_PAS_1of2_64552732435c92704a3d37ca.png")
    'S-2006-005094'
    >>> patient_of("Cyst/Cyst- (12).jpg") is None
    True
    """
    stem = PurePosixPath(file).stem
    for item in PATTERNS:
        found = item.pattern.match(stem)
        if found:
            return item.group.format(**found.groupdict())
    return None


def patterns_in_words(files: list[str]) -> str:
    """Return which patterns the names follow, for the description of the folder."""
    stems = [PurePosixPath(file).stem for file in files]
    used = [item.words for item in PATTERNS if any(item.pattern.match(stem) for stem in stems)]
    return ", ".join(used)
