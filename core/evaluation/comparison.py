"""Champion A against challenger B on the same cases: whether B may replace A.

Everything is paired. Sensitivity and area differences are B - A, so below 0 is worse. Intervals
come from one paired bootstrap: a resample draws whole groups (cases where a run has no groups) and
judges both runs on the same draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.domain import Figure
from core.errors import EvaluationError
from core.evaluation.bootstrap import SEED, draw_counts
from core.evaluation.confusion import called_class
from core.evaluation.delong import AreaTest, delong
from core.evaluation.disagreement import disagreements
from core.evaluation.intervals import NO_INTERVAL, Interval, bias_corrected
from core.evaluation.mcnemar import Misses, misses
from core.evaluation.pairing import Units, aligned, resampling_units
from core.evaluation.ranking import Ranking, rank, score_bins
from core.evaluation.rates import ratio
from core.evaluation.runs import EvaluationRun
from core.evaluation.slice_columns import slice_column

Verdict = Literal["may replace", "may not", "cannot tell"]
N_RESAMPLES = 2000
FEW_GROUPS = 20
_MOST_VALUES = 50  # a column of more words than this is a name or free text, not a slice
_BLOCK_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class SensitivityGap:
    """Sensitivity of both runs on the positives of one class, everywhere or in one slice.

    Attributes
    ----------
    class_name : str
    column, band : str or None
        Slice column and which of its values; None for all cases of the class.
    misses : Misses
    difference : Figure
        B - A; ``n`` counts the positives, ``n_groups`` the groups with one. Undefined without one.
    """

    class_name: str
    column: str | None
    band: str | None
    misses: Misses
    difference: Figure

    @property
    def sensitivity_a(self) -> float | None:
        """Share of the positives that A found."""
        found = self.misses.both_found + self.misses.only_b_missed
        return found / self.misses.n if self.misses.n else None

    @property
    def sensitivity_b(self) -> float | None:
        """Share of the positives that B found."""
        found = self.misses.both_found + self.misses.only_a_missed
        return found / self.misses.n if self.misses.n else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two runs compared for one class; ``at_margin`` asks again without any new draw.

    Attributes
    ----------
    class_names : tuple of str
    class_name : str
    margin : float in [0, 1]
    threshold_a, threshold_b : float or None
        Where ``class_name`` counts as called: at or above; None: by the largest probability.
    n : int
        Number of cases.
    n_groups : int or None
        Number of groups drawn from; None where cases were drawn.
    same : bool
        Whether both give the same probabilities and the same calls throughout.
    gap : SensitivityGap
        Of ``class_name``, on all of its cases: the verdict rests on it.
    classes, slices : tuple of SensitivityGap
        Each class (the others by the largest probability), and each band of each slice column for
        ``class_name``.
    areas : AreaTest
        AUC of ``class_name`` against the rest, with DeLong's test.
    auc_difference : Figure
        The bootstrap interval leads; with groups, the plain pair is DeLong's.
    notes : tuple of str
    cases : DataFrame
        Where they disagree; see :func:`core.evaluation.disagreement.disagreements`.
    """

    class_names: tuple[str, ...]
    class_name: str
    margin: float
    threshold_a: float | None
    threshold_b: float | None
    n: int
    n_groups: int | None
    same: bool
    gap: SensitivityGap
    classes: tuple[SensitivityGap, ...]
    slices: tuple[SensitivityGap, ...]
    areas: AreaTest
    auc_difference: Figure
    notes: tuple[str, ...]
    cases: pd.DataFrame

    @property
    def verdict(self) -> Verdict:
        """May B replace A? By the interval of the sensitivity difference alone."""
        if self.same and self.gap.misses.n:
            return "may replace"
        return verdict_of(*leading(self.gap.difference), margin=self.margin)

    def verdict_in(self, gap: SensitivityGap) -> Verdict:
        """Return what can be said of one class or slice.

        As the verdict; but where the two never differ, an interval without width would pass for
        proof on a handful of cases, so there the exact bound of new misses must keep the margin.
        """
        if gap is self.gap or self.same:
            return self.verdict if gap.misses.n else "cannot tell"
        bound = gap.misses.newly_missed.high
        if gap.misses.n_discordant == 0 and (bound is None or bound >= self.margin):
            return "cannot tell"
        return verdict_of(*leading(gap.difference), margin=self.margin)

    def at_margin(self, margin: float) -> Comparison:
        """Return the same comparison judged at another margin."""
        return replace(self, margin=_margin(margin))


def leading(figure: Figure) -> Interval:
    """Return the interval that respects groups, else the plain one."""
    if figure.low_grouped is not None or figure.n_groups is not None:
        return Interval(figure.low_grouped, figure.high_grouped)
    return Interval(figure.low, figure.high)


def verdict_of(low: float | None, high: float | None, *, margin: float) -> Verdict:
    """Return the verdict of an interval of the sensitivity difference B - A.

    >>> verdict_of(-0.02, 0.01, margin=0.05), verdict_of(-0.2, -0.1, margin=0.05)
    ('may replace', 'may not')
    >>> verdict_of(-0.2, 0.1, margin=0.05), verdict_of(None, None, margin=0.05)
    ('cannot tell', 'cannot tell')
    """
    if low is None or high is None:
        return "cannot tell"
    if low > -margin:
        return "may replace"
    return "may not" if high < -margin else "cannot tell"


def compare_runs(
    run_a: EvaluationRun,
    run_b: EvaluationRun,
    *,
    class_name: str,
    margin: float,
    threshold_a: float | None = None,
    threshold_b: float | None = None,
) -> Comparison:
    """Compare two runs on the same cases.

    Parameters
    ----------
    run_a, run_b : EvaluationRun
        Champion and challenger; joined on ``file``, in any order.
    class_name : str
        The class whose misses decide.
    margin : float in [0, 1]
        By how much the sensitivity may be lower: 0.05 is five points.
    threshold_a, threshold_b : float in [0, 1] or None
        A case counts as called ``class_name`` at or above it; None: where it is the argmax.

    Raises
    ------
    EvaluationError
        If files, ``y_true`` or classes differ, there is no such class, or a number is not in
        [0, 1].
    """
    run_b = aligned(run_a, run_b)
    if class_name not in run_a.class_names:
        raise EvaluationError(
            f"There is no class {class_name!r}.",
            remedy=f"Classes: {', '.join(run_a.class_names)}.",
            column="class",
        )
    thresholds = (_threshold(threshold_a, "a"), _threshold(threshold_b, "b"))
    index, margin = run_a.class_names.index(class_name), _margin(margin)
    units = resampling_units(run_a, run_b)
    same = bool((run_a.y_prob == run_b.y_prob).all()) and threshold_a == threshold_b
    found_a, found_b = (
        _called(run, index, threshold)
        for run, threshold in zip((run_a, run_b), thresholds, strict=True)
    )
    rows = _rows(run_a, run_b, index)
    is_positive = run_a.y_true == index
    rankings = [
        rank(score_bins(run.y_prob[:, index], is_positive), is_positive, units.unit)
        for run in (run_a, run_b)
    ]
    drawn = _draw(rows, found_a, found_b, units, rankings)
    gaps = [_gap(row, found_a, found_b, units, drawn.gaps[i]) for i, row in enumerate(rows)]
    areas = delong(run_a.y_prob[:, index], run_b.y_prob[:, index], is_positive)
    auc_difference = _area_figure(areas, drawn.areas, units, is_positive)
    if same:  # no other cases could tell them apart either
        gaps = [replace(gap, difference=_certain(gap.difference)) for gap in gaps]
        auc_difference = _certain(auc_difference)
    return Comparison(
        class_names=run_a.class_names,
        class_name=class_name,
        margin=margin,
        threshold_a=threshold_a,
        threshold_b=threshold_b,
        n=run_a.n,
        n_groups=units.n if units.by == "group" else None,
        same=same,
        gap=gaps[index],
        classes=tuple(gaps[: len(run_a.class_names)]),
        slices=tuple(gaps[len(run_a.class_names) :]),
        areas=areas,
        auc_difference=auc_difference,
        notes=(units.note,) if units.note else (),
        cases=disagreements(run_a, run_b, found_a[index], found_b[index], index),
    )


def _margin(margin: float) -> float:
    if not 0 <= margin <= 1:
        raise EvaluationError(
            f"The margin is {margin:g}, outside 0..1.",
            remedy="Give a share: 0.05 lets the sensitivity be five points lower.",
            column="margin",
        )
    return margin


def _threshold(threshold: float | None, key: str) -> float | None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise EvaluationError(
            f"The threshold of {key.upper()} is {threshold:g}, outside 0..1.",
            remedy="Give a probability from 0 to 1.",
            column=f"threshold_{key}",
        )
    return threshold


def _called(run: EvaluationRun, index: int, threshold: float | None) -> NDArray[np.bool_]:
    """Return whether each case was called each class, shape (n_classes, n)."""
    called: NDArray[np.bool_] = np.arange(len(run.class_names))[:, None] == called_class(run.y_prob)
    if threshold is not None:
        called[index] = run.y_prob[:, index] >= threshold
    return called


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Which cases a gap counts: positives of a class, perhaps of one band of a slice column."""

    index: int
    class_name: str
    column: str | None
    band: str | None
    counts: NDArray[np.bool_]


def _rows(run_a: EvaluationRun, run_b: EvaluationRun, index: int) -> list[_Row]:
    names = run_a.class_names
    rows = [_Row(k, name, None, None, run_a.y_true == k) for k, name in enumerate(names)]
    slices = {**run_b.slices, **run_a.slices}
    is_positive = run_a.y_true == index
    for name, values in slices.items():
        column = slice_column(name, values)
        if len(column.labels) < 2 or (not column.is_numeric and column.n_values > _MOST_VALUES):
            continue  # tells nothing, or nearly every case apart
        for code, band in enumerate(column.labels):
            counts = is_positive & (column.codes == code)
            if counts.any():
                rows.append(_Row(index, names[index], name, band, counts))
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Replicates: ``gaps`` of shape (n_rows, n_resamples), ``areas`` of (n_resamples,)."""

    gaps: NDArray[np.float64]
    areas: NDArray[np.float64]


def _draw(
    rows: Sequence[_Row],
    found_a: NDArray[np.bool_],
    found_b: NDArray[np.bool_],
    units: Units,
    rankings: Sequence[Ranking],
) -> _Drawn:
    """Draw every difference from the same resamples of units."""
    sums = _unit_sums(rows, found_a, found_b, units)
    rng = np.random.default_rng(SEED)
    widest = max(units.n, *(ranking.n_bins for ranking in rankings))
    block = max(1, min(N_RESAMPLES, _BLOCK_CELLS // widest))
    gaps, areas = [], []
    for start in range(0, N_RESAMPLES, block):
        size = min(block, N_RESAMPLES - start)
        weights = draw_counts(rng, n_units=units.n, n_resamples=size)
        totals = sums @ weights
        gaps.append(ratio(totals[len(rows) :], totals[: len(rows)]))
        area_a, area_b = (ranking.scores(weights)[0] for ranking in rankings)
        areas.append(area_b - area_a)
    return _Drawn(np.concatenate(gaps, axis=1), np.concatenate(areas))


def _unit_sums(
    rows: Sequence[_Row], found_a: NDArray[np.bool_], found_b: NDArray[np.bool_], units: Units
) -> Any:
    """Return sparse (2 n_rows, n_units): positives of each row, then found by B less found by A."""
    places, columns, values = [], [], []
    for place, row in enumerate(rows):
        case = np.flatnonzero(row.counts)
        gain = found_b[row.index, case].astype(np.float32) - found_a[row.index, case]
        for offset, value in ((0, np.ones(len(case), np.float32)), (len(rows), gain)):
            places.append(np.full(len(case), offset + place))
            columns.append(units.unit[case])
            values.append(value)
    entries = (np.concatenate(values), (np.concatenate(places), np.concatenate(columns)))
    return csr_array(entries, shape=(2 * len(rows), units.n))


def _gap(
    row: _Row,
    found_a: NDArray[np.bool_],
    found_b: NDArray[np.bool_],
    units: Units,
    replicates: NDArray[np.float64],
) -> SensitivityGap:
    table = misses(found_a[row.index], found_b[row.index], row.counts)
    n_units = len(np.unique(units.unit[row.counts]))
    value = (table.only_a_missed - table.only_b_missed) / table.n if table.n else float("nan")
    drawn = bias_corrected(value, replicates, n_units=n_units)
    figure = _figure(value, table.n, drawn, _by_case(table, value), units, n_units)
    return SensitivityGap(row.class_name, row.column, row.band, table, figure)


def _by_case(table: Misses, value: float) -> Interval:
    """Return the bootstrap interval as if cases were independent, drawn from the four counts."""
    if not table.n:
        return NO_INTERVAL
    shares = np.array([table.only_a_missed, table.only_b_missed, 0.0]) / table.n
    shares[2] = 1 - shares[:2].sum()
    counts = np.random.default_rng(SEED).multinomial(table.n, shares, size=N_RESAMPLES)
    return bias_corrected(value, (counts[:, 0] - counts[:, 1]) / table.n, n_units=table.n)


def _area_figure(
    areas: AreaTest, replicates: NDArray[np.float64], units: Units, is_positive: NDArray[np.bool_]
) -> Figure:
    """Return the area difference; it can be told apart no better than its rarer side allows."""
    sides = (units.unit[is_positive], units.unit[~is_positive])
    n_units = min(len(np.unique(side)) for side in sides)
    value = float("nan") if areas.difference is None else areas.difference
    drawn = bias_corrected(value, replicates, n_units=n_units)
    return _figure(value, len(is_positive), drawn, areas.interval, units, n_units)


def _certain(figure: Figure) -> Figure:
    """Return the difference of a run from itself: 0 without any doubt, where it is defined."""
    if figure.value is None:
        return figure
    end = None if figure.n_groups is None else 0.0
    return Figure(0.0, 0.0, 0.0, figure.n, end, end, figure.n_groups)


def _figure(
    value: float, n: int, drawn: Interval, plain: Interval, units: Units, n_units: int
) -> Figure:
    shown = None if np.isnan(value) else float(value)
    if units.by == "group":
        return Figure(shown, *plain, n, *drawn, n_units)
    return Figure(shown, *drawn, n)
