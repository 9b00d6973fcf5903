"""ROC and precision-recall curves of each class, with 95 % bands, on a fixed grid of points.

The curve itself is exact. A band holds, at each point of the grid, the bias-corrected bootstrap
interval of what is read there: sensitivity at a false positive rate (vertical averaging, Fawcett
2006, Pattern Recognit. Lett. 27:861), PPV at a sensitivity. It is an interval for each point and
not for the curve as a whole: more than one curve in twenty leaves its band somewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.bootstrap import N_RESAMPLES, SEED, case_units, draw_counts
from core.evaluation.figures import group_codes
from core.evaluation.intervals import NO_INTERVAL, bias_corrected
from core.evaluation.ranking import Ranking, coarser, rank, score_bins
from core.evaluation.runs import EvaluationRun

# Squares: half of the points lie below a false positive rate of a quarter, where curves bend.
FALSE_POSITIVE_RATES = np.linspace(0.0, 1.0, 101) ** 2
SENSITIVITIES = np.linspace(0.01, 1.0, 100)
# A band is drawn some hundred pixels high: it needs no finer scores, and no more units of cases.
_BAND_BINS = 1_000
_BAND_BUNDLES = 2_000
_BLOCK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of all classes, tidy.

    Attributes
    ----------
    roc : DataFrame
        ``class, false_positive_rate, sensitivity, low, high, n, low_grouped, high_grouped,
        n_groups``: 101 rows a class, none where the class or the rest has no case.
    precision_recall : DataFrame
        ``class, sensitivity, ppv, low, …``: 100 rows a class, none without a case of it.
    """

    roc: pd.DataFrame
    precision_recall: pd.DataFrame


def sensitivity_at(found: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sensitivity at each of ``FALSE_POSITIVE_RATES``, of many curves at once.

    Between two thresholds the curve is the straight line, as equal scores in any order are; on a
    vertical step its upper end counts.

    Parameters
    ----------
    found, false : ndarray of shape (n_curves, n_bins), float64
        Positives and negatives at or above each bin of descending score.

    Returns
    -------
    ndarray of shape (n_curves, 101)
        NaN where a curve has no positive or no negative case.
    """
    share, height = _shares(false), _shares(found)
    left = _last_at_most(share, FALSE_POSITIVE_RATES)
    right = np.minimum(left + 1, share.shape[1] - 1)
    x0, x1, y0, y1 = (
        np.take_along_axis(values, index, axis=1)
        for values, index in ((share, left), (share, right), (height, left), (height, right))
    )
    width = x1 - x0
    part = np.where(width > 0, (FALSE_POSITIVE_RATES - x0) / np.where(width > 0, width, 1.0), 0.0)
    out: NDArray[np.float64] = y0 + part * (y1 - y0)
    out[(found[:, -1] == 0) | (false[:, -1] == 0)] = np.nan
    return out


def ppv_at(found: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PPV at each of ``SENSITIVITIES``, of many curves at once; shapes as above.

    The PPV at the highest threshold that reaches the sensitivity: steps, as average precision
    adds them up; nothing is interpolated (Davis & Goadrich 2006). NaN without a positive case.
    """
    reached = _shares(found)[:, 1:]
    # The first bin that reaches it lies after the last one that stays below.
    index = _last_at_most(reached, SENSITIVITIES - 1e-9) + 1
    index = np.minimum(index, found.shape[1] - 1)
    hit = np.take_along_axis(found, index, axis=1)
    flagged = hit + np.take_along_axis(false, index, axis=1)
    out = np.where(flagged > 0, hit / np.maximum(flagged, 1.0), np.nan)
    out[found[:, -1] == 0] = np.nan
    return out


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return running counts as shares of their end, a zero in front: (n_curves, n_bins + 1)."""
    end = np.maximum(counts[:, -1:], 1.0)
    return np.concatenate((np.zeros_like(end), counts / end), axis=1)


def _last_at_most(rising: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return, for each row of shares, the last place that is at most each value; -1 for none."""
    # Rows lifted by 2 each make one rising line, so that one search serves all of them.
    lift = 2.0 * np.arange(len(rising))[:, None]
    places = np.searchsorted((rising + lift).ravel(), (at + lift).ravel(), side="right") - 1
    row = np.arange(len(rising))[:, None] * rising.shape[1]
    found: NDArray[np.int64] = places.reshape(len(rising), len(at)) - row
    return found


def run_curves(run: EvaluationRun, *, held: NDArray[np.bool_] | None = None) -> Curves:
    """Return the curves of every class against the rest.

    Parameters
    ----------
    run : EvaluationRun
    held : ndarray of shape (n, n_classes), bool, or None
        The classes that a case is positive for, where they may be several.
    """
    codes, roc, precision_recall = group_codes(run), [], []
    index_of = np.arange(len(run.class_names))
    positive = run.y_true[:, None] == index_of if held is None else held
    bins = [score_bins(run.y_prob[:, k], positive[:, k]) for k in index_of]
    units = (case_units(run.n, most=_BAND_BUNDLES), codes)
    drawn = [None if unit is None else _replicates(bins, positive, unit) for unit in units]
    for k, name in enumerate(run.class_names):
        is_positive = positive[:, k]
        if not is_positive.any():
            continue
        found, false = _running(bins[k], is_positive)
        of_class = [None if item is None else item[k] for item in drawn]
        facts = {"class": name, "n": run.n}
        if not is_positive.all():
            curve = {"false_positive_rate": FALSE_POSITIVE_RATES}
            curve["sensitivity"] = sensitivity_at(found, false)[0]
            roc.append(
                _frame(facts, curve, [item.roc if item else None for item in of_class], codes)
            )
        curve = {"sensitivity": SENSITIVITIES, "ppv": ppv_at(found, false)[0]}
        ppv = [item.precision_recall if item else None for item in of_class]
        precision_recall.append(_frame(facts, curve, ppv, codes))
    return Curves(_joined(roc), _joined(precision_recall))


def _running(
    bins: NDArray[np.int64], is_positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n_bins = int(bins.max()) + 1
    found, false = (
        np.cumsum(np.bincount(bins[mask], minlength=n_bins))[None].astype(np.float64)
        for mask in (is_positive, ~is_positive)
    )
    return found, false


class _Drawn(NamedTuple):
    """Curves of each resample of one class, (n_resamples, n_points)."""

    roc: NDArray[np.float64]
    precision_recall: NDArray[np.float64]


def _replicates(
    bins: list[NDArray[np.int64]], positive: NDArray[np.bool_], unit: NDArray[np.int64]
) -> list[_Drawn]:
    """Return both curves of each resample of units, for every class."""
    rankings = [
        rank(coarser(of_class, most=_BAND_BINS), positive[:, k], unit)
        for k, of_class in enumerate(bins)
    ]
    n_units = int(unit.max()) + 1
    rng = np.random.default_rng(SEED)
    block = max(1, _BLOCK_CELLS // max(n_units, *(ranking.n_bins for ranking in rankings)))
    parts: list[list[_Drawn]] = []
    for start in range(0, N_RESAMPLES, block):
        size = min(block, N_RESAMPLES - start)
        weights = draw_counts(rng, n_units=n_units, n_resamples=size)
        parts.append([_drawn(ranking, weights) for ranking in rankings])
    return [
        _Drawn(*(np.concatenate(curve) for curve in zip(*of_class, strict=True)))
        for of_class in zip(*parts, strict=True)
    ]


def _drawn(ranking: Ranking, weights: NDArray[np.float32]) -> _Drawn:
    found, false = (
        np.cumsum(np.ascontiguousarray((counts @ weights).T), axis=1, dtype=np.float64)
        for counts in (ranking.positive, ranking.negative)
    )
    return _Drawn(sensitivity_at(found, false), ppv_at(found, false))


def _frame(
    facts: dict[str, Any],
    curve: dict[str, NDArray[np.float64]],
    drawn: Sequence[NDArray[np.float64] | None],
    codes: NDArray[np.int64] | None,
) -> pd.DataFrame:
    n_groups = None if codes is None else int(codes.max()) + 1
    n_units = (min(facts["n"], _BAND_BUNDLES), n_groups)
    plain, grouped = (
        _band(list(curve.values())[1], replicates, n_units=n or 0)
        for replicates, n in zip(drawn, n_units, strict=True)
    )
    frame = pd.DataFrame({"class": facts["class"], **curve})
    frame["low"], frame["high"], frame["n"] = *plain.T, facts["n"]
    frame["low_grouped"], frame["high_grouped"] = grouped.T
    frame["n_groups"] = pd.NA if n_groups is None else n_groups
    return frame.astype({"n_groups": "Int64"})


def _band(
    values: NDArray[np.float64], replicates: NDArray[np.float64] | None, *, n_units: int
) -> NDArray[np.float64]:
    """Return the interval at each point, shape (n_points, 2); NaN where there is none."""
    ends = [
        NO_INTERVAL
        if replicates is None
        else bias_corrected(value, replicates[:, point], n_units=n_units)
        for point, value in enumerate(values)
    ]
    return np.array(ends, dtype=np.float64)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"class": []})
