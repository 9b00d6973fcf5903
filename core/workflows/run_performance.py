"""What the Performance page shows beside a run's figures: curves, groups as cases, a cell's cases.

Each function takes the run's cases as they were read once; light, as ``stored_runs`` is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation.groups import GroupRule
from core.evaluation.runs import EvaluationRun
from core.tasks import TaskSpec
from core.workflows.stored_runs import Performance

__all__ = [
    "CurveFrames",
    "EvaluationRun",
    "GroupLevel",
    "GroupRule",
    "cell_cases",
    "curves",
    "frame_csv",
    "group_level",
]


@dataclass(frozen=True, slots=True, eq=False)
class GroupLevel:
    """Figures where each group (a series, a patient) is one case.

    Attributes
    ----------
    classes, averages : DataFrame
        As those of :class:`~core.workflows.stored_runs.Performance`; intervals of groups as
        independent cases.
    n_groups, n_mixed : int
        Groups, and those that hold more than one class.
    rule : str
        "mean" or "any".
    """

    classes: pd.DataFrame
    averages: pd.DataFrame
    n_groups: int
    n_mixed: int
    rule: GroupRule


@dataclass(frozen=True, slots=True, eq=False)
class CurveFrames:
    """Curves of every class; columns as in :class:`core.evaluation.curves.Curves`."""

    roc: pd.DataFrame
    precision_recall: pd.DataFrame


def group_level(run: EvaluationRun, task: TaskSpec, rule: GroupRule) -> GroupLevel:
    """Return the figures of each class with a group as one case.

    Raises
    ------
    EvaluationError
        If the run has no groups.
    """
    from core.evaluation import frames
    from core.evaluation.figures import run_figures
    from core.evaluation.groups import group_cases

    cases = group_cases(run, rule=rule, findings=task.findings)
    figures = run_figures(cases.run, labels=cases.labels)
    return GroupLevel(
        classes=frames.class_frame(figures),
        averages=frames.average_frame(figures),
        n_groups=cases.run.n,
        n_mixed=cases.n_mixed,
        rule=rule,
    )


def curves(run: EvaluationRun) -> CurveFrames:
    """Return ROC and precision-recall curves of every class with their bands (about a second)."""
    from core.evaluation.curves import run_curves

    made = run_curves(run)
    return CurveFrames(made.roc, made.precision_recall)


def cell_cases(run: EvaluationRun, *, y_true: str, called: str) -> pd.DataFrame:
    """Return the cases of one cell of the confusion matrix, the most confident call first.

    Columns ``file, group`` (None without groups), ``y_true, called, p_called, p_true, refused``
    and the slice columns. A called class is the argmax.
    """
    from core.evaluation.confusion import called_class

    row, column = run.class_names.index(y_true), run.class_names.index(called)
    inside = np.flatnonzero((run.y_true == row) & (called_class(run.y_prob) == column))
    order = inside[np.argsort(-run.y_prob[inside, column], kind="stable")]
    return pd.DataFrame(
        {
            "file": run.file[order],
            "group": None if run.group is None else run.group[order],
            "y_true": y_true,
            "called": called,
            "p_called": run.y_prob[order, column],
            "p_true": run.y_prob[order, row],
            "refused": run.refused[order],
            **{name: values[order] for name, values in run.slices.items()},
        }
    )


def frame_csv(made: Performance, frame: pd.DataFrame) -> bytes:
    """Return a frame of a run as CSV with version, threshold, run and date in every row."""
    from core.reporting.csv_table import csv_bytes

    return csv_bytes(frame, provenance=made.provenance)
