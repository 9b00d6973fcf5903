"""The figures of a run: one line of the whole, a table of the classes; each with its CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.run_performance import CurveFrames, GroupLevel, GroupRule, frame_csv
from core.workflows.stored_runs import Performance
from pages._shared import state, style
from pages._shared.markup import FigureRow

FIGURES = {
    "sensitivity": ("Sensitivity", "Of the cases of the class, the share that was called it"),
    "specificity": ("Specificity", "Of the other cases, the share that was not called it"),
    "ppv": ("PPV", "Of the cases called the class, the share that is it"),
    "npv": ("NPV", "Of the cases not called the class, the share that is not it"),
    "f1": ("F1", "Harmonic mean of sensitivity and PPV"),
    "auc": ("AUROC", "Chance that a case of the class scores above another; ties count half"),
    "average_precision": ("Avg. prec.", "Average precision: area below precision-recall, in steps"),
}
_SUMMARY = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "ece": "ECE",
    "brier": "Brier",
}
_AVERAGES = {
    "macro": ("Macro mean", "Each class counts the same; under sensitivity: balanced accuracy"),
    "weighted": ("Weighted mean", "Classes by their cases; under sensitivity: accuracy"),
}
_RULES = {"mean": "{} by its mean", "any": "{} by any picture"}


def titles(task: TaskSpec) -> dict[str, str]:
    """Return the plain-language name of each class."""
    return {item.key: item.title for item in task.classes}


def colours(task: TaskSpec) -> dict[str, str]:
    """Return the colour of each class."""
    return {item.key: item.colour for item in task.classes}


def show_whole(made: Performance, groups: GroupLevel | None, task: TaskSpec) -> None:
    """Show the figures of the whole run in one line, and what a group is in the table above."""
    rows = {row["figure"]: row for row in made.summary.to_dict("records")}
    with st.container(gap=None):
        style.figure_line([(title, rows[key]) for key, title in _SUMMARY.items() if key in rows])
        show_level(made, groups, task)


def show_table_controls(task: TaskSpec, *, has_groups: bool) -> GroupRule | None:
    """Show how a group becomes one case and the switch to plain intervals; return the rule.

    None where a group is no case, or where the run names none.
    """
    chosen: str | None = None
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        if task.group_is_case and has_groups:
            name = task.group_name
            chosen = st.segmented_control(
                f"How a {name} is called", list(_RULES), default=task.group_rule, required=True,
                format_func=lambda rule: _RULES[rule].format(name), key=state.GROUP_RULE,
                label_visibility="collapsed",
            ) or task.group_rule  # fmt: skip
        st.toggle("Plain intervals and n in each cell", key=state.PLAIN_INTERVALS)
    return "any" if chosen == "any" else ("mean" if chosen else None)


def show_classes(made: Performance, groups: GroupLevel | None, task: TaskSpec) -> None:
    """Show each class with its figures, by picture and by group side by side, and the means."""
    plain = bool(st.session_state.get(state.PLAIN_INTERVALS))
    rows: list[FigureRow] = []
    by_group = _by_class(groups.classes) if groups else {}
    for name, cells in _by_class(made.classes).items():
        title, n = titles(task).get(name, name), _n_said(cells["sensitivity"])
        rows.append(FigureRow(title, n, _ordered(cells), colour=colours(task).get(name, "")))
        if name in by_group:
            n = _n_said(by_group[name]["sensitivity"])
            said = f"by {task.group_name}"
            rows.append(FigureRow(said, n, _ordered(by_group[name]), below=True))
    for kind, cells in _by(made.averages, "average").items():
        title, meaning = _AVERAGES[kind]
        n = f"{made.run.n:,}"
        rows.append(FigureRow(title, n, _ordered(cells), meaning=meaning, average=True))
    style.class_table(list(FIGURES.values()), rows, plain=plain)


def show_level(made: Performance, groups: GroupLevel | None, task: TaskSpec) -> None:
    """Say in one sentence what a group is in these figures."""
    name = task.group_name
    if not task.group_is_case:
        said = (
            f"Here every picture is a case of its own: a {name} is no case, it only widens the "
            "intervals."
        )
    elif groups is None:
        said = f"This run names no groups, so nothing can be said about a whole {name}."
    else:
        said = (
            f"A {name} is positive for a class when any of its pictures is, and called by the mean "
            "of their probabilities."
            if groups.rule == "mean"
            else f"A {name} is positive for, and called, each finding that any of its pictures is."
        )
        if groups.n_mixed:
            said += (
                f" {groups.n_mixed:,} of {groups.n_groups:,} {plural(name)} hold several "
                "classes and count for each."
            )
    style.quiet(said)


def show_downloads(
    made: Performance, groups: GroupLevel | None, curves: CurveFrames, task: TaskSpec
) -> None:
    """Show every table of the page as CSV, with version, threshold and run in each row."""
    with st.popover("Tables as CSV", icon=":material/download:", width="stretch"):
        download(made, "Figures of each class", "classes", lambda: made.classes)
        if groups is not None:
            by_group = groups.classes.assign(case=task.group_name, rule=groups.rule)
            said = f"Figures of each class, by {task.group_name}"
            download(made, said, "classes_by_group", lambda: by_group)
            means = groups.averages.assign(case=task.group_name, rule=groups.rule)
            said = f"Means over classes, by {task.group_name}"
            download(made, said, "averages_by_group", lambda: means)
        download(made, "Means over classes", "averages", lambda: made.averages)
        download(made, "Figures of the whole run", "summary", lambda: made.summary)
        download(made, "Confusion matrix", "confusion", lambda: made.confusion)
        download(made, "ROC curves", "roc", lambda: curves.roc)
        download(made, "Precision-recall curves", "precision_recall",
                 lambda: curves.precision_recall)  # fmt: skip
        download(made, "Reliability bins", "reliability", lambda: made.reliability)


def download(made: Performance, label: str, name: str, make: Callable[[], pd.DataFrame]) -> None:
    """Show a download of a frame; it is written when somebody asks for it."""
    facts = made.provenance
    st.download_button(
        label,
        data=lambda: frame_csv(made, make()),
        file_name=f"{facts['task']}_{facts['model_version']}_{made.run.name}_{name}.csv",
        mime="text/csv",
        key=f"performance.csv.{name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _by_class(frame: pd.DataFrame) -> dict[str, dict[str, Mapping[str, object]]]:
    return _by(frame, "class")


def _by(frame: pd.DataFrame, column: str) -> dict[str, dict[str, Mapping[str, object]]]:
    """Return rows as group -> figure -> row."""
    found: dict[str, dict[str, Mapping[str, object]]] = {}
    for row in frame.to_dict("records"):
        found.setdefault(str(row[column]), {})[str(row["figure"])] = {
            str(key): value for key, value in row.items()
        }
    return found


def _ordered(
    cells: Mapping[str, Mapping[str, object]],
) -> Sequence[Mapping[str, object] | None]:
    return [cells.get(key) for key in FIGURES]


def _n_said(figure: Mapping[str, object]) -> str:
    n, groups = int(str(figure["n"])), figure["n_groups"]
    return f"{n:,}" if pd.isna(groups) else f"{n:,} in {int(str(groups)):,}"
