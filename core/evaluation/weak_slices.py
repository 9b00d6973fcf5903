"""The slice in which a finding is missed most, among all that were looked at, and what chance does.

Every value of every column and every pair of values of two columns is a slice. A slice with enough
cases scores how far its miss rate lies above that of all cases, in standard errors that respect
groups. The worst of many slices looks bad by chance alone, so its score is held against the worst
score of the same search after the slice values of whole groups changed places (max-statistic
permutation: Westfall & Young 1993). That keeps what a bound such as Bonferroni's gives away: slices
that overlap are looked at many times but do not count as many.

Why groups change places and not cases: pictures of a series share both their slice values and
their misses, so that single cases may not be exchanged. A group hands its whole row of values on,
stretched to the length of the group that takes it, all columns together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.bootstrap import SEED
from core.evaluation.figures import proportion
from core.evaluation.intervals import Z95, design_effect, wilson
from core.evaluation.slice_columns import SliceColumn
from core.evaluation.slices import Calls

MIN_POSITIVES = 20
MIN_GROUPS = 5
N_PERMUTATIONS = 999
_FEWEST_PERMUTATIONS = 199
_MOST_STEPS = 200_000_000
_MOST_CELLS = 5_000_000


@dataclass(frozen=True, slots=True, eq=False)
class WeakSlices:
    """What the search found.

    Attributes
    ----------
    frame : DataFrame
        One row a slice with enough cases, most striking first: ``slice, column, value_of_column,
        second_column, value_of_second``; the sensitivity within as ``value, low, high, n,
        low_grouped, high_grouped, n_groups``; ``low_corrected, high_corrected``, its interval
        corrected for the search; ``value_rest``, the sensitivity elsewhere; ``score``; and
        ``p_corrected``, how often chance makes the worst slice at least as bad.
    n_looked_at : int
        Slices with enough cases.
    n_permutations : int
    min_positives, min_groups : int
        What was asked of a slice, and of its rest.
    reason : str
        Why nothing could be looked at, in a sentence; empty where something was.
    """

    frame: pd.DataFrame
    n_looked_at: int
    n_permutations: int
    min_positives: int = MIN_POSITIVES
    min_groups: int = MIN_GROUPS
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The positive cases, sorted by group, and the slices they lie in.

    Attributes
    ----------
    missed : ndarray of shape (n,), bool
    group : ndarray of shape (n,), int64, ascending
    lies_in : ndarray of shape (n, n_entries), int64
        Every slice a case lies in: one a column and one a pair of columns.
    names : list of tuple of (column, value)
        Of each slice.
    rho : float
        Correlation of misses within groups.
    has_groups : bool
    """

    missed: NDArray[np.bool_]
    group: NDArray[np.int64]
    lies_in: NDArray[np.int64]
    names: list[tuple[tuple[str, str], ...]]
    rho: float
    has_groups: bool
    min_positives: int
    min_groups: int

    @property
    def n_groups(self) -> int:
        return int(self.group[-1]) + 1


def find_weak_slices(
    calls: Calls,
    columns: Sequence[SliceColumn],
    *,
    class_name: str,
    min_positives: int = MIN_POSITIVES,
    min_groups: int = MIN_GROUPS,
    n_permutations: int = N_PERMUTATIONS,
) -> WeakSlices:
    """Look for the slice in which a finding is missed most.

    Parameters
    ----------
    calls : Calls
    columns : sequence of SliceColumn
    class_name : str
        The finding.
    min_positives, min_groups : int
        Cases of the finding, and groups with one, that a slice and its rest must have. Without
        groups the second does not apply.
    n_permutations : int
        At most; fewer where the run is so large that it would take minutes, never below 199.
    """
    search = _prepare(calls, columns, class_name, min_positives, min_groups)
    if isinstance(search, str):
        return WeakSlices(pd.DataFrame(), 0, 0, min_positives, min_groups, reason=search)
    scores = _scores(search, search.lies_in)
    eligible = np.flatnonzero(np.isfinite(scores))
    if not len(eligible):
        reason = f"No slice and its rest each hold {min_positives} cases of the finding" + (
            f" in {min_groups} groups." if search.has_groups else "."
        )
        return WeakSlices(pd.DataFrame(), 0, 0, min_positives, min_groups, reason=reason)
    steps = max(1, search.lies_in.size)
    n_drawn = int(np.clip(_MOST_STEPS // steps, _FEWEST_PERMUTATIONS, n_permutations))
    worst = _worst_by_chance(search, n_drawn)
    order = eligible[np.argsort(-scores[eligible], kind="stable")]
    rows, seen = [], set()
    for index in order:
        inside = (search.lies_in == index).any(axis=1)
        content = np.packbits(inside).tobytes()
        if content not in seen:  # two names of the same cases: the shorter one came first
            seen.add(content)
            rows.append(_row(search, int(index), inside, float(scores[index]), worst))
    return WeakSlices(pd.DataFrame(rows), len(rows), n_drawn, min_positives, min_groups)


def _prepare(
    calls: Calls,
    columns: Sequence[SliceColumn],
    class_name: str,
    min_positives: int,
    min_groups: int,
) -> _Search | str:
    """Return the search, or a sentence that says why there is none."""
    of_class = calls.class_names.index(class_name)
    chosen = np.flatnonzero(calls.y_true == of_class)
    if not len(chosen):
        return "The run holds no case of this finding."
    if not columns:
        return "The run has no column to slice by."
    has_groups = calls.group is not None
    group = np.arange(len(chosen)) if calls.group is None else calls.group[chosen]
    order = np.argsort(group, kind="stable")
    chosen, group = chosen[order], np.unique(group[order], return_inverse=True)[1]
    missed = ~calls.flagged[chosen, of_class]
    if missed.all() or not missed.any():
        return "Every case of this finding was " + ("missed." if missed.all() else "found.")
    lies_in, names = _slices(columns, chosen)
    totals = np.bincount(group)
    found = np.bincount(group, weights=~missed)
    rho = 0.0
    size = float((totals.astype(np.float64) ** 2).sum()) / len(chosen)
    if size > 1 and len(totals) > 1:
        rho = (design_effect(found, totals) - 1) / (size - 1)
    return _Search(
        missed, group, lies_in, names, rho, has_groups, min_positives, min_groups
    )  # fmt: skip


def _slices(
    columns: Sequence[SliceColumn], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[tuple[tuple[str, str], ...]]]:
    """Return the slices of each chosen case, shape (n, n_entries), and the name of each slice."""
    entries: list[NDArray[np.int64]] = []
    names: list[tuple[tuple[str, str], ...]] = []
    for column in columns:
        entries.append(column.codes[chosen] + len(names))
        names += [((column.name, label),) for label in column.labels]
    for place, first in enumerate(columns):
        for second in columns[place + 1 :]:
            cell = first.codes[chosen] * len(second.labels) + second.codes[chosen]
            entries.append(cell + len(names))
            names += [
                ((first.name, one), (second.name, other))
                for one in first.labels
                for other in second.labels
            ]
    return np.stack(entries, axis=1), names


def _scores(search: _Search, lies_in: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the score of each slice, shape (n_slices,); minus infinity without enough cases.

    (miss rate within - miss rate of the rest) / standard error, where T cases, of a slice or of its
    rest, have the effective number T / (1 + (m - 1) rho), m being their mean group size as seen
    from a case.
    """
    n_slices, n = len(search.names), len(search.missed)
    flat = lies_in.ravel()
    total = np.bincount(flat, minlength=n_slices)
    missed = np.bincount(lies_in[search.missed].ravel(), minlength=n_slices)
    rest = n - total
    enough = (total >= search.min_positives) & (rest >= search.min_positives)
    squares, squares_rest = total.astype(np.float64), rest.astype(np.float64)
    n_groups = search.n_groups
    if search.has_groups and n_slices * n_groups <= _MOST_CELLS:
        cell = flat * n_groups + np.repeat(search.group, lies_in.shape[1])
        counts = np.bincount(cell, minlength=n_slices * n_groups)
        table = counts.reshape(n_slices, n_groups).astype(np.float64)
        sizes = np.bincount(search.group).astype(np.float64)
        inside, outside = (table > 0).sum(axis=1), (table < sizes).sum(axis=1)
        enough &= (inside >= search.min_groups) & (outside >= search.min_groups)
        squares = np.einsum("ij,ij->i", table, table)
        squares_rest = sizes @ sizes - 2 * (table @ sizes) + squares
    total, rest, missed = total[enough], rest[enough], missed[enough]
    rate, n_missed = float(search.missed.mean()), int(search.missed.sum())
    spread = rate * (1 - rate) * (
        (1 + (squares[enough] / total - 1) * search.rho) / total
        + (1 + (squares_rest[enough] / rest - 1) * search.rho) / rest
    )  # fmt: skip
    scores = np.full(n_slices, -np.inf)
    scores[enough] = (missed / total - (n_missed - missed) / rest) / np.sqrt(spread)
    return scores


def _worst_by_chance(search: _Search, n_permutations: int) -> NDArray[np.float64]:
    """Return the worst score of each permutation, shape (n_permutations,)."""
    sizes = np.bincount(search.group)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    within = np.arange(len(search.group)) - starts[search.group]
    share = (within + 0.5) / sizes[search.group]
    rng = np.random.default_rng(SEED)
    worst = np.empty(n_permutations)
    for index in range(n_permutations):
        donor = rng.permutation(len(sizes))[search.group]
        taken = starts[donor] + (share * sizes[donor]).astype(np.int64)
        worst[index] = _scores(search, search.lies_in[taken]).max()
    return worst


def _row(
    search: _Search,
    index: int,
    inside: NDArray[np.bool_],
    score: float,
    worst: NDArray[np.float64],
) -> dict[str, Any]:
    groups = search.group if search.has_groups else np.zeros(len(inside), np.int64)
    n_groups = int(groups.max()) + 1
    totals = np.bincount(groups[inside], minlength=n_groups)
    found = np.bincount(groups[inside & ~search.missed], minlength=n_groups)
    figure = proportion(found, totals, has_groups=search.has_groups)
    size = float((totals.astype(np.float64) ** 2).sum()) / figure.n if search.has_groups else 1.0
    effect = 1 + (size - 1) * search.rho
    # Two-sided 95 % over all slices at once: the worst score passes this by chance in 2.5 %.
    reach = max(Z95, float(np.quantile(worst, 0.975)))
    corrected = wilson(found.sum() / effect, figure.n / effect, z=reach)
    both = (*corrected, figure.low_grouped, figure.high_grouped)
    ends = [end for end in both if end is not None]
    names = [*search.names[index], ("", "")][:2]
    return {
        "slice": said(search.names[index]),
        "column": names[0][0],
        "value_of_column": names[0][1],
        "second_column": names[1][0],
        "value_of_second": names[1][1],
        **asdict(figure),
        "low_corrected": min(ends),
        "high_corrected": max(ends),
        "value_rest": float((~search.missed[~inside]).mean()),
        "score": score,
        "p_corrected": float((1 + (worst >= score).sum()) / (1 + len(worst))),
    }


def said(parts: Sequence[tuple[str, str]]) -> str:
    """Return a slice in words.

    >>> said([("body_size", "small"), ("contrast_phase", "none")])
    'body_size: small, contrast_phase: none'
    """
    return ", ".join(f"{column}: {value}" for column, value in parts)
