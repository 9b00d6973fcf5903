"""Find pictures in folders named by class: the layout in which public sets are published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.datasets.labels import LabelMap, plain
from core.errors import DatasetError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".dcm", ".dicom"})

# Publishers nest archives in folders of their own name, and some split by folder first.
_SPLIT_NAMES = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
_MOST_NESTED = 4
_HIDDEN = (".", "__")


def list_class_folders(root: Path, labels: LabelMap) -> list[tuple[str, str]]:
    """Return (file, label) of every picture below ``root``; the label is its class folder's name.

    Class folders are looked for in ``root``; where there is none, in the only folder it holds
    (archives nest), or in its ``train`` / ``val`` / ``test`` folders. Pictures in folders beside
    the class folders are listed under that folder's name, so that they can be counted as left out.

    Parameters
    ----------
    root : Path
    labels : LabelMap
        Says which folder names are classes.

    Returns
    -------
    list of (str, str)
        Paths relative to ``root`` with forward slashes, sorted; hidden files and files that are
        not pictures by their suffix are passed over.

    Raises
    ------
    DatasetError
        If there is no class folder at all.
    """
    found = [
        (path.relative_to(root).as_posix(), folder.name)
        for base in _bases(root, labels, depth=0)
        for folder in _folders(base)
        for path in _pictures(folder)
    ]
    if not found:
        classes = ", ".join(sorted(set(labels.classes.values())))
        raise DatasetError(
            f"{root.name} holds neither labels.csv nor pictures in folders named by class.",
            remedy=f"Add a labels.csv (file,label), or folders named: {classes}.",
        )
    return sorted(found)


def list_pictures(root: Path) -> list[str]:
    """Return every picture below ``root``, whatever its folders are called, sorted.

    Paths are relative with forward slashes; hidden files, and files that are not pictures by their
    suffix, are passed over.
    """
    return sorted(path.relative_to(root).as_posix() for path in _pictures(root))


def picture_facts(root: Path) -> list[tuple[str, int, int]]:
    """Return path, bytes and time of change (ns) of every picture below ``root``, sorted.

    No picture is opened; links to folders are followed, once each, since one may be a class folder.
    What cannot be looked at has -1 for both numbers.
    """
    found, folders, seen = [], [str(root)], set()
    while folders:
        folder = folders.pop()
        with suppress(OSError):
            told = os.stat(folder)
            if (told.st_dev, told.st_ino) in seen:
                continue
            seen.add((told.st_dev, told.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders += [] if entry.name.startswith(_HIDDEN) else [entry.path]
                    elif _is_picture(entry.name):
                        found.append((entry.path, *_size_and_time(entry)))
    return sorted(found)


def _size_and_time(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        told = entry.stat()
    except OSError:  # a link to nothing
        return -1, -1
    return told.st_size, told.st_mtime_ns


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def _bases(root: Path, labels: LabelMap, *, depth: int) -> list[Path]:
    """Return the folders whose sub-folders are classes."""
    folders = _folders(root)
    if any(labels.class_of(folder.name) for folder in folders):
        return [root]
    if depth == _MOST_NESTED:
        return []
    splits = [folder for folder in folders if plain(folder.name) in _SPLIT_NAMES]
    inner = splits or (folders if len(folders) == 1 else [])
    return [base for folder in inner for base in _bases(folder, labels, depth=depth + 1)]


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_dir() and not e.name.startswith(_HIDDEN)]
    return [folder / name for name in sorted(names)]


def _pictures(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        for name in files:
            if _is_picture(name):
                yield Path(parent, name)
