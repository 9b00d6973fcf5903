"""Tidy frames of a run's figures: what a page shows, a chart draws and a download holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from core.domain import Figure
from core.evaluation.calibration_error import reliability_bins
from core.evaluation.confusion import called_class
from core.evaluation.figures import RunFigures, group_codes
from core.evaluation.runs import EvaluationRun

_FIGURE_COLUMNS = ["value", "low", "high", "n", "low_grouped", "high_grouped", "n_groups"]


def confusion_frame(figures: RunFigures, class_names: Iterable[str]) -> pd.DataFrame:
    """Return one row a cell: ``y_true, called, n, share_of_row, share_of_column``.

    Shares are NaN where the row or column is empty.
    """
    names = list(class_names)
    counts = figures.confusion
    with np.errstate(invalid="ignore"):
        by_row = counts / counts.sum(axis=1, keepdims=True)
        by_column = counts / counts.sum(axis=0, keepdims=True)
    return pd.DataFrame(
        {
            "y_true": np.repeat(names, len(names)),
            "called": names * len(names),
            "n": counts.ravel(),
            "share_of_row": by_row.ravel(),
            "share_of_column": by_column.ravel(),
        }
    )


def _figure_rows(rows: Iterable[tuple[dict[str, Any], Figure]]) -> pd.DataFrame:
    frame = pd.DataFrame([{**keys, **asdict(figure)} for keys, figure in rows])
    numeric = {name: "float64" for name in _FIGURE_COLUMNS if not name.startswith("n")}
    return frame.astype({**numeric, "n": "int64", "n_groups": "Int64"})


def class_frame(figures: RunFigures) -> pd.DataFrame:
    """Return one row a class and figure: ``class, figure`` and the parts of the figure.

    ``value, low, high, n, low_grouped, high_grouped, n_groups``; undefined is NaN.
    """
    return _figure_rows(
        ({"class": name, "figure": key}, figure)
        for name, row in figures.per_class.items()
        for key, figure in row.items()
    )


def average_frame(figures: RunFigures) -> pd.DataFrame:
    """Return one row a mean over classes and figure: ``average, figure`` and its parts.

    ``average`` is "macro" (each class counts the same) or "weighted" (by its true cases).
    """
    return _figure_rows(
        ({"average": kind, "figure": key}, figure)
        for kind, row in figures.averages.items()
        for key, figure in row.items()
    )


def summary_frame(figures: RunFigures) -> pd.DataFrame:
    """Return one row a summary figure: ``figure`` and its parts, as :func:`class_frame`."""
    return _figure_rows(({"figure": key}, figure) for key, figure in figures.summary.items())


def reliability_frame(run: EvaluationRun) -> pd.DataFrame:
    """Return one row a bin of the called class's probability; see :func:`reliability_bins`."""
    called = called_class(run.y_prob)
    confidence = run.y_prob[np.arange(run.n), called]
    return reliability_bins(confidence, called == run.y_true, group_codes(run))


def provenance(run: EvaluationRun) -> dict[str, Any]:
    """Return what every export of this run carries in each row."""
    facts = run.facts
    return {
        "task": facts.task or "",
        "model_version": facts.model_version or "not ours",
        "version_digest": facts.version_digest or "",
        "threshold": facts.operating_point,
        "run": facts.name,
        "data": facts.data,
        "split": facts.split,
        "split_made": facts.split_made,
        "n_cases": run.n,
        "created_at": facts.created_at,
        "use": "research use, not for primary diagnosis",
    }
