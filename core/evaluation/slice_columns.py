"""A column of values as slices of a run: categories as they are, numbers cut at their quartiles.

No case is ever dropped: an empty value is the slice "not stated", rare values share the slice
"other".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALL = "all cases"
NOT_STATED = "not stated"
OTHER = "other"
MAX_VALUES = 12  # more categories than this: the commonest, and the rest as one slice
N_CUTS = 3  # quartiles
_EMPTY = {"", "nan", "na", "n/a", "null", "<na>"}


@dataclass(frozen=True, slots=True, eq=False)
class SliceColumn:
    """One column as slices.

    Attributes
    ----------
    name : str
    labels : tuple of str
        Name of each slice, all different; numbers ascend, categories are sorted, then "other" and
        "not stated".
    codes : ndarray of shape (n,), int64
        Slice of each case, 0..len(labels)-1; every slice holds a case.
    is_numeric : bool
        Whether the values are numbers, so that the order of the slices means something.
    cuts : tuple of float
        Where numbers were cut, ascending: a slice holds its lower and not its upper cut. Empty
        where every value is a slice of its own.
    n_values : int
        How many different values are stated.
    """

    name: str
    labels: tuple[str, ...]
    codes: NDArray[np.int64]
    is_numeric: bool = False
    cuts: tuple[float, ...] = ()
    n_values: int = 0


def slice_column(name: str, values: Sequence[Any] | NDArray[Any]) -> SliceColumn:
    """Return the slices of a column.

    Parameters
    ----------
    name : str
    values : sequence of n values
        Text, numbers or None. None, NaN, blank text and "NA", "N/A", "null", "nan" are not stated.

    Examples
    --------
    >>> column = slice_column("age", ["41", "7", "", "41"])
    >>> column.labels, column.codes.tolist()
    (('7', '41', 'not stated'), [1, 0, 2, 1])
    """
    text = np.array(["" if value is None else str(value).strip() for value in values], dtype=object)
    stated = np.array([item.casefold() not in _EMPTY for item in text], dtype=bool)
    numbers = _numbers(text[stated])
    if numbers is not None:
        labels, codes, cuts = _of_numbers(numbers)
    else:
        labels, codes = _of_categories(text[stated].astype(str))
        cuts = ()
    every = np.full(len(text), len(labels), dtype=np.int64)
    every[stated] = codes
    if not stated.all():
        labels = [*labels, NOT_STATED]
    n_values = len(set(text[stated]))
    return SliceColumn(name, _unique(labels), every, numbers is not None, cuts, n_values)


def _numbers(text: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Return the values as numbers; None where one is not a number, or there is none."""
    try:
        numbers = np.array([float(item) for item in text], dtype=np.float64)
    except ValueError:
        return None
    return numbers if numbers.size and np.isfinite(numbers).all() else None


def _of_numbers(
    numbers: NDArray[np.float64],
) -> tuple[list[str], NDArray[np.int64], tuple[float, ...]]:
    different, codes = np.unique(numbers, return_inverse=True)
    if len(different) <= MAX_VALUES:
        return [f"{value:.6g}" for value in different], codes.astype(np.int64), ()
    wanted = np.quantile(numbers, np.linspace(0, 1, N_CUTS + 2)[1:-1])
    # The rounded cut is the cut: what a label says is what was done.
    ordered = np.sort(numbers)
    cuts = np.unique([_rounded(float(cut), ordered) for cut in wanted])
    cuts = cuts[(cuts > different[0]) & (cuts <= different[-1])]
    if not len(cuts):  # most cases share the lowest value
        cuts = different[1:2]
    codes = np.searchsorted(cuts, numbers, side="right").astype(np.int64)
    used, codes = np.unique(codes, return_inverse=True)
    names = [_between(cuts, int(index)) for index in used]
    return names, codes.astype(np.int64), tuple(float(cut) for cut in cuts)


def _rounded(cut: float, ordered: NDArray[np.float64]) -> float:
    """Return the cut with as few digits as move at most 1 % of the cases to its other side."""
    place = np.searchsorted(ordered, cut)
    for digits in range(2, 16):
        rounded = float(f"{cut:.{digits}g}")
        if abs(np.searchsorted(ordered, rounded) - place) <= len(ordered) / 100:
            return rounded
    return cut


def _between(cuts: NDArray[np.float64], index: int) -> str:
    if index == 0:
        return f"under {cuts[0]:.15g}"
    if index == len(cuts):
        return f"{cuts[-1]:.15g} and above"
    return f"{cuts[index - 1]:.15g} to {cuts[index]:.15g}"


def _of_categories(text: NDArray[np.str_]) -> tuple[list[str], NDArray[np.int64]]:
    different, codes, counts = np.unique(text, return_inverse=True, return_counts=True)
    labels, codes = [str(item) for item in different], codes.astype(np.int64)
    if len(different) <= MAX_VALUES:
        return labels, codes
    # The commonest; equally common ones in the order of their names.
    kept = np.sort(np.argsort(-counts, kind="stable")[: MAX_VALUES - 1])
    place = np.full(len(different), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    n_rest = len(different) - len(kept)
    return [*(labels[index] for index in kept), f"{OTHER} ({n_rest:,} values)"], place[codes]


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels, one that stands twice in brackets: a value may be called "not stated"."""
    seen: list[str] = [ALL]
    for label in labels:
        name = label
        while name in seen:
            name = f"({name})"
        seen.append(name)
    return tuple(seen[1:])
