"""The pictures of a data folder whatever the task: what a check of a split has to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.datasets.description import DatasetDescription, read_description
from core.datasets.file_column import check_files
from core.datasets.folders import list_pictures
from core.datasets.manifest import LABELS_FILE
from core.datasets.table import read_table
from core.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Listing:
    """The pictures of a folder, labels aside.

    Attributes
    ----------
    root : Path
        Folder that ``files`` are relative to.
    files : tuple of str
        Sorted, none twice.
    groups : tuple of str or None
        Group of each picture; None where the folder does not say.
    task : str or None
        Key of the task that the description names.
    group_source : {"column", "found"}
        "found": whoever wrote the groups down had found them from the pixels.
    """

    root: Path
    files: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    task: str | None = None
    group_source: Literal["column", "found"] = "column"


def list_folder(folder: Path, *, group_column: str = "group") -> Listing:
    """List a data folder: by its table, or, where it has none, every picture below it.

    Unlike a manifest it takes every row, whatever its label: a picture that the task leaves out
    can still be the twin of one that it uses.

    Parameters
    ----------
    folder : Path
    group_column : str
        Column of the table that names the groups, where its description names none.

    Raises
    ------
    DatasetError
        If the folder, its description or its table is wrong, or it holds no picture.
    """
    if not folder.is_dir():
        raise DatasetError(
            f"{folder} is not a folder.", remedy="Give a folder of pictures, or with labels.csv."
        )
    description = read_description(folder) or DatasetDescription()
    path = folder / (description.labels or LABELS_FILE)
    if description.labels is None and not path.exists():
        files = list_pictures(folder)
        if not files:
            raise DatasetError(
                f"{folder.name} holds neither labels.csv nor pictures.",
                remedy="Give a folder with pictures in folders named by class, or a labels.csv.",
            )
        return Listing(folder, tuple(files), task=description.task)
    table = read_table(path)
    named = description.group_column
    column = named or (group_column if group_column in table.columns else None)
    wanted = ["file", *([column] if column else [])]
    table.require(wanted)
    table.refuse_empty(wanted)
    check_files(folder, table)
    files = table.columns["file"]
    order = sorted(range(len(files)), key=files.__getitem__)
    return Listing(
        folder,
        tuple(files[row] for row in order),
        tuple(table.columns[column][row] for row in order) if column else None,
        description.task,
        description.grouping,
    )
