"""Performance: what a stored run says of a version, each figure with its n and interval."""

import streamlit as st

from core.errors import CoreError
from core.workflows.evaluating import stored_runs
from pages._shared import figures, frame, notices, resources, runs

frame.require(__file__)

task = frame.task()
version = resources.version_state(task.key)
if not version.usable:
    notices.no_version(task, version)
    st.stop()

try:
    stored = stored_runs(task.key)
    if not stored:
        notices.no_runs(task)
        st.stop()
    run = runs.pick(stored)
    made = resources.performance(str(run.folder), run.facts.version_digest, _run=run)
except CoreError as error:
    notices.failure(error)
    st.stop()

runs.show_facts(made, task)
figures.show_summary(made)
left, right = st.columns([40, 60], gap="large")
with left:
    figures.show_confusion(made, task)
with right:
    figures.show_classes(made, task)
left, right = st.columns([60, 40], gap="large")
with left:
    figures.show_intervals(made, task)
with right:
    figures.show_reliability(made)
