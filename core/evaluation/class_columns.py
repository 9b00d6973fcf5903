"""Which columns of predictions tables are probabilities, where nobody says the class names.

``compare`` and ``operating-point`` take a table and one class. The others are found: the labels of
``y_true``, and whichever further columns make every row sum to 1. So a class without any true
case is found by its probability, and a slice column of shares (``quality``) is not taken for one.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.predictions import FIXED_COLUMNS, SUM_TOLERANCE, numbers
from core.evaluation.tables import TextTable

_ROWS_LOOKED_AT = 400  # of each table, evenly spread: wrong rows are outvoted, not obeyed
_MOST_TRIED = 14  # further columns of which every combination is tried
_RANGE_SLACK = 1e-6


class _Choice(NamedTuple):
    """A set of columns, with the share of rows that sum to 1 in the table where it is worst."""

    columns: tuple[str, ...]
    share: float


def infer_class_names(tables: Sequence[TextTable], *, class_name: str) -> tuple[str, ...]:
    """Return the classes of predictions tables that belong together, in column order.

    Parameters
    ----------
    tables : sequence of TextTable
        Tables of the same classes; the first one's order of columns counts (ties of the largest
        probability go to the first class).
    class_name : str
        The class that is asked about; one column must be named as it.

    Returns
    -------
    tuple of str
        ``class_name``, the labels of ``y_true`` that have a column, and the further columns with
        which most rows sum to 1 within 0.01: of several such sets the one with the smallest error,
        then the one with the fewest columns. Where no set does, every column of numbers in 0..1
        and every label, so that the reader names the first offender.

    Raises
    ------
    EvaluationError
        If ``y_true`` or the column of ``class_name`` is missing, or a column that the rows of one
        table need is not in another.
    """
    labels: dict[str, None] = {}
    for table in tables:
        column = table.columns[_needed(table, "y_true")]
        labels.update(dict.fromkeys(pc.unique(pc.utf8_trim_whitespace(column)).to_pylist()))
        _needed(table, class_name)
    spelt = {name.casefold(): name for name in (class_name, *labels)}
    wanted = {name.casefold() for name in spelt}
    common = [
        name
        for name in tables[0].columns.column_names
        if all(_find(table, name) is not None for table in tables)
    ]
    found = _best(tables, common, wanted)
    if found.share < 0.5:
        _refuse_lonely_columns(tables, wanted)
        missing = [name for name in labels if _find(tables[0], name) is None]
        loose = [name for name in common if _is_candidate(tables, name, wanted)]
        found = _Choice((*loose, *missing), 0.0)
    return tuple(spelt.get(name.casefold(), name) for name in found.columns)


def _find(table: TextTable, name: str) -> str | None:
    """Return the table's own spelling of a column; None where it has none or several."""
    present = table.columns.column_names
    alike = [item for item in present if item.casefold() == name.casefold()]
    return name if name in present else alike[0] if len(alike) == 1 else None


def _needed(table: TextTable, name: str) -> str:
    found = _find(table, name)
    if found is None:
        present = table.columns.column_names
        close = difflib.get_close_matches(name, present, n=1)
        hint = f" (is it {close[0]!r}?)" if close else ""
        raise EvaluationError(
            f"{table.name} has no column {name!r}{hint}.",
            remedy="Needed: file, y_true and a probability column named as each class; "
            f"found: {', '.join(present)[:300]}.",
            column=name,
        )
    return found


def _values(table: TextTable, name: str) -> NDArray[np.float64]:
    """Return the numbers of a column on the rows that are looked at; what is none is NaN."""
    column = table.columns[_needed(table, name)].take(_rows(table))
    return numbers(column.combine_chunks(), table.separator)


def _rows(table: TextTable) -> NDArray[np.int64]:
    n = table.columns.num_rows
    return np.arange(0, n, max(1, -(-n // _ROWS_LOOKED_AT)))


def _is_candidate(tables: Sequence[TextTable], name: str, wanted: set[str]) -> bool:
    """Whether a column can be a probability: named as a class, or mostly numbers in 0..1."""
    if name.casefold() in FIXED_COLUMNS:
        return False
    if name.casefold() in wanted:
        return True
    for table in tables:
        values = _values(table, name)
        with np.errstate(invalid="ignore"):
            inside = (values >= -_RANGE_SLACK) & (values <= 1 + _RANGE_SLACK)
        if not values.size or inside.mean() < 0.5:
            return False
    return True


def _best(tables: Sequence[TextTable], names: Sequence[str], wanted: set[str]) -> _Choice:
    """Return the columns with which the rows sum to 1 best; the wanted are among them."""
    candidates = [name for name in names if _is_candidate(tables, name, wanted)]
    sure = [name for name in candidates if name.casefold() in wanted]
    further = [name for name in candidates if name not in sure]
    sums = [_matrix(table, sure).sum(axis=1) for table in tables]
    values = [_matrix(table, further) for table in tables]
    chosen = _combinations(len(further), sums, values)
    good, error = [], []
    for base, matrix in zip(sums, values, strict=True):
        gap = np.abs(base[:, None] + matrix @ chosen.T - 1)
        good.append(
            (gap <= SUM_TOLERANCE + 1e-9).mean(axis=0) if len(gap) else np.ones(len(chosen))
        )
        error.append(np.minimum(gap, SUM_TOLERANCE).sum(axis=0))
    share = np.min(good, axis=0)
    order = np.lexsort((chosen.sum(axis=1), np.round(np.sum(error, axis=0), 6), -share))
    picked = {further[index] for index in np.flatnonzero(chosen[order[0]])}
    columns = tuple(name for name in candidates if name in sure or name in picked)
    return _Choice(columns, float(share[order[0]]))


def _matrix(table: TextTable, names: Sequence[str]) -> NDArray[np.float64]:
    """Return the numbers of several columns, shape (n_rows, n_names); what is none counts 0."""
    columns = [np.nan_to_num(_values(table, name)) for name in names]
    return np.column_stack(columns) if columns else np.zeros((len(_rows(table)), 0))


def _combinations(
    n: int, sums: Sequence[NDArray[Any]], values: Sequence[NDArray[Any]]
) -> NDArray[np.float64]:
    """Return which of n further columns are tried together, one row a combination of 0 and 1."""
    if n <= _MOST_TRIED:
        bits = np.arange(2**n)[:, None] >> np.arange(n)[None]
        return (bits & 1).astype(np.float64)
    # Too many to try them all: what a least-squares fit of the missing mass points at, and all
    # of up to two columns.
    fitted = np.linalg.lstsq(np.vstack(values), 1 - np.concatenate(sums))[0]
    picks = [*([*pair] for size in (0, 1, 2) for pair in combinations(range(n), size)), [*range(n)]]
    chosen = np.zeros((len(picks) + 1, n))
    for row, pick in enumerate(picks):
        chosen[row, pick] = 1
    chosen[-1] = fitted > 0.5
    return chosen


def _refuse_lonely_columns(tables: Sequence[TextTable], wanted: set[str]) -> None:
    """Refuse where the rows of one table need a column that another one does not have."""
    for table in tables:
        own = _best([table], table.columns.column_names, wanted)
        if own.share >= 0.5:
            for name in own.columns:
                for other in tables:
                    _needed(other, name)
