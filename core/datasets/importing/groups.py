"""Which pictures of an import belong together: by their names, otherwise by their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.datasets.grouping import find_groups
from core.datasets.importing.patients import patient_of, patterns_in_words
from core.domain import ByteArray

Method = Literal["names", "found", "names and found"]


@dataclass(frozen=True, slots=True)
class ImportedGroups:
    """A group for each picture, and how they were told.

    ``sentence`` goes into the description of the folder.
    """

    groups: tuple[str, ...]
    method: Method
    sentence: str

    @property
    def source(self) -> Literal["column", "found"]:
        """What the description says: groups count as known only where every name carries one."""
        return "column" if self.method == "names" else "found"


def tell_groups(files: Sequence[str], thumbnails: ByteArray, *, threshold: float) -> ImportedGroups:
    """Give each picture a group.

    A name that carries a patient decides. The others get the groups of nearly equal pictures; one
    that is nearly equal to a picture with a name joins its group.

    Parameters
    ----------
    files : sequence of str
    thumbnails : ndarray of shape (n, 40, 40), uint8
    threshold : float in (0, 1)
        Correlation above which two pictures are nearly equal.
    """
    names = [patient_of(file) for file in files]
    n_named = sum(name is not None for name in names)
    by_name = f"from the file names ({patterns_in_words(list(files))})"
    if n_named == len(files):
        told = f"Groups {by_name}: pictures of one patient under two names are not recognised."
        return ImportedGroups(tuple(map(str, names)), "names", told)
    found = find_groups(thumbnails, threshold=threshold).tolist()
    name_of: dict[int, str] = {}
    for number, name in zip(found, names, strict=True):
        if name is not None:
            name_of.setdefault(number, name)
    groups = tuple(
        name if name is not None else name_of.get(number, f"found_{number:04d}")
        for name, number in zip(names, found, strict=True)
    )
    by_pixels = (
        f"found from the pixels (thumbnails that correlate above {threshold:g}): pictures of one "
        "patient that look different are not recognised"
    )
    if n_named == 0:
        return ImportedGroups(groups, "found", f"Groups {by_pixels}.")
    told = f"Groups of {n_named} of {len(files)} pictures {by_name}, of the others {by_pixels}."
    return ImportedGroups(groups, "names and found", told)
