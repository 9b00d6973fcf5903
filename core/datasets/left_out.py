"""Pictures left out by the value of a column, such as all of one centre, one value after the other.

Grouped folds ask how a network does on a new patient of a known centre; this asks for a new centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.manifest import Manifest
from core.errors import DatasetError

MOST_LEFT_OUT = 20


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Pictures by the value of a column that is left out whole: a centre, a scanner.

    Attributes
    ----------
    column : str
    names : tuple of str
        The values, sorted.
    places : ndarray of shape (n,), int64
        Which value each row of the manifest has; -1 where the column is empty.
    group : ndarray of shape (n,), object (str)
    """

    column: str
    names: tuple[str, ...]
    places: NDArray[np.int64]
    group: NDArray[np.object_]

    def judged(self, place: int) -> NDArray[np.int64]:
        """Return the rows with a value."""
        return np.flatnonzero(self.places == place)

    def outside(self, place: int) -> NDArray[np.int64]:
        """Return the rows to fit on where a value is left out.

        A group with a picture of that value is left out whole, and so are pictures without any
        value: they may be of the one left out.
        """
        touched = np.isin(self.group.astype(str), self.group[self.places == place].astype(str))
        return np.flatnonzero((self.places >= 0) & ~touched)


def left_out_by(manifest: Manifest, column: str) -> LeftOut:
    """Return the pictures by the values of a slice column, each of which can be left out.

    Raises
    ------
    DatasetError
        If the column is none of the manifest's slice columns, has fewer than 2 or more than
        ``MOST_LEFT_OUT`` values, or nothing of a class is left without one of them.
    """
    if column not in manifest.slice_columns:
        raise DatasetError(
            f"No slice column is called {column!r}, so none of its values can be left out.",
            remedy=f"Slice columns here: {', '.join(manifest.slice_columns) or 'none'}.",
            column="left_out_column",
        )
    values = manifest.frame[column].fillna("").astype(str).str.strip()
    names = sorted(set(values) - {""})
    if not 2 <= len(names) <= MOST_LEFT_OUT:
        raise DatasetError(
            f"The column {column!r} has {len(names)} values; 2 to {MOST_LEFT_OUT} can be left out "
            "one after the other.",
            remedy="Take a column such as the centre or the scanner.",
            column="left_out_column",
        )
    place = {name: index for index, name in enumerate(names)}
    places = values.map(lambda value: place.get(value, -1)).to_numpy(np.int64)
    group = manifest.frame["group"].to_numpy(dtype=object)
    found = LeftOut(column, tuple(names), places, group)
    _check_classes(found, manifest)
    return found


def _check_classes(found: LeftOut, manifest: Manifest) -> None:
    label = manifest.frame["label"].to_numpy(dtype=object)
    for place, name in enumerate(found.names):
        gone = set(label.tolist()) - set(label[found.outside(place)].tolist())
        if gone:
            raise DatasetError(
                f"Without {found.column} {name} and the groups that have pictures of it, no "
                f"picture of {', '.join(sorted(gone))} is left to fit on.",
                remedy="Take another column, or add pictures of other values.",
                column="left_out_column",
            )
