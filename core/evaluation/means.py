"""The mean of a value that each case has, with its n and two intervals: a *figure*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import Figure
from core.evaluation.bootstrap import N_RESAMPLES, SEED, draw_counts
from core.evaluation.figures import proportion
from core.evaluation.intervals import NO_INTERVAL, Interval, bias_corrected


def mean_figure(values: Sequence[float | None], groups: Sequence[str] | None = None) -> Figure:
    """Return the mean with bias-corrected bootstrap intervals over cases, and over groups.

    Parameters
    ----------
    values : sequence of n floats
        None or NaN where a case has none: it is left out.
    groups : sequence of n str, or None
        Cases of a group are drawn together for the grouped pair.

    Examples
    --------
    >>> mean_figure([0.0, None, 1.0]).value, mean_figure([]).value
    (0.5, None)
    """
    wide = np.array([np.nan if value is None else value for value in values], np.float64)
    kept = ~np.isnan(wide)
    of_cases = wide[kept]
    if not of_cases.size:
        return Figure(None, None, None, 0)
    value = float(of_cases.mean())
    plain = _interval(value, of_cases, np.ones_like(of_cases))
    if groups is None:
        return Figure(value, *plain, of_cases.size)
    codes = np.unique(np.asarray(groups, str)[kept], return_inverse=True)[1]
    grouped = _interval(value, np.bincount(codes, of_cases), np.bincount(codes).astype(np.float64))
    n_groups = int(codes.max()) + 1
    return Figure(value, *plain, of_cases.size, *grouped, n_groups)


def share_figure(holds: Sequence[bool], groups: Sequence[str] | None = None) -> Figure:
    """Return the share of cases of which something holds, with Wilson intervals.

    >>> share_figure([True, False]).value
    0.5
    """
    wide = np.asarray(holds, np.int64)
    if groups is None:
        return proportion(wide.sum(keepdims=True), np.array([wide.size]), has_groups=False)
    codes = np.unique(np.asarray(groups, str), return_inverse=True)[1]
    n_groups = int(codes.max(initial=-1)) + 1
    successes = np.bincount(codes, wide, minlength=n_groups)
    totals = np.bincount(codes, minlength=n_groups)
    return proportion(successes, totals, has_groups=True)


def _interval(value: float, sums: NDArray[Any], sizes: NDArray[Any]) -> Interval:
    """Return the interval of sum(sums) / sum(sizes) over resamples of the units."""
    n_units = len(sums)
    if n_units < 2:
        return NO_INTERVAL
    rng = np.random.default_rng(SEED)
    counts = draw_counts(rng, n_units=n_units, n_resamples=N_RESAMPLES)
    return bias_corrected(value, (sums @ counts) / (sizes @ counts), n_units=n_units)
