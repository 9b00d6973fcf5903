"""ROC, precision-recall and reliability of a run, side by side, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.tasks import TaskSpec
from core.workflows.run_performance import CurveFrames
from core.workflows.stored_runs import Performance
from pages._shared import style
from pages._shared.figures import colours, titles

Points = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class CurveCharts:
    """The drawn charts of a run; ``roc`` is None where it is undefined."""

    roc: Any
    precision_recall: Any
    reliability: Any


def draw(made: Performance, curves: CurveFrames, task: TaskSpec) -> CurveCharts:
    """Draw the three charts of a run."""
    values = made.classes.pivot(index="class", columns="figure", values="value")
    called_roc, called_ppv = _called(values)
    named, shades = titles(task), colours(task)
    roc = None
    if len(curves.roc):
        roc = charts.roc_chart(curves.roc, titles=named, colours=shades, called=called_roc)
    return CurveCharts(
        roc,
        charts.precision_recall_chart(
            curves.precision_recall, titles=named, colours=shades, called=called_ppv
        ),
        charts.reliability_chart(made.reliability),
    )


def show(made: Performance, drawn: CurveCharts) -> None:
    """Show the three charts side by side."""
    left, middle, right = st.columns(3, gap="medium")
    with left:
        style.kicker("ROC with 95 % bands; rings: as called")
        if drawn.roc is None:
            style.quiet("Undefined: a curve needs cases of the class and of another.")
        else:
            _chart(drawn.roc, "roc", "ROC curves; AUROC stands in the table")
    with middle:
        style.kicker("Precision-recall with 95 % bands; rings: as called")
        said = "Precision-recall curves; average precision stands in the table"
        _chart(drawn.precision_recall, "precision_recall", said)
    with right:
        style.kicker(f"Reliability of the call: promised against right. {_calibration_said(made)}")
        _chart(
            drawn.reliability,
            "reliability",
            "Share of right calls against the promised probability; the table can be downloaded",
        )


def _chart(figure: Any, name: str, alt: str) -> None:
    st.plotly_chart(figure, config=charts.CONFIG, theme=None, key=f"performance.{name}", alt=alt)


def _calibration_said(made: Performance) -> str:
    values = made.summary.set_index("figure")["value"]
    return f"ECE {values['ece']:.3f}, Brier {values['brier']:.3f}"


def _called(values: pd.DataFrame) -> tuple[Points, Points]:
    """Return where the called classes lie: (false positive rate, sensitivity), (the same, PPV)."""
    roc: Points = {}
    precision_recall: Points = {}
    for name, row in values.iterrows():
        if pd.notna(row["specificity"]) and pd.notna(row["sensitivity"]):
            roc[str(name)] = (1 - row["specificity"], row["sensitivity"])
        if pd.notna(row["ppv"]) and pd.notna(row["sensitivity"]):
            precision_recall[str(name)] = (row["sensitivity"], row["ppv"])
    return roc, precision_recall
