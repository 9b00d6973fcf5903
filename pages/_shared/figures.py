"""The figures of a run: matrix, table, intervals, reliability; each with its CSV."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import charts
from core.tasks import TaskSpec
from core.workflows.evaluating import Performance, table_csv
from pages._shared import style

FIGURES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "f1": "F1",
    "auc": "AUC",
}
SUMMARY = {
    "macro_f1": "Macro F1",
    "balanced_accuracy": "Balanced accuracy",
    "accuracy": "Accuracy",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
}
_SCALES = {"count": "Counts", "row": "By row", "column": "By column"}


def show_summary(made: Performance) -> None:
    """Show the summary of the run as a row of figures."""
    rows = {row["figure"]: row for row in made.summary.to_dict("records")}
    style.figure_row([(title, rows[key]) for key, title in SUMMARY.items() if key in rows])


def show_confusion(made: Performance, task: TaskSpec) -> None:
    """Show the confusion matrix: rows are the reference, columns the called class."""
    style.kicker("Confusion matrix: rows true, columns called")
    scale = st.segmented_control(
        "Scale of the matrix", list(_SCALES), default="count", required=True,
        format_func=_SCALES.get, key="performance.scale", label_visibility="collapsed",
    )  # fmt: skip
    chart = charts.confusion_chart(made.confusion, titles=_titles(task), scale=scale or "count")
    st.plotly_chart(
        chart, config=charts.CONFIG, theme=None, key="performance.confusion",
        alt=_matrix_in_words(made.confusion, task),
    )  # fmt: skip
    _download(made, "confusion", "Matrix as CSV")


def show_classes(made: Performance, task: TaskSpec) -> None:
    """Show each class with its n, and every figure with the interval that leads."""
    style.kicker("Per class, with 95 % intervals")
    titles, colours = _titles(task), _colours(task)
    table = []
    for name, rows in made.classes.groupby("class", sort=False):
        cells = {row["figure"]: row for row in rows.to_dict("records")}
        n = cells["sensitivity"]["n"] if "sensitivity" in cells else 0
        groups = cells["sensitivity"]["n_groups"] if "sensitivity" in cells else None
        table.append(
            (
                titles.get(str(name), str(name)),
                colours.get(str(name), ""),
                _n_said(n, groups),
                [cells.get(figure) for figure in FIGURES],
            )
        )
    style.figure_table(list(FIGURES.values()), table)
    _download(made, "classes", "Table as CSV")


def show_intervals(made: Performance, task: TaskSpec) -> None:
    """Draw one figure of every class on its intervals."""
    style.kicker("One figure of every class: bar with groups respected, ticks without")
    figure = st.segmented_control(
        "Figure", list(FIGURES), default="sensitivity", required=True,
        format_func=FIGURES.get, key="performance.figure", label_visibility="collapsed",
    )  # fmt: skip
    chosen = made.classes[made.classes["figure"] == (figure or "sensitivity")]
    chart = charts.interval_chart(chosen, titles=_titles(task), colours=_colours(task))
    st.plotly_chart(
        chart, config=charts.CONFIG, theme=None, key="performance.intervals",
        alt="The same figures as in the table above, as dots on their intervals",
    )  # fmt: skip


def show_reliability(made: Performance) -> None:
    """Draw promised against observed, with the count of each bin."""
    style.kicker("Reliability of the called class: promised against right, count at each point")
    st.plotly_chart(
        charts.reliability_chart(made.reliability),
        config=charts.CONFIG,
        theme=None,
        key="performance.reliability",
        alt="Share of right calls against the promised probability; the table can be downloaded",
    )
    _download(made, "reliability", "Bins as CSV")
    _download(made, "summary", "Summary as CSV")


def _download(made: Performance, table: str, label: str) -> None:
    name = made.provenance["model_version"]
    st.download_button(
        label,
        data=lambda: table_csv(made, table),
        file_name=f"{made.provenance['task']}_{name}_{made.run.name}_{table}.csv",
        mime="text/csv",
        key=f"performance.csv.{table}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _titles(task: TaskSpec) -> dict[str, str]:
    return {item.key: item.title for item in task.classes}


def _colours(task: TaskSpec) -> dict[str, str]:
    return {item.key: item.colour for item in task.classes}


def _n_said(n: int, n_groups: object) -> str:
    return f"{n:,}" if pd.isna(n_groups) else f"{n:,} in {int(str(n_groups)):,}"


def _matrix_in_words(cells: pd.DataFrame, task: TaskSpec) -> str:
    titles = _titles(task)
    words = [
        f"{titles.get(row['y_true'], row['y_true'])} called "
        f"{titles.get(row['called'], row['called'])}: {row['n']}"
        for row in cells.to_dict("records")
    ]
    return "; ".join(words)
