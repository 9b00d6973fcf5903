"""Files that may become a series: their names, and where their bytes come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.config import settings
from core.errors import IntakeError


class FileSource(Protocol):
    """Where the bytes of a file come from; asked each time, so that nothing is held."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises
        ------
        IntakeError
            If it is missing, too large or damaged.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What a folder, an archive or a person names.

    Attributes
    ----------
    names : tuple of str
        In natural order.
    source : FileSource
    notes : tuple of str
        What was passed over, one sentence each.
    is_named : bool
        Whether a person named each file: then every one must be a picture, and folders part none.
    """

    names: tuple[str, ...]
    source: FileSource
    notes: tuple[str, ...] = ()
    is_named: bool = False


def check_number_of_files(n: int) -> None:
    """Refuse more files, or frames in them, than are read as a series.

    Raises
    ------
    IntakeError
        If ``n`` is above the setting ``max_series_files``.
    """
    limit = settings().max_series_files
    if n > limit:
        raise IntakeError(
            f"There are more than {limit} files or frames.",
            remedy="Give one series at a time, or raise SECOND_LOOK_MAX_SERIES_FILES.",
        )


def passed_over(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return what was passed over as one sentence, or nothing.

    >>> passed_over({"plain text": 2, "DICOMDIR": 1})
    ('Passed over: plain text (2), DICOMDIR (1).',)
    """
    told = ", ".join(f"{kind} ({n})" for kind, n in counts.items() if n)
    return (f"Passed over: {told}.",) if told else ()
