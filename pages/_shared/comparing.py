"""Panels of the Compare page: what is compared, the verdict, the differences, the record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.comparison import forest_chart
from core.charts.look import CONFIG
from core.errors import CoreError
from core.tasks import TaskSpec
from core.wording import plural
from core.workflows import comparing, records
from core.workflows.comparing import Question
from core.workflows.stored_runs import StoredRun
from pages._shared import figures, identity, resources, state, style
from pages._shared.paired_markup import Measure

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison

_HEADLINES = {
    "may replace": ("ok", "B may replace A"),
    "may not": ("error", "B may not replace A"),
    "cannot tell": ("open", "Cannot tell whether B may replace A"),
}
_STAMP = re.compile(r"^\d{8}T\d{6}Z-")
_CALLS = {"argmax": "Largest probability", "thresholds": "Thresholds"}


def choose(
    runs: Sequence[StoredRun], task: TaskSpec
) -> tuple[StoredRun, StoredRun, Question] | None:
    """Show the pickers; return champion, challenger and question, None where no run has a match."""
    champions = [run for run in runs if comparing.partners(run, runs)]
    if not champions:
        return None
    with st.container(
        key="compare_controls", horizontal=True, gap="small", vertical_alignment="bottom"
    ):
        run_a = _pick("A, the champion", champions, key=state.COMPARE_A)
        run_b = _pick("B, the challenger", comparing.partners(run_a, runs), key=state.COMPARE_B)
        keys = [*task.findings, *(key for key in task.class_names if key not in task.findings)]
        class_name = st.selectbox(
            "Misses of", keys, format_func=lambda key: figures.titles(task)[key],
            key=state.COMPARE_CLASS, width=130,
        )  # fmt: skip
        margin = st.number_input(
            "Margin, points", 0.0, 100.0, comparing.MARGIN * 100, 0.5, format="%.1f", width=130,
            key=state.COMPARE_MARGIN,
            help="By how much B's sensitivity may be lower before it may not replace A. Choose it "
            "before you look.",
        )  # fmt: skip
        thresholds = _thresholds((run_a, run_b), class_name or keys[0])
    question = Question(class_name or keys[0], round(margin / 100, 6), *thresholds)
    return run_a, run_b, question


def _thresholds(
    pair: tuple[StoredRun, StoredRun], class_name: str
) -> tuple[float | None, float | None]:
    """Show what counts as called; thresholds start at the stored operating points."""
    chosen = st.segmented_control(
        "Called at", list(_CALLS), default="argmax", required=True, format_func=_CALLS.get,
        key=state.COMPARE_CALLS,
    )  # fmt: skip
    if chosen != "thresholds":
        return None, None
    asked = [
        st.number_input(
            f"Threshold {key}", 0.0, 1.0, _stored_point(run, class_name), 0.01, format="%.3f",
            key=state.compare_threshold_key(key, run.name, class_name), width=110,
        )
        for key, run in zip("AB", pair, strict=True)
    ]  # fmt: skip
    return asked[0], asked[1]


def _stored_point(run: StoredRun, class_name: str) -> float:
    digest = run.facts.version_digest
    point = records.operating_points(digest).get(class_name) if digest else None
    return point.threshold if point else 0.5


def _pick(words: str, runs: Sequence[StoredRun], *, key: str) -> StoredRun:
    by_folder = {str(run.folder): run for run in runs}
    chosen = st.selectbox(
        words, list(by_folder), format_func=lambda folder: label(by_folder[folder]), key=key,
        width=350,
    )  # fmt: skip
    return by_folder.get(chosen or "", runs[0])


def label(run: StoredRun) -> str:
    """Return one line that tells runs apart: whose it is, which, and of when.

    A later run's name starts with its time; here the time stands behind, for a person to read.
    """
    who = run.facts.model_version or f"not ours: {run.facts.data}"
    name = _STAMP.sub("", run.name) or run.name
    when = "" if run.shipped else f", {run.facts.created_at[:16].replace('T', ' ')}"
    use = " · retired" if run.retired else ""
    return f"{who} · {name}{when}{use}" if run.facts.model_version else f"{who}{when}"


def show_verdict(made: Comparison, task: TaskSpec) -> None:
    """Show the verdict in big words, why, and what to doubt."""
    tone, headline = _HEADLINES[made.verdict]
    with st.container(key="compare_verdict"):
        style.verdict(tone, headline, comparing.reason(made, figures.titles(task)))
    said = comparing.doubts(made, figures.titles(task))
    if said:
        style.sentences(said)


def show_measures(made: Comparison, run_a: StoredRun, run_b: StoredRun) -> None:
    """Show sensitivity and AUC of both, their differences with both intervals, and the tests."""
    document = comparing.comparison_document(made)
    gap, area = document["sensitivity_difference"], document["auc_difference"]
    grouped = made.n_groups is not None
    rows = [
        Measure(
            "Sensitivity",
            _share(document["sensitivity_a"]),
            _share(document["sensitivity_b"]),
            *_points(gap["value"], gap["low"], gap["high"]),
            _interval(gap["low_by_case"], gap["high_by_case"]) if grouped else "the same",
            _p(document["mcnemar_p"]),
            "McNemar, exact",
        ),
        Measure(
            "AUROC",
            _area(document["auc_a"]),
            _area(document["auc_b"]),
            *_points(area["value"], area["low"], area["high"]),
            _interval(area["delong_low"], area["delong_high"]),
            _p(area["delong_p"]),
            "DeLong",
        ),
    ]
    style.measures(rows)
    group = plural(run_a.facts.group_name)
    drawn = f"{made.n_groups:,} {group}" if grouped else f"{made.n:,} cases"
    n_groups = f" in {gap['n_groups']:,} {group}" if grouped else ""
    style.quiet(
        f"{made.n:,} cases, {document['n_positive']:,} positive{n_groups}; differences in points. "
        f"Intervals: {document['n_resamples']:,} paired resamples of {drawn}."
    )


def show_forest(made: Comparison, task: TaskSpec, run_a: StoredRun, run_b: StoredRun) -> None:
    """Draw the sensitivity differences of every class and slice, with the margin."""
    frame = comparing.gap_frame(made)
    style.kicker(
        f"Sensitivity, B − A in points; dashed: the margin, −{made.margin * 100:g}. "
        "● keeps it, ◇ cannot tell, ✕ loses more"
    )
    st.plotly_chart(
        forest_chart(
            frame, margin=made.margin, colours=figures.colours(task), titles=figures.titles(task)
        ),
        config=CONFIG, theme=None, key="compare.forest", alt=_forest_in_words(frame),
    )  # fmt: skip
    download(made, "Differences as CSV", "differences", frame, (run_a, run_b))


def show_misses(made: Comparison, task: TaskSpec) -> None:
    """Show who missed what, on the positives of the class."""
    title = figures.titles(task)[made.class_name]
    style.kicker(f"{title}: {made.gap.misses.n:,} cases, and who missed them")
    style.miss_table(comparing.comparison_document(made)["misses"], title=title)


def show_record(made: Comparison, run_a: StoredRun, run_b: StoredRun) -> None:
    """Show what was recorded before, and record this verdict with a name."""
    style.kicker("Record the verdict")
    with st.form("compare.sign", border=False):
        identity.name_input(
            state.COMPARE_SIGNED_BY, max_chars=80, placeholder="Your name",
            label_visibility="collapsed",
        )  # fmt: skip
        st.form_submit_button(
            "Record", key="compare.record", icon=":material/edit_note:", on_click=_record,
            args=(made, run_a, run_b),
        )  # fmt: skip
    problem = st.session_state.pop(state.COMPARE_PROBLEM, None)
    if problem:
        style.verdict("error", *problem)
    _show_recorded(run_a.facts.task or "")


def _record(made: Comparison, run_a: StoredRun, run_b: StoredRun) -> None:
    """Record the verdict as signed; a failure is said on the page that follows."""
    by = str(st.session_state.get(state.COMPARE_SIGNED_BY, ""))
    try:
        records.record_comparison(comparing.verdict_record(made, run_a, run_b, by=by))
    except CoreError as error:
        st.session_state[state.COMPARE_PROBLEM] = (error.problem, error.remedy)


def _show_recorded(task_key: str) -> None:
    try:
        said = records.comparisons(task_key)
    except CoreError as error:
        style.verdict("error", error.problem, error.remedy)
        return
    if not said:
        style.quiet("Nothing is recorded yet. A record keeps both runs, margin, figures and name.")
    for item in said[:3]:
        when = f"{item.recorded_at:%Y-%m-%d %H:%M} UTC" if item.recorded_at else ""
        style.quiet(
            f"{when} · {item.recorded_by}: {item.verdict} ({item.class_name}, margin "
            f"{item.margin * 100:g}) · A {item.run_a}, B {item.run_b}"
        )


def download(
    made: Comparison, words: str, name: str, frame: pd.DataFrame, pair: tuple[StoredRun, StoredRun]
) -> None:
    """Show a download of a table of the comparison."""
    st.download_button(
        words,
        data=lambda: comparing.comparison_csv(made, frame, *pair),
        file_name=f"{pair[0].facts.task}_{made.class_name}_{pair[0].name}_{pair[1].name}_{name}.csv",
        mime="text/csv",
        key=f"compare.csv.{name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def compared(run_a: StoredRun, run_b: StoredRun, question: Question) -> Comparison:
    """Return the comparison, drawn once for any margin.

    Raises
    ------
    EvaluationError
        If the two are not on the same cases.
    """
    made = resources.comparison(
        str(run_a.folder),
        str(run_b.folder),
        question.class_name,
        question.threshold_a,
        question.threshold_b,
        _pair=(run_a, run_b),
    )
    return made.at_margin(question.margin)


def _forest_in_words(frame: pd.DataFrame) -> str:
    said = []
    for row in frame.to_dict("records"):
        where = "" if pd.isna(row["slice"]) else f", {row['slice']} {row['band']}"
        gap = "undefined" if pd.isna(row["difference"]) else f"{row['difference'] * 100:+.1f}"
        said.append(f"{row['class']}{where}: {gap} points, {row['verdict']}")
    return "; ".join(said)


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value * 100:.1f} %"


def _area(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _points(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    return ("undefined" if value is None else _signed(value)), _interval(low, high)


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no interval"
    return f"{_signed(low)} to {_signed(high)}"


def _signed(value: float) -> str:
    points = round(value * 100, 1)
    return "0.0" if points == 0 else f"{points:+.1f}".replace("-", "−")


def _p(value: float | None) -> str:
    if value is None:
        return "undefined"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
