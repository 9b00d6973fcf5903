"""Figures within each slice of a run, and how far each slice lies from the rest.

Proportions carry Wilson intervals, as everywhere; macro F1 and the difference to the rest are
resampled, all slices from one draw of whole groups, so that a group which straddles slice and rest
counts in both at once. As if cases were independent, a resample of a slice is one multinomial draw
of its confusion matrix.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.domain import Figure
from core.evaluation import rates
from core.evaluation.bootstrap import N_RESAMPLES, SEED, draw_counts
from core.evaluation.figures import group_codes, proportion
from core.evaluation.flags import called_at, flags_at
from core.evaluation.intervals import NO_INTERVAL, Interval, bias_corrected
from core.evaluation.runs import EvaluationRun
from core.evaluation.slice_columns import ALL, SliceColumn

FEWEST_GROUPS = 5  # on either side, for the resampled interval of a difference
_BLOCK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """What a run calls, counted in a way that slices need.

    Attributes
    ----------
    class_names : tuple of str
    y_true, called : ndarray of shape (n,), int64
    flagged : ndarray of shape (n, n_classes), bool
        Whether the class is flagged: what its sensitivity and specificity rest on. At the largest
        probability these are the called classes; at thresholds a case may have several flags.
    group : ndarray of shape (n,), int64, or None
    """

    class_names: tuple[str, ...]
    y_true: NDArray[np.int64]
    called: NDArray[np.int64]
    flagged: NDArray[np.bool_]
    group: NDArray[np.int64] | None


def calls_of(
    run: EvaluationRun, *, findings: Collection[str], thresholds: Mapping[str, float] | None = None
) -> Calls:
    """Return what the run calls at these thresholds; without them, at the largest probability."""
    rule: dict[str, Any] = {
        "class_names": run.class_names,
        "findings": findings,
        "thresholds": thresholds or {},
    }
    called = called_at(run.y_prob, **rule)
    flagged = flags_at(run.y_prob, **rule)
    is_finding = np.array([name in findings for name in run.class_names])
    others = (called[:, None] == np.arange(len(run.class_names))) & ~is_finding
    return Calls(run.class_names, run.y_true, called, flagged | others, group_codes(run))


def slice_frame(calls: Calls, column: SliceColumn) -> pd.DataFrame:
    """Return every figure of every slice, and of all cases.

    Returns
    -------
    DataFrame
        One row a slice and figure: ``column, slice, class, figure`` and the parts of the figure
        ``value, low, high, n, low_grouped, high_grouped, n_groups``; undefined is NaN. Figures:
        ``sensitivity``, ``specificity`` and ``sensitivity_difference`` (slice minus rest) of each
        class, ``macro_f1`` (class ""). The slice of all cases comes first and is called
        ``ALL``; it has no rest. ``n`` and ``n_groups`` are those of the denominator; of a
        difference, those within the slice.
    """
    n_slices = len(column.labels)
    tables = _counts(calls, column)
    confusions = _confusions(calls, column)
    grouped = None if calls.group is None else _drawn_by_group(calls, column)
    plain = _drawn_by_case(calls, column)
    rows: list[dict[str, Any]] = []
    for index in range(-1, n_slices):
        inside = slice(None) if index < 0 else slice(index, index + 1)
        key = {"column": column.name, "slice": ALL if index < 0 else column.labels[index]}
        for of_class, name in enumerate(calls.class_names):
            for figure, made in _class_figures(calls, tables, inside, of_class):
                rows.append({**key, "class": name, "figure": figure, **asdict(made)})
            if index >= 0:
                made = _difference(tables, index, of_class, plain, grouped)
                figure = "sensitivity_difference"
                rows.append({**key, "class": name, "figure": figure, **asdict(made)})
        made = _macro_f1(confusions[inside], index, plain, grouped, tables)
        rows.append({**key, "class": "", "figure": "macro_f1", **asdict(made)})
    frame = pd.DataFrame(rows)
    numeric = dict.fromkeys(("value", "low", "high", "low_grouped", "high_grouped"), "float64")
    return frame.astype({**numeric, "n": "int64", "n_groups": "Int64"})


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Counts of shape (n_slices, n_groups, n_classes); one group where none are known."""

    found: NDArray[np.int64]
    positive: NDArray[np.int64]
    cleared: NDArray[np.int64]
    negative: NDArray[np.int64]


def _counts(calls: Calls, column: SliceColumn) -> _Counts:
    n_classes, n_slices = len(calls.class_names), len(column.labels)
    group = np.zeros(len(column.codes), np.int64) if calls.group is None else calls.group
    n_groups = int(group.max()) + 1
    cell = column.codes * n_groups + group
    shape = (n_slices, n_groups)

    def count(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(cell[marked], minlength=n_slices * n_groups).reshape(shape)

    is_positive = calls.y_true[:, None] == np.arange(n_classes)
    parts = (
        is_positive & calls.flagged,
        is_positive,
        ~is_positive & ~calls.flagged,
        ~is_positive,
    )
    return _Counts(*(np.stack([count(row) for row in part.T], axis=2) for part in parts))


def _class_figures(
    calls: Calls, tables: _Counts, inside: slice, of_class: int
) -> Iterator[tuple[str, Figure]]:
    has_groups = calls.group is not None
    for name, done, total in (
        ("sensitivity", tables.found, tables.positive),
        ("specificity", tables.cleared, tables.negative),
    ):
        successes, totals = (part[inside, :, of_class].sum(axis=0) for part in (done, total))
        yield name, proportion(successes, totals, has_groups=has_groups)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Resampled sums a slice.

    ``found, positive`` : shape (n_slices, n_classes, n_resamples); ``macro_f1`` : shape
    (n_slices + 1, n_resamples), all cases last.
    """

    found: NDArray[np.float64]
    positive: NDArray[np.float64]
    macro_f1: NDArray[np.float64]


def _confusions(calls: Calls, column: SliceColumn) -> NDArray[np.int64]:
    """Return one confusion matrix a slice, shape (n_slices, n_classes, n_classes)."""
    n_classes, n_slices = len(calls.class_names), len(column.labels)
    cell = (column.codes * n_classes + calls.y_true) * n_classes + calls.called
    counts = np.bincount(cell, minlength=n_slices * n_classes**2)
    return counts.reshape(n_slices, n_classes, n_classes)


def _cells(calls: Calls, column: SliceColumn) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the cell of each case and the shape of cells.

    A cell is slice, true class, called class, and whether the true class is flagged: at thresholds
    a class may be flagged and another one called.
    """
    n_classes = len(calls.class_names)
    own = calls.flagged[np.arange(len(calls.y_true)), calls.y_true]
    cell = ((column.codes * n_classes + calls.y_true) * n_classes + calls.called) * 2 + own
    return cell, (len(column.labels), n_classes, n_classes, 2)


def _summed(totals: NDArray[Any], shape: tuple[int, ...]) -> _Drawn:
    """Return the sums from counts a cell, shape (n_cells, n_resamples)."""
    cells = totals.reshape(*shape, -1).astype(np.float64)
    confusion = np.moveaxis(cells.sum(axis=3), -1, 1)
    whole = np.concatenate((confusion, confusion.sum(axis=0, keepdims=True)))
    by_class = cells.sum(axis=2)
    return _Drawn(by_class[:, :, 1], by_class.sum(axis=2), rates.macro_f1(whole))


def _drawn_by_group(calls: Calls, column: SliceColumn) -> _Drawn:
    cell, shape = _cells(calls, column)
    group = calls.group
    if group is None:
        group = np.arange(len(cell))
    n_cells, n_groups = int(np.prod(shape)), int(group.max()) + 1
    ones = np.ones(len(cell), dtype=np.float32)
    sums = csr_array((ones, (cell, group)), shape=(n_cells, n_groups))
    rng = np.random.default_rng(SEED)
    block = max(1, min(N_RESAMPLES, _BLOCK_CELLS // n_groups))
    parts = []
    for start in range(0, N_RESAMPLES, block):
        size = min(block, N_RESAMPLES - start)
        parts.append(sums @ draw_counts(rng, n_units=n_groups, n_resamples=size))
    return _summed(np.concatenate(parts, axis=1), shape)


def _drawn_by_case(calls: Calls, column: SliceColumn) -> _Drawn:
    cell, shape = _cells(calls, column)
    counts = np.bincount(cell, minlength=int(np.prod(shape)))
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(len(cell), counts / len(cell), size=N_RESAMPLES)
    return _summed(drawn.T, shape)


def _difference(
    tables: _Counts, index: int, of_class: int, plain: _Drawn, grouped: _Drawn | None
) -> Figure:
    """Return sensitivity within a slice minus that of all other cases."""
    found, positive = tables.found[:, :, of_class], tables.positive[:, :, of_class]
    n, n_rest = int(positive[index].sum()), int(positive.sum() - positive[index].sum())
    if n == 0 or n_rest == 0:
        return Figure(None, None, None, n)
    value = found[index].sum() / n - (found.sum() - found[index].sum()) / n_rest
    of_slice = positive[index] > 0
    of_rest = (positive.sum(axis=0) - positive[index]) > 0
    by_case = bias_corrected(value, _gap(plain, index, of_class), n_units=min(n, n_rest))
    by_group, n_groups = NO_INTERVAL, None
    if grouped is not None:
        n_groups = int(of_slice.sum())
        fewest = min(n_groups, int(of_rest.sum()))
        if fewest >= FEWEST_GROUPS:
            drawn = bias_corrected(value, _gap(grouped, index, of_class), n_units=fewest)
            by_group = _with_width(drawn)
    by_case = _with_width(by_case)
    return Figure(float(value), *by_case, n, *by_group, n_groups)


def _with_width(interval: Interval) -> Interval:
    """Return no interval for one without width: all found on both sides tells no spread."""
    low, high = interval
    return NO_INTERVAL if low is None or high is None or high - low < 1e-9 else interval


def _gap(drawn: _Drawn, index: int, of_class: int) -> NDArray[np.float64]:
    found, positive = drawn.found[:, of_class], drawn.positive[:, of_class]
    rest = found.sum(axis=0) - found[index], positive.sum(axis=0) - positive[index]
    return rates.ratio(found[index], positive[index]) - rates.ratio(*rest)


def _macro_f1(
    confusions: NDArray[np.int64],
    index: int,
    plain: _Drawn,
    grouped: _Drawn | None,
    tables: _Counts,
) -> Figure:
    """Return macro F1 of a slice (-1: of all cases), over the classes it holds."""
    confusion = confusions.sum(axis=0)
    value, n = float(rates.macro_f1(confusion)), int(confusion.sum())
    by_case = _with_width(bias_corrected(value, plain.macro_f1[index], n_units=n))
    by_group, n_groups = NO_INTERVAL, None
    if grouped is not None:
        of_class = tables.positive if index < 0 else tables.positive[index : index + 1]
        n_groups = int((of_class.sum(axis=(0, 2)) > 0).sum())
        by_group = _with_width(bias_corrected(value, grouped.macro_f1[index], n_units=n_groups))
    return Figure(value, *by_case, n, *by_group, n_groups)
