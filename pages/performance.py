"""Performance: what a stored run says of a version, each figure with its n and intervals."""

import streamlit as st

from core.errors import CoreError
from core.workflows.evaluating import stored_runs
from pages._shared import cells, curves, external, figures, frame, notices, resources, runs

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

picker, drop, tables = st.columns([72, 14, 14], gap="small", vertical_alignment="center")
with drop:
    external.show_drop(task)
try:
    stored = stored_runs(task.key)
    if not stored:
        notices.no_runs(task)
        st.stop()
    with picker:
        run = runs.pick(stored)
    key = (str(run.folder), run.facts.version_digest)
    made = resources.performance(*key, _run=run)
    runs.show_facts(made, task)
    left, right = st.columns([31, 69], gap="medium")
    with left:
        cells.show_matrix(made, task)
    with right:
        rule = figures.show_table_controls(task, has_groups=run.n_groups is not None)
        groups = resources.group_level(*key, rule, _run=run, _task=task) if rule else None
        figures.show_classes(made, groups, task)
        figures.show_whole(made, groups, task)
    drawn = resources.curves(*key, _run=run)
    charts = resources.curve_charts(*key, _made=made, _curves=drawn, _task=task)
    curves.show(made, charts)
    with tables:
        figures.show_downloads(made, groups, drawn, task)
    cells.show_cell(made, task)
except CoreError as error:
    notices.failure(error)
    st.stop()
