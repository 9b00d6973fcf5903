"""A table of names and labels beside image folders: ``public.csv`` with ``name, ground truth``.

The glomeruli set is published like this, with two image folders. In a task of two classes with one
finding the label 1 is the finding and 0 the other, as the publisher writes it; 1.0 and 0.0 are the
same.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from pathlib import Path, PurePosixPath

from core.datasets.importing.class_folders import published_part
from core.datasets.importing.found import ClassNames, Found, FoundPicture, some
from core.datasets.importing.scan import Scan
from core.datasets.labels import plain
from core.datasets.table import Table, read_table
from core.errors import DatasetError

NAME, LABEL = "name", "ground_truth"
HEADER = "name,ground truth"
HEADER_BYTES = 4096


def read(scan: Scan, names: ClassNames) -> Found:
    """Return the pictures that the table names; the others are counted.

    Raises
    ------
    DatasetError
        If there is no such table or more than one, it is wrong (with row and column), none of its
        pictures is there, or one of them lies in two folders.
    """
    table, name_column, label_column = _table(scan)
    labels = _labels(table, label_column, names)
    places = _places(scan)
    seen: dict[str, int] = {}
    pictures, missing, used = [], [], set()
    for row, name in enumerate(table.columns[name_column]):
        key = _key(name)
        if key in seen:
            raise table.fault(
                row,
                name_column,
                f"{name!r} stands in row {table.lines[seen[key]]} already.",
                remedy="Keep one row for each picture.",
            )
        seen[key] = row
        files = places.get(key, [])
        if len(files) > 1:
            raise table.fault(
                row,
                name_column,
                f"{name!r} is in {len(files)} folders: {some(files)}.",
                remedy="Keep the one that the row means.",
            )
        if files:
            used.add(files[0])
            pictures.append(FoundPicture(files[0], labels[row], published_part(files[0])))
        else:
            missing.append(name)
    if not pictures:
        raise DatasetError(
            f"None of the pictures that {table.name} names is in {scan.root.name} "
            f"({len(missing):,} in all); the first is {missing[0]!r}.",
            remedy="Unpack the image folders beside the table.",
            column=name_column,
        )
    unlisted = tuple(file for file in scan.pictures if file not in used)
    return Found(tuple(pictures), scan.notes, tuple(missing), unlisted)


def is_named_table(scan: Scan) -> bool:
    """Whether a CSV file here looks like the table: one that is wrong is worth an error.

    Its header has one of the two columns, or it lies at the top and cannot be read at all: the
    names of folders would else pass for labels, in silence.
    """
    return bool(_named(scan) or _broken(scan))


def _named(scan: Scan) -> list[str]:
    """Return the CSV files whose header has one of the two columns, whatever follows it."""
    return [name for name in scan.tables if {NAME, LABEL} & _header(scan.root / name)]


def _broken(scan: Scan) -> list[str]:
    """Return the CSV files at the top that are no tables."""
    return [name for name in scan.tables if "/" not in name and not _is_table(scan.root / name)]


def _is_table(path: Path) -> bool:
    try:
        read_table(path, header=HEADER)
    except DatasetError:
        return False
    return True


def _header(path: Path) -> set[str]:
    """Return the plain names in the first line with text; none where the file cannot be opened.

    Read roughly: cells may be quoted or not, and end at a comma, a semicolon or a tab.
    """
    try:
        text = path.read_bytes()[:HEADER_BYTES].decode("utf-8-sig", errors="replace")
    except OSError:
        return set()
    lines = [line for line in text.splitlines() if line.strip()]
    return {plain(cell) for cell in re.split("[,;\t]", lines[0])} if lines else set()


def _table(scan: Scan) -> tuple[Table, str, str]:
    """Return the table and the names of its two columns."""
    chosen = _named(scan) or _broken(scan) or list(scan.tables)
    if len(chosen) != 1:
        raise DatasetError(
            f"{scan.root.name} holds {len(chosen)} tables"
            + (f": {', '.join(chosen)}." if chosen else "."),
            remedy=f"Keep one CSV file with the header {HEADER}.",
        )
    table = _read(scan, chosen[0])
    columns = {plain(name): name for name in table.columns}
    for wanted, spelt in ((NAME, "name"), (LABEL, "ground truth")):
        if wanted not in columns:
            raise table.lacks(spelt, remedy=f"Give it the header {HEADER}.")
    table.refuse_empty([columns[NAME], columns[LABEL]])
    return table, columns[NAME], columns[LABEL]


def _read(scan: Scan, name: str) -> Table:
    """Return a table; where nobody can tell what a broken one is about, its error says so."""
    try:
        return read_table(scan.root / name, header=HEADER)
    except DatasetError as error:
        if name in _named(scan):
            raise
        raise DatasetError(
            error.problem,
            remedy=f"{error.remedy} If it does not say which class each picture is, move it away "
            "or name the layout, such as --layout class_folders.",
            row=error.row,
            column=error.column,
        ) from None


def _labels(table: Table, column: str, names: ClassNames) -> list[str]:
    """Return what each row says; 0 and 1 become the other class and the finding."""
    task = names.task
    others = [key for key in task.class_names if key not in task.findings]
    is_pair = len(task.findings) == len(others) == 1
    numbers = {"1": task.findings[0], "0": others[0]} if is_pair else {}
    labels = []
    for row, cell in enumerate(table.columns[column]):
        said = cell if names.knows(cell) else _whole(cell)
        if names.knows(said):
            labels.append(said)
        elif said in numbers:
            labels.append(numbers[said])
        else:
            raise table.fault(
                row, column, f"{cell!r} is no class of {task.key}.", remedy=names.advice(cell)
            )
    return labels


def _whole(cell: str) -> str:
    """Return a whole number without the point that pandas writes where a column has gaps.

    >>> _whole("1.0"), _whole("0."), _whole("1.5"), _whole("v1.0")
    ('1', '0', '1.5', 'v1.0')
    """
    return re.sub(r"^(\d+)\.0*$", r"\1", cell)


def _places(scan: Scan) -> dict[str, list[str]]:
    places = defaultdict(list)
    for file in scan.pictures:
        places[_key(PurePosixPath(file).name)].append(file)
    return places


def _key(name: str) -> str:
    """Return what names are compared by: systems differ in case and in how an umlaut is coded."""
    return unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name).casefold()
