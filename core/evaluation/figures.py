"""The figures of a run, each with its n and two intervals (docs/command-line.md, figure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import Figure
from core.evaluation import rates
from core.evaluation.bootstrap import AVERAGES, Replicates, case_units, resample
from core.evaluation.calibration_error import (
    N_BINS,
    brier_of_cases,
    confidence_bins,
    ece_of_sums,
)
from core.evaluation.confusion import (
    Cells,
    Labels,
    called_class,
    cells_of_labels,
    confusion_matrix,
    group_confusions,
    one_vs_rest,
)
from core.evaluation.intervals import NO_INTERVAL, Interval, bias_corrected, grouped_wilson, wilson
from core.evaluation.ranking import areas, coarser, score_bins
from core.evaluation.runs import EvaluationRun

SUMMARY = ("accuracy", "balanced_accuracy", "macro_f1", "ece", "brier")
PER_CLASS = ("sensitivity", "specificity", "ppv", "npv", "f1", "auc", "average_precision")


@dataclass(frozen=True, slots=True, eq=False)
class RunFigures:
    """Everything the figures of one run are.

    Attributes
    ----------
    confusion : ndarray of shape (n_classes, n_classes), int64
    summary : dict of name to Figure
    per_class : dict of class to dict of name to Figure
        Empty when only the summary was asked for.
    n_true : dict of class to int
        Number of cases of the class.
    averages : dict of "macro", "weighted" to dict of name to Figure
        Means over the classes with a true case of the figures of each class; "weighted" by their
        true cases.
    """

    confusion: NDArray[np.int64]
    summary: dict[str, Figure]
    per_class: dict[str, dict[str, Figure]]
    n_true: dict[str, int]
    averages: dict[str, dict[str, Figure]] = field(default_factory=dict)


def group_codes(run: EvaluationRun) -> NDArray[np.int64] | None:
    """Return the index of each case's group, shape (n,), or None without groups."""
    if run.group is None:
        return None
    return np.unique(run.group.astype(str), return_inverse=True)[1].astype(np.int64)


def run_figures(
    run: EvaluationRun,
    *,
    labels: Labels | None = None,
    summary_only: bool = False,
) -> RunFigures:
    """Return every figure of a run.

    Proportions carry Wilson intervals, the others bootstrap intervals; the grouped pair is a
    design-effect Wilson interval or a bias-corrected bootstrap of whole groups.

    Parameters
    ----------
    run : EvaluationRun
    labels : Labels or None
        What the figures of each class rest on where a case (a series of slices) may hold, or be
        called, several classes. None: the true and the called class.
    summary_only : bool
        Leave out the figures of each class: AUC and average precision cost most of the time.
    """
    codes = group_codes(run)
    y_true, n_classes = run.y_true, len(run.class_names)
    called = called_class(run.y_prob)
    confusion = confusion_matrix(y_true, called, n_classes=n_classes)
    positive = y_true[:, None] == np.arange(n_classes) if labels is None else labels.held
    bins = []
    if not summary_only:
        bins = [score_bins(run.y_prob[:, k], positive[:, k]) for k in range(n_classes)]
    merged = [coarser(of_class) for of_class in bins]
    replicates = [
        None if unit is None else resample(y_true, run.y_prob, unit, bins=merged, labels=labels)
        for unit in (case_units(run.n), codes)
    ]
    counted = confusion[None]
    if codes is not None:
        counted = group_confusions(y_true, called, codes, n_classes=n_classes)
    summary = {
        name: _resampled(value, run.n, replicates, partial(_summary_of, name=name))
        for name, value in _summary_values(run, called, confusion).items()
    }
    right = np.trace(counted, axis1=1, axis2=2)
    has_groups = codes is not None
    summary["accuracy"] = proportion(right, counted.sum(axis=(1, 2)), has_groups=has_groups)
    n_true = dict(zip(run.class_names, positive.sum(axis=0).tolist(), strict=True))
    if summary_only:
        return RunFigures(confusion, summary, {}, n_true)
    cells = one_vs_rest(counted)
    if labels is not None:
        cells = cells_of_labels(labels, np.zeros(run.n, np.int64) if codes is None else codes)
    ranked = np.array([areas(bins[k], positive[:, k]) for k in range(n_classes)])
    coarse = np.array([areas(merged[k], positive[:, k]) for k in range(n_classes)])
    for drawn in replicates:
        if drawn is not None:
            drawn.per_class["auc"] += (ranked - coarse)[:, 0]
            drawn.per_class["average_precision"] += (ranked - coarse)[:, 1]
    per_class = {
        name: _class_figures(run, index, cells, ranked[index], replicates)
        for index, name in enumerate(run.class_names)
    }
    averages = {kind: _averages(per_class, n_true, run.n, replicates, kind) for kind in AVERAGES}
    return RunFigures(confusion, summary, per_class, n_true, averages)


def _summary_values(
    run: EvaluationRun, called: NDArray[np.int64], confusion: NDArray[np.int64]
) -> dict[str, float]:
    confidence = run.y_prob[np.arange(run.n), called]
    bins = confidence_bins(confidence)
    n, right, promised = (
        np.bincount(bins, weights=weights, minlength=N_BINS)
        for weights in (None, called == run.y_true, confidence)
    )
    return {
        "accuracy": float(rates.accuracy(confusion)),
        "balanced_accuracy": float(rates.balanced_accuracy(confusion)),
        "macro_f1": float(rates.macro_f1(confusion)),
        "ece": float(ece_of_sums(n, right, promised)),
        "brier": float(brier_of_cases(run.y_true, run.y_prob).mean()),
    }


def _class_figures(
    run: EvaluationRun,
    index: int,
    cells: Cells,
    ranked: NDArray[np.float64],
    replicates: Sequence[Replicates | None],
) -> dict[str, Figure]:
    tp, fn, fp, tn = (cell[:, index] for cell in (cells.tp, cells.fn, cells.fp, cells.tn))
    counts = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }
    figures = {
        name: proportion(successes, totals, has_groups=run.group is not None)
        for name, (successes, totals) in counts.items()
    }
    whole = Cells(*(np.array([cell.sum()]) for cell in (tp, fn, fp, tn)))
    values = {"f1": float(rates.f1(whole)[0]), "auc": float(ranked[0])}
    values["average_precision"] = float(ranked[1])
    for name, value in values.items():
        pick = partial(_class_column, name=name, index=index)
        figures[name] = _resampled(value, run.n, replicates, pick)
    return figures


def _averages(
    per_class: dict[str, dict[str, Figure]],
    n_true: dict[str, int],
    n: int,
    replicates: Sequence[Replicates | None],
    kind: str,
) -> dict[str, Figure]:
    counts = np.array(list(n_true.values()))
    averages = {}
    for name in PER_CLASS:
        values = np.array([row[name].value for row in per_class.values()], dtype=np.float64)
        value = float(rates.class_mean(values, counts, weighted=kind == "weighted"))
        pick = partial(_mean_column, name=name, kind=kind)
        averages[name] = _resampled(value, n, replicates, pick)
    return averages


def _mean_column(drawn: Replicates, *, name: str, kind: str) -> NDArray[np.float64]:
    return drawn.average(name, kind)


def _summary_of(drawn: Replicates, *, name: str) -> NDArray[np.float64]:
    return drawn.summary[name]


def _class_column(drawn: Replicates, *, name: str, index: int) -> NDArray[np.float64]:
    return drawn.per_class[name][:, index]


def _resampled(
    value: float,
    n: int,
    replicates: Sequence[Replicates | None],
    pick: Callable[[Replicates], NDArray[np.float64]],
) -> Figure:
    """Return a figure whose intervals come from the replicates by case and by group."""
    plain, grouped = (
        bias_corrected(value, pick(drawn), n_units=drawn.n_units) if drawn else NO_INTERVAL
        for drawn in replicates
    )
    by_group = replicates[1]
    return _figure(value, n, plain, grouped, n_groups=by_group.n_units if by_group else None)


def proportion(successes: NDArray[Any], totals: NDArray[Any], *, has_groups: bool) -> Figure:
    """Return a proportion from counts a group, shape (n_groups,); one row without groups.

    The plain pair is Wilson's as if cases were independent; the grouped pair respects groups.
    """
    done, n = int(successes.sum()), int(totals.sum())
    value = done / n if n else float("nan")
    grouped = grouped_wilson(successes, totals) if has_groups else NO_INTERVAL
    n_groups = int((totals > 0).sum()) if has_groups else None
    return _figure(value, n, wilson(done, n), grouped, n_groups=n_groups)


def _figure(
    value: float, n: int, plain: Interval, grouped: Interval, *, n_groups: int | None
) -> Figure:
    shown = None if np.isnan(value) else float(value)
    return Figure(shown, *plain, n, *grouped, n_groups)
