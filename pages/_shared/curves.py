"""ROC, precision-recall and reliability of a run, side by side, with bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.tasks import TaskSpec
from core.workflows.run_performance import CurveFrames
from core.workflows.stored_runs import Performance
from pages._shared import style
from pages._shared.figures import colours, titles


def show(made: Performance, curves: CurveFrames, task: TaskSpec) -> None:
    """Show the three charts side by side."""
    values = made.classes.pivot(index="class", columns="figure", values="value")
    called_roc, called_pr = _called(values)
    look = {"titles": titles(task), "colours": colours(task)}
    left, middle, right = st.columns(3, gap="medium")
    with left:
        style.kicker("ROC with 95 % bands; rings: as called")
        if len(curves.roc):
            figure = charts.roc_chart(curves.roc, called=called_roc, **look)
            _chart(figure, "roc", "ROC curves; AUROC stands in the table")
        else:
            style.quiet("Undefined: a curve needs cases of the class and of another.")
    with middle:
        style.kicker("Precision-recall with 95 % bands")
        figure = charts.precision_recall_chart(curves.precision_recall, called=called_pr, **look)
        _chart(figure, "precision_recall", "Precision-recall curves; average precision above")
    with right:
        style.kicker("Reliability of the call: promised against right; below: calls in each bin")
        _chart(
            charts.reliability_chart(made.reliability),
            "reliability",
            "Share of right calls against the promised probability; the table can be downloaded",
        )


def _chart(figure: Any, name: str, alt: str) -> None:
    st.plotly_chart(figure, config=charts.CONFIG, theme=None, key=f"performance.{name}", alt=alt)


def _called(
    values: pd.DataFrame,
) -> tuple[Mapping[str, tuple[float, float]], Mapping[str, tuple[float, float]]]:
    """Return where the called classes lie: (false positive rate, sensitivity), (the same, PPV)."""
    roc, precision_recall = {}, {}
    for name, row in values.iterrows():
        if pd.notna(row["specificity"]) and pd.notna(row["sensitivity"]):
            roc[str(name)] = (1 - row["specificity"], row["sensitivity"])
        if pd.notna(row["ppv"]) and pd.notna(row["sensitivity"]):
            precision_recall[str(name)] = (row["sensitivity"], row["ppv"])
    return roc, precision_recall
