"""A table of names and labels beside image folders: ``public.csv`` with ``name, ground truth``.

The glomeruli set is published like this, with two image folders. In a task of two classes with one
finding the label 1 is the finding and 0 the other, as the publisher writes it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import PurePosixPath

from core.datasets.importing.class_folders import published_part
from core.datasets.importing.found import ClassNames, Found, FoundPicture, some
from core.datasets.importing.scan import Scan
from core.datasets.labels import plain
from core.datasets.table import Table, read_table
from core.errors import DatasetError

NAME, LABEL = "name", "ground_truth"
HEADER = "name,ground truth"


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
            f"None of the {len(missing):,} pictures that {table.name} names is in "
            f"{scan.root.name}; the first is {missing[0]!r}.",
            remedy="Unpack the image folders beside the table.",
            column=name_column,
        )
    unlisted = tuple(file for file in scan.pictures if file not in used)
    return Found(tuple(pictures), scan.notes, tuple(missing), unlisted)


def columns_of(scan: Scan, table: str) -> dict[str, str]:
    """Return plain name -> name of the columns of a CSV file; nothing for one that is no table."""
    try:
        return {plain(name): name for name in read_table(scan.root / table, header=HEADER).columns}
    except DatasetError:
        return {}


def is_named_table(scan: Scan) -> bool:
    """Whether a CSV file here has one of the two columns: a wrong other one is worth an error."""
    return any({NAME, LABEL} & set(columns_of(scan, table)) for table in scan.tables)


def _table(scan: Scan) -> tuple[Table, str, str]:
    """Return the table and the names of its two columns."""
    fitting = [name for name in scan.tables if {NAME, LABEL} & set(columns_of(scan, name))]
    chosen = fitting or list(scan.tables)
    if len(chosen) != 1:
        raise DatasetError(
            f"{scan.root.name} holds {len(chosen)} tables"
            + (f": {', '.join(chosen)}." if chosen else "."),
            remedy=f"Keep one CSV file with the header {HEADER}.",
        )
    table = read_table(scan.root / chosen[0], header=HEADER)
    columns = {plain(name): name for name in table.columns}
    for wanted, spelt in ((NAME, "name"), (LABEL, "ground truth")):
        if wanted not in columns:
            raise DatasetError(
                f"{table.name} has no column {spelt!r}; its columns: {', '.join(table.columns)}.",
                remedy=f"Give it the header {HEADER}.",
                column=spelt,
            )
    table.refuse_empty([columns[NAME], columns[LABEL]])
    return table, columns[NAME], columns[LABEL]


def _labels(table: Table, column: str, names: ClassNames) -> list[str]:
    """Return what each row says; 0 and 1 become the other class and the finding."""
    task = names.task
    others = [key for key in task.class_names if key not in task.findings]
    is_pair = len(task.findings) == len(others) == 1
    numbers = {"1": task.findings[0], "0": others[0]} if is_pair else {}
    labels = []
    for row, cell in enumerate(table.columns[column]):
        if names.knows(cell):
            labels.append(cell)
        elif cell in numbers:
            labels.append(numbers[cell])
        else:
            raise table.fault(
                row,
                column,
                f"{cell!r} is no class of {task.key}.",
                remedy=f"Say which it is (--label '{cell}={task.class_names[0]}'). Classes: "
                f"{', '.join(task.class_names)}.",
            )
    return labels


def _places(scan: Scan) -> dict[str, list[str]]:
    places = defaultdict(list)
    for file in scan.pictures:
        places[_key(PurePosixPath(file).name)].append(file)
    return places


def _key(name: str) -> str:
    """Return what names are compared by: systems differ in case and in how an umlaut is coded."""
    return unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name).casefold()
