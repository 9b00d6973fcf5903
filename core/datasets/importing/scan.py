"""List a published folder once: its pictures, and what in it is none."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.datasets.folders import SUFFIXES
from core.errors import DatasetError

_HIDDEN = (".", "__")  # __MACOSX lies in many archives


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies below a folder.

    Attributes
    ----------
    root : Path
    pictures : tuple of str
        Relative paths with forward slashes, sorted: files that are pictures by their suffix.
    tables : tuple of str
        CSV files at the top or one folder below.
    empty : tuple of str
        Folders that hold nothing at all.
    linked : tuple of str
        Links to folders: they are not followed, since they may lead round in a circle.
    others : dict of suffix to int
        Files that are no pictures by their suffix.
    """

    root: Path
    pictures: tuple[str, ...]
    tables: tuple[str, ...]
    empty: tuple[str, ...]
    linked: tuple[str, ...]
    others: dict[str, int]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was passed over, in sentences."""
        told = []
        if self.empty:
            told.append(f"Empty folders: {', '.join(self.empty)}.")
        if self.linked:
            told.append(f"Links to folders are not followed: {', '.join(self.linked)}.")
        if self.others:
            kinds = ", ".join(
                f"{n} {suffix or 'without ending'}" for suffix, n in self.others.items()
            )
            told.append(f"Not pictures by their ending, passed over: {kinds}.")
        return tuple(told)


def scan_folder(root: Path) -> Scan:
    """List the folder; hidden files and folders are passed over.

    Raises
    ------
    DatasetError
        If it is no folder, cannot be entered, or holds no picture.
    """
    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder.", remedy="Name the folder of the pictures.")
    pictures: list[str] = []
    tables: list[str] = []
    empty: list[str] = []
    linked: list[str] = []
    others: Counter[str] = Counter()

    def refuse(error: OSError) -> None:
        raise DatasetError(
            f"{error.filename} cannot be entered: {error.strerror}.",
            remedy="Give yourself the right to read it, or move it out of the folder.",
        )

    for parent, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        base = Path(parent).relative_to(root)
        linked += [(base / name).as_posix() for name in folders if Path(parent, name).is_symlink()]
        if not folders and not files:
            empty.append(base.as_posix())
        for name in files:
            if name.startswith("."):
                continue
            suffix, file = os.path.splitext(name)[1].lower(), (base / name).as_posix()
            if suffix in SUFFIXES:
                pictures.append(file)
            elif suffix == ".csv" and len(base.parts) < 2:
                tables.append(file)
            else:
                others[suffix] += 1
    if not pictures and not tables:
        raise DatasetError(
            f"{root.name} holds no picture.",
            remedy=f"Pictures are files named {', '.join(sorted(SUFFIXES))}.",
        )
    return Scan(
        root, tuple(sorted(pictures)), tuple(tables), tuple(empty), tuple(linked), dict(others)
    )
