"""Arrays in and out of a model version's files, and an even choice of rows from groups."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelVersionError


def read_npz(content: bytes, *, name: str, keys: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz``, never unpickling.

    Raises
    ------
    ModelVersionError
        If it is no such archive or a key is missing.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            stored = {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        stored = {}
    missing = [key for key in keys if key not in stored]
    if missing:
        raise ModelVersionError(
            f"{name} of the model version cannot be read or lacks {', '.join(missing)}.",
            remedy="Install the model version again.",
        )
    return stored


def choose_rows(
    groups: NDArray[Any], *, per_group: int = 20, at_most: int = 2000
) -> NDArray[np.intp]:
    """Choose rows evenly from every group, in the order given (slices in their own order).

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Series, patient or slide of each row.
    per_group : int
        Most rows of one group.
    at_most : int
        Most rows altogether; every group gives fewer where there are many groups.

    Returns
    -------
    ndarray of int
        Sorted row numbers. With more groups than ``at_most``, evenly spaced groups give one each.
    """
    names = np.asarray(groups)
    members = [np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())]
    if len(members) > at_most:
        members = [members[i] for i in _even(len(members), at_most)]
    share = per_group
    while share > 1 and sum(min(len(rows), share) for rows in members) > at_most:
        share -= 1
    chosen = [rows[_even(len(rows), share)] for rows in members]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.intp)


def _even(n: int, at_most: int) -> NDArray[np.intp]:
    """Return at most ``at_most`` evenly spaced indices of 0..n-1.

    >>> _even(10, 3).tolist()
    [0, 4, 9]
    """
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).astype(np.intp))
