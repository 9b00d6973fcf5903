"""Missed findings: what a run missed, the most confidently wrong first, and why."""

import streamlit as st

from core.errors import CoreError
from core.workflows.clinic import recorded_causes, run_digest, run_points
from core.workflows.evaluating import stored_runs
from core.workflows.run_pictures import picture_source
from pages._shared import clinic, frame, notices, resources, runs

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

try:
    stored = stored_runs(task.key)
    if not stored:
        notices.no_runs(task)
        st.stop()
    clinic.take_address(stored, task)
    left, right = st.columns([45, 55], gap="small", vertical_alignment="center")
    with left:
        run = runs.pick(stored)
    with right:
        class_name, kind = clinic.ask_what(task)
    points, digest = run_points(run), run_digest(run)
    made = resources.clinic(
        str(run.folder), run.facts.version_digest, class_name, kind, points.key,
        _run=run, _task=task, _points=points,
    )  # fmt: skip
    recorded = recorded_causes(run, kind)
except CoreError as error:
    notices.failure(error)
    st.stop()

clinic.show_head(made)
left, right = st.columns([20, 80], gap="medium")
with left:
    clinic.show_causes(made, recorded)
    filters = clinic.ask_filters(made, recorded)
with right:
    source = picture_source(run)
    clinic.show_calls(made, filters, recorded, source, digest=digest)
