"""The ``file`` column of a table: names as this product writes them, and only inside the folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from core.datasets.table import Table


def tidied(name: str) -> str:
    r"""Return a path as this product writes it: forward slashes, no ``./``.

    >>> tidied(".\\cyst\\a.png")
    'cyst/a.png'
    """
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def check_files(folder: Path, table: Table) -> None:
    """Tidy the names of the ``file`` column in place and refuse the table where they are wrong.

    Raises
    ------
    DatasetError
        If a name is repeated or leads outside the folder, or if none of the files exists.
    """
    table.columns["file"][:] = [tidied(name) for name in table.columns["file"]]
    table.refuse_repeated("file")
    check_paths(folder, table, column="file")


def check_paths(folder: Path, table: Table, *, column: str) -> None:
    """Refuse files that lie outside the folder by their name, and a table of which none exists.

    The names of the column are tidied in place.

    A single missing file is not refused here: whoever reads it says so and goes on with the rest.
    Folders are listed once instead of asking for every file: tables have ten thousand rows. A link
    inside the folder may point elsewhere: whoever put it there meant it.
    """
    listed: dict[str, frozenset[str]] = {}
    table.columns[column][:] = [tidied(name) for name in table.columns[column]]
    for place, name in enumerate(table.columns[column]):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
            raise table.fault(
                place,
                column,
                f"{name!r} leads out of the folder.",
                remedy="Give paths relative to the folder that holds the table.",
            )
        parent = str(path.parent)
        if parent not in listed:
            listed[parent] = _file_names(folder / parent)
    names = [PurePosixPath(name) for name in table.columns[column]]
    if names and not any(path.name in listed[str(path.parent)] for path in names):
        raise table.fault(
            0,
            column,
            f"None of the {len(names)} files exists; the first is {str(names[0])!r}.",
            remedy="Give paths relative to the folder that holds the table.",
        )


def _file_names(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except OSError:
        return frozenset()
