"""Slices: where a run misses more, by any column, by picture properties, and found by search."""

import streamlit as st

from core.errors import CoreError
from core.workflows.clinic import run_points
from core.workflows.evaluating import stored_runs
from pages._shared import frame, leaks, notices, resources, runs, slicing

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

try:
    stored = stored_runs(task.key)
    if not stored:
        notices.no_runs(task)
        st.stop()
    left, middle, right = st.columns([50, 24, 26], gap="small", vertical_alignment="center")
    with left:
        run = runs.pick(stored)
    key = (str(run.folder), run.facts.version_digest)
    cases = resources.cases(*key, _run=run)
    with middle:
        finding = slicing.ask_finding(cases, task)
    leaks.show_banner(run, task)
    slicing.show_measuring(run)
    columns = resources.slice_columns(*key, slicing.is_measured(run), _run=run)
    points = run_points(run)
    if finding is None or not columns:
        slicing.no_columns(run)
        st.stop()
    with right:
        column = slicing.ask_column(columns)
    left, right = st.columns([62, 38], gap="medium")
    with left:
        made = resources.sliced(
            *key, column.name, len(columns), points.key,
            _run=run, _task=task, _column=column, _points=points,
        )  # fmt: skip
        slicing.show_chart(made, finding, task)
        slicing.show_table(made, finding, run, task)
    with right:
        weak = resources.weak_slices(
            *key, finding, len(columns), points.key,
            _run=run, _task=task, _columns=columns, _points=points,
        )  # fmt: skip
        slicing.show_worst(weak, finding, run, task)
        if weak.n_looked_at:
            slicing.show_misses(weak, made, finding, (run, cases, points, columns), task)
except CoreError as error:
    notices.failure(error)
    st.stop()
