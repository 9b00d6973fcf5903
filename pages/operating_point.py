"""Operating point: how much has to be found, what may be said of it, and what it costs."""

import streamlit as st

from core.errors import CoreError
from core.workflows.evaluating import stored_runs
from pages._shared import frame, notices, operating, operating_runs, resources

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

try:
    stored = stored_runs(task.key)
    if not stored:
        notices.no_runs(task)
        st.stop()
    chosen_on, checked_on = operating_runs.pick(stored)
    bench = resources.operating_bench(
        operating_runs.key(chosen_on), operating_runs.key(checked_on), task.key,
        _runs=(chosen_on, checked_on), _task=task,
    )  # fmt: skip
    resources.with_points(task.key, version)  # a record that cannot be read is told here
except CoreError as error:
    notices.failure(error)
    st.stop()

operating_runs.show_facts(bench, task)
why_not = operating_runs.may_sign(bench, version)
operating.show_contract(bench, task, version, may_sign=why_not)
