"""Stored grouped folds: every picture is judged once by a model that never saw its series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from core.datasets.manifest import Manifest
from core.datasets.table import Table, read_table
from core.errors import DatasetError

COLUMNS = ("file", "group", "label", "fold")


def make_folds(manifest: Manifest, *, n_folds: int = 5, seed: int) -> NDArray[np.int64]:
    """Deal the groups into folds with about the same share of every class.

    ``StratifiedGroupKFold(shuffle=True, random_state=seed)`` of scikit-learn, over the rows sorted
    by file (a manifest always is), so that others can rebuild the same folds.

    Returns
    -------
    ndarray of shape (n,), int64
        Fold of each row, 0..n_folds-1; no group is in two.

    Raises
    ------
    DatasetError
        If a class has fewer groups than there are folds: some fold would never judge it.
    """
    n_groups = manifest.frame.groupby("label")["group"].nunique()
    if n_folds < 2 or n_groups.min() < n_folds:
        scarce = str(n_groups.idxmin())
        raise DatasetError(
            f"{n_folds} folds cannot be made: {scarce!r} has {n_groups.min()} groups.",
            remedy="Ask for at least 2 folds, and for no more than the scarcest class has groups.",
        )
    dealer = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    folds = np.empty(len(manifest), dtype=np.int64)
    labels, groups = (manifest.frame[name].to_numpy(dtype=object) for name in ("label", "group"))
    for fold, (_, held_out) in enumerate(dealer.split(labels, labels, groups)):
        folds[held_out] = fold
    return folds


def save_folds(path: Path, manifest: Manifest, folds: NDArray[np.int64]) -> None:
    """Write ``file,group,label,fold``, sorted by file."""
    frame = manifest.frame[["file", "group", "label"]].assign(fold=folds)
    frame.to_csv(path, index=False, lineterminator="\n")


def load_folds(path: Path, manifest: Manifest) -> NDArray[np.int64]:
    """Read stored folds for the rows of a manifest.

    Raises
    ------
    DatasetError
        If the table is wrong, misses a picture of the manifest, knows another group or label for
        it, or has a group in two folds. Pictures that the manifest does not have are passed over.
    """
    table = read_table(path)
    table.require(COLUMNS)
    table.refuse_repeated("file")
    for place, cell in enumerate(table.columns["fold"]):
        if not (cell.isascii() and cell.isdigit()):
            raise table.fault(
                place, "fold", f"{cell!r} is no fold.", remedy="Write whole numbers from 0."
            )
    rows = _rows_of(table, manifest)
    for column in ("group", "label"):
        _refuse_other(table, rows, column=column, expected=manifest.frame[column])
    folds = np.array([int(table.columns["fold"][row]) for row in rows], dtype=np.int64)
    straddling = pd.Series(folds).groupby(manifest.frame["group"]).nunique()
    if (straddling > 1).any():
        group = str(straddling.idxmax())
        raise DatasetError(
            f"{path.name}: the group {group!r} is in more than one fold.",
            remedy="Make the folds again.",
            column="fold",
        )
    return folds


def _rows_of(table: Table, manifest: Manifest) -> list[int]:
    """Return the row of the table for every row of the manifest."""
    rows = {file: place for place, file in enumerate(table.columns["file"])}
    missing = [file for file in manifest.frame["file"] if file not in rows]
    if missing:
        raise DatasetError(
            f"{table.name} does not have {missing[0]!r} ({len(missing)} pictures missing).",
            remedy="Make it again for this data folder.",
            column="file",
        )
    return [rows[file] for file in manifest.frame["file"]]


def _refuse_other(table: Table, rows: list[int], *, column: str, expected: pd.Series[str]) -> None:
    for row, value in zip(rows, expected, strict=True):
        if table.columns[column][row] != value:
            raise table.fault(
                row,
                column,
                f"{table.columns[column][row]!r}, but the data folder says {value!r}.",
                remedy="Make it again for this data folder.",
            )
