"""The panels of the Slices page: columns, the chart, the table, the worst slice found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.charts import CONFIG
from core.charts.slices import slice_chart
from core.tasks import TaskSpec
from core.wording import in_sentence, plural
from core.workflows.evaluating import EvaluationRun, StoredRun
from core.workflows.points import PointsInForce
from core.workflows.run_pictures import picture_source
from core.workflows.slicing import (
    ALL,
    SliceColumn,
    Sliced,
    WeakSlices,
    figures_of,
    findings_of,
    frame_csv,
    is_measured,
    misses_csv,
    slices_csv,
)
from pages._shared import resources, slice_markup, state, style

MISSED_PAGE = "pages/missed_findings.py"
SECONDS_BETWEEN = 1
FOLD = "fold"
WEAK = 0.05
N_NEXT = 4
_COLUMNS = (
    ("Sensitivity", "Of the cases of the finding in this slice, the share that was found"),
    ("Against the rest", "Sensitivity here minus sensitivity in all other cases, 95 % interval"),
    ("Specificity", "Of the cases without the finding in this slice, the share left unflagged"),
    ("Macro F1", "Mean F1 over the classes that this slice holds"),
)
_PARTS = (("column", "value_of_column"), ("second_column", "value_of_second"))
_ORIENTATION = (
    "Orientation is what the file states, else estimated from the pixels: of 479 coronal pictures "
    "of another data set 336 were told, all rightly, and 143 not told."
)


def ask_finding(run: EvaluationRun, task: TaskSpec) -> str | None:
    """Show the choice of finding and return it; None where the run has no finding of the task."""
    findings = findings_of(run, task)
    if not findings:
        return None
    if st.session_state.get(state.SLICE_FINDING) not in findings:
        st.session_state[state.SLICE_FINDING] = findings[0]
    titles = {item.key: item.title for item in task.classes}
    chosen = st.segmented_control(
        "Finding", findings, key=state.SLICE_FINDING, format_func=titles.get, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return chosen or findings[0]


def ask_column(columns: Mapping[str, SliceColumn]) -> SliceColumn:
    """Show the choice of column and return it."""
    names = list(columns)
    if st.session_state.get(state.SLICE_COLUMN) not in names:
        several = [name for name in names if len(columns[name].labels) > 1 and name != FOLD]
        st.session_state[state.SLICE_COLUMN] = (several or names)[0]
    name = st.selectbox(
        "Slice by", names, key=state.SLICE_COLUMN, format_func=lambda key: _named(columns[key]),
        label_visibility="collapsed",
    )  # fmt: skip
    return columns[name or names[0]]


def _named(column: SliceColumn) -> str:
    name = f"By {_words(column.name)}"
    if column.cuts:
        return f"{name} · {column.n_values:,} values, cut at quartiles"
    return f"{name} · {column.n_values:,} value{'' if column.n_values == 1 else 's'}"


def _words(column: str) -> str:
    return column.replace("_", " ")


def _slice_said(row: Mapping[str, Any]) -> str:
    """Return a slice that was found in words."""
    parts = [f"{_words(row[column])}: {row[value]}" for column, value in _PARTS if row[column]]
    return ", ".join(parts)


def show_measuring(stored: StoredRun) -> None:
    """Measure the pictures once, in the background, and tell how far that is.

    Where they are away, say how to attach them; stored columns work meanwhile.
    """
    if is_measured(stored):
        return
    source = picture_source(stored)
    if not source.attached:
        style.quiet(f"Picture properties (size, light, sharpness) are missing. {source.sentence}")
        return
    measure = resources.picture_measure(
        str(stored.folder), stored.facts.version_digest, _run=stored
    )
    if measure.problem:
        style.quiet(f"The pictures were not measured. {measure.problem}")
    elif measure.was_stopped:
        st.button("Measure the pictures", on_click=measure.start, key="slices.measure")
    else:
        measure.start()
        _follow(stored)


@st.fragment(run_every=SECONDS_BETWEEN)
def _follow(stored: StoredRun) -> None:
    measure = resources.picture_measure(
        str(stored.folder), stored.facts.version_digest, _run=stored
    )
    if not measure.is_running:
        st.rerun()
    left = measure.seconds_left
    words = "" if left is None else f", about {max(left, 1):,.0f} s left"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.progress(
            min(measure.done / measure.n, 1.0),
            text=f"Measuring the pictures: {measure.done:,} of {measure.n:,}{words}. It goes on "
            "when this page is closed.",
        )
        st.button("Stop", on_click=measure.stop, key="slices.stop", type="tertiary")


def no_columns(stored: StoredRun) -> None:
    """Show that the run has nothing to be sliced by, and what to do."""
    style.notice(
        "empty",
        "This run has no slice columns",
        "Add columns (centre, scanner, sex, size of the finding) to labels.csv or to the "
        "predictions file and evaluate again. "
        + (picture_source(stored).sentence or "The pictures are being measured."),
    )


def show_chart(made: Sliced, class_name: str, task: TaskSpec) -> None:
    """Draw the sensitivity of every slice on its interval, and all cases as a line."""
    figures = figures_of(made, class_name)
    whole = figures.pop(ALL)["sensitivity"]
    rows = {label: row["sensitivity"] for label, row in figures.items()}
    style.kicker(
        f"Sensitivity of {in_sentence(_title(task, class_name))} by {_words(made.column.name)}: "
        "bar with groups respected, ticks without"
    )
    st.plotly_chart(
        slice_chart(rows, whole, colour=task.class_spec(class_name).colour),
        config=CONFIG, theme=None, key="slices.chart",
        alt="The sensitivities of the table below, as dots on their intervals",
    )  # fmt: skip


def show_table(made: Sliced, class_name: str, stored: StoredRun, task: TaskSpec) -> None:
    """Show every figure of every slice with n, groups and both intervals."""
    shown = [
        slice_markup.SliceRow(
            title="All cases" if label == ALL else label,
            n=_n_said(row["macro_f1"], stored),
            figures=[row["sensitivity"], row["specificity"], row["macro_f1"]],
            difference=row.get("sensitivity_difference"),
            whole=label == ALL,
        )
        for label, row in figures_of(made, class_name).items()
    ]
    style.slice_table(_COLUMNS, shown, shade=task.class_spec(class_name).colour)
    _download(
        "Slices as CSV", lambda: slices_csv(made), stored, f"slices_{made.column.name}", "table"
    )
    if made.column.name.endswith("orientation"):
        style.quiet(_ORIENTATION)


def show_worst(weak: WeakSlices, class_name: str, stored: StoredRun, task: TaskSpec) -> None:
    """Show the worst slice that was found, what chance does, and the next ones."""
    style.kicker(f"Worst slice found for {in_sentence(_title(task, class_name))}")
    groups = plural(stored.facts.group_name)
    if weak.reason:
        style.quiet(f"Nothing was looked for. {weak.reason.replace('groups', groups)}")
        return
    worst, *others = weak.frame.head(1 + N_NEXT).to_dict("records")
    style.slice_found(_found(worst, weak, groups))
    if others:
        rows = [
            (_slice_said(row), _count_said(row), _value_said(row), _p_said(row["p_corrected"]))
            for row in others
        ]
        style.slices_next(rows, corrected=f"corrected for {weak.n_looked_at} slices looked at")


def _found(worst: Mapping[str, Any], weak: WeakSlices, groups: str) -> slice_markup.Found:
    is_weak = worst["p_corrected"] <= WEAK
    many = f"{weak.n_looked_at} slices"
    exchanged = groups if not pd.isna(worst["n_groups"]) else "cases"
    n = f"{worst['n']:,} cases"
    if not pd.isna(worst["n_groups"]):
        n += f" in {int(worst['n_groups'])} {groups}"
    return slice_markup.Found(
        is_weak=is_weak,
        headline="Missed more here than chance explains"
        if is_weak
        else f"Not worse than the worst of {many} is by chance",
        slice=_slice_said(worst),
        value=f"{worst['value']:.2f}",
        rest=f"sensitivity here, {worst['value_rest']:.2f} in the rest",
        facts=[
            ("n", n),
            ("95 % interval", _value_said(worst).split(" ", 1)[-1]),
            (
                f"for the worst of {weak.n_looked_at}",
                f"{worst['low_corrected']:.2f}–{worst['high_corrected']:.2f}",
            ),
            ("p, corrected", _p_said(worst["p_corrected"])),
        ],
        said=f"Of {many} with enough cases (single values and pairs). Corrected by exchanging "
        f"slice values between whole {exchanged} {weak.n_permutations:,} times.",
    )


def show_misses(
    weak: WeakSlices,
    made: Sliced,
    class_name: str,
    opened: tuple[StoredRun, EvaluationRun, PointsInForce, Mapping[str, SliceColumn]],
    task: TaskSpec,
) -> None:
    """Lead on to the misses of the run; give those of the worst slice, and all slices, as CSV."""
    stored, run, points, columns = opened
    worst = weak.frame.iloc[0]
    where = {worst[column]: worst[value] for column, value in _PARTS if worst[column]}
    address = {"task": task.key, "run": stored.name, "class": class_name, "kind": "miss"}
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.page_link(
            MISSED_PAGE,
            label=f"Look into the missed: {_title(task, class_name)}",
            icon=":material/search:",
            query_params=address,
        )
        _download(
            "Misses of this slice",
            lambda: misses_csv(run, task, columns, where, class_name, points),
            stored, f"misses_{class_name}", "misses",
        )  # fmt: skip
        _download(
            f"All {weak.n_looked_at} slices",
            lambda: frame_csv(weak.frame, made.provenance),
            stored, f"weak_slices_{class_name}", "weak",
        )  # fmt: skip


def _download(label: str, data: Any, stored: StoredRun, what: str, key: str) -> None:
    st.download_button(
        label,
        data=data,
        file_name=f"{stored.facts.task}_{stored.name}_{what.replace(' ', '_')}.csv",
        mime="text/csv",
        key=f"slices.csv.{key}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _title(task: TaskSpec, class_name: str) -> str:
    return task.class_spec(class_name).title


def _n_said(figure: Mapping[str, Any], stored: StoredRun) -> str:
    if pd.isna(figure["n_groups"]):
        return f"{figure['n']:,}"
    return f"{figure['n']:,} in {int(figure['n_groups']):,} {plural(stored.facts.group_name)}"


def _count_said(row: Mapping[str, Any]) -> str:
    return (
        f"{row['n']:,}" if pd.isna(row["n_groups"]) else f"{row['n']:,} in {int(row['n_groups'])}"
    )


def _value_said(row: Mapping[str, Any]) -> str:
    low, high = (
        (row["low"], row["high"])
        if pd.isna(row["low_grouped"])
        else (row["low_grouped"], row["high_grouped"])
    )
    return f"{row['value']:.2f} {low:.2f}–{high:.2f}"


def _p_said(p: float) -> str:
    return "0.001 or less" if p <= 0.001 else f"{p:.3f}"
