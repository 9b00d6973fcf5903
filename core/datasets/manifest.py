"""The manifest: every picture of a data folder with its class and its group, checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.datasets.description import (
    DatasetDescription,
    already_applied_for,
    read_description,
)
from core.datasets.file_column import check_files
from core.datasets.folders import list_class_folders
from core.datasets.labels import LabelMap, label_map
from core.datasets.table import Table, read_table
from core.errors import DatasetError
from core.tasks import TaskSpec

LABELS_FILE = "labels.csv"
OWN_COLUMNS = ("file", "label", "group")
GroupSource = Literal["column", "found", "none"]


@dataclass(frozen=True, eq=False)
class Manifest:
    """The pictures of one data folder that a task can use.

    Attributes
    ----------
    root : Path
        Folder that ``file`` is relative to.
    task : TaskSpec
        The task that reads; labels are its class keys.
    frame : DataFrame
        Columns file, label, group (all str, none empty), then the slice columns; sorted by file,
        index 0..n-1. Not to be changed in place.
    group_source : {"column", "found", "none"}
        Where ``group`` comes from: the table, the pixels, or nowhere. With "none" every picture is
        a group of its own, which says nothing about pictures that belong together.
    already_applied : tuple of str
        Recipe steps that the pictures carry.
    left_out : mapping of str to int
        Labels that the task does not use, with their number of pictures.
    slice_columns : tuple of str
    name, licence : str or None
        From the description, for a model's card.
    """

    root: Path
    task: TaskSpec
    frame: pd.DataFrame
    group_source: GroupSource
    already_applied: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    slice_columns: tuple[str, ...] = ()
    name: str | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        wanted = [*OWN_COLUMNS, *self.slice_columns]
        if list(self.frame.columns) != wanted:
            raise DatasetError(
                f"The manifest has the columns {list(self.frame.columns)}, not {wanted}.",
                remedy="Build it with read_manifest.",
            )
        in_order = self.frame.sort_values("file", kind="stable", ignore_index=True)
        object.__setattr__(self, "frame", in_order)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def paths(self) -> list[Path]:
        """Full path of every picture, row by row."""
        return [self.root / file for file in self.frame["file"]]

    @property
    def class_indices(self) -> NDArray[np.int64]:
        """Index of every picture's class in ``task.class_names``, shape (n,)."""
        index = {name: place for place, name in enumerate(self.task.class_names)}
        return np.array([index[label] for label in self.frame["label"]], dtype=np.int64)

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return int(self.frame["group"].nunique())

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Manifest:
        """Return the manifest of some rows (a mask or positions), sorted by file as always."""
        return replace(self, frame=self.frame.iloc[rows])

    def with_groups(self, groups: NDArray[np.str_], *, source: GroupSource) -> Manifest:
        """Return the manifest with other groups, one name a row."""
        return replace(self, frame=self.frame.assign(group=groups), group_source=source)


def read_manifest(folder: Path, task: TaskSpec) -> Manifest:
    """Read the manifest of a data folder.

    The table that ``dataset.yaml`` names, or ``labels.csv``, decides; a folder without one is read
    as folders named by class. Labels go through the task's map for this kind of folder; labels that
    it does not have are left out and counted.

    Parameters
    ----------
    folder : Path
    task : TaskSpec

    Raises
    ------
    DatasetError
        If the folder, its description or its table is wrong, or the task does not read folders of
        this kind: with row (header = 1) and column where the fault has them.
    """
    if not folder.is_dir():
        raise DatasetError(
            f"{folder} is not a folder.", remedy="Give a folder that holds labels.csv."
        )
    description = read_description(folder) or DatasetDescription()
    labels = label_map(task, description.task)
    table_path = folder / (description.labels or LABELS_FILE)
    if description.labels is None and not table_path.exists():
        listed = list_class_folders(folder, labels)
        frame = pd.DataFrame(listed, columns=["file", "label"], dtype=str)
        frame["group"] = frame["file"]
        source: GroupSource = "none"
    else:
        frame, source = _frame_of(folder, read_table(table_path), description, task)
    used, left_out = _translated(frame, labels, folder)
    return Manifest(
        root=folder,
        task=task,
        frame=used,
        group_source=source,
        already_applied=_carried(folder, description, used["file"]),
        left_out=left_out,
        slice_columns=tuple(used.columns[len(OWN_COLUMNS) :]),
        name=description.name,
        licence=description.licence,
    )


def _carried(
    folder: Path, description: DatasetDescription, files: pd.Series[str]
) -> tuple[str, ...]:
    """Return the steps that the pictures carry: as the folder says, else as one above it says.

    The same rule as for a single picture, so that both are prepared alike.
    """
    if description.states_steps:
        return description.already_applied
    parents = {file.rpartition("/")[0]: file for file in files}
    found = {already_applied_for(folder / file): parent for parent, file in parents.items()}
    if len(found) > 1:
        told = [f"{parent}: {', '.join(steps) or 'none'}" for steps, parent in found.items()]
        raise DatasetError(
            f"Pictures of {folder.name} carry different steps: {'; '.join(told)}.",
            remedy="State already_applied in a dataset.yaml of the folder itself, or split it.",
            column="already_applied",
        )
    return next(iter(found))


def _frame_of(
    folder: Path, table: Table, description: DatasetDescription, task: TaskSpec
) -> tuple[pd.DataFrame, GroupSource]:
    """Check the table and return its frame with the labels as they stand in it."""
    group_column = description.group_column
    if group_column is None and task.group_column in table.columns:
        group_column = task.group_column
    slices = [name for name in description.slice_columns if name not in OWN_COLUMNS]
    wanted = ["file", "label", *([group_column] if group_column else [])]
    table.require([*wanted, *slices])
    table.refuse_empty(wanted)
    check_files(folder, table)
    files = table.columns["file"]
    columns = {
        "file": files,
        "label": table.columns["label"],
        "group": table.columns[group_column] if group_column else files,
    }
    columns |= {name: table.columns[name] for name in slices}
    return pd.DataFrame(columns, dtype=str), description.grouping if group_column else "none"


def _translated(
    frame: pd.DataFrame, labels: LabelMap, folder: Path
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Put the task's classes in place of the folder's labels; count those that it does not use."""
    classes = {label: labels.class_of(label) for label in frame["label"].unique()}
    is_used = np.array([classes[label] is not None for label in frame["label"]], dtype=bool)
    left_out = Counter(frame.loc[~is_used, "label"])
    if not is_used.any():
        allowed = ", ".join(sorted(labels.classes))
        raise DatasetError(
            f"No picture of {folder.name} has a label that the task uses; it has: "
            f"{', '.join(sorted(left_out))}.",
            remedy=f"Labels of this task: {allowed}. Add others to its `sources` in the task file.",
            column="label",
        )
    used = frame[is_used].copy()
    used["label"] = [classes[label] for label in used["label"]]
    return used, dict(sorted(left_out.items()))
