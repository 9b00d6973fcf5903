"""Compare: whether a challenger may replace the champion, judged on the same cases."""

import streamlit as st

from core.errors import CoreError
from core.workflows.comparing import comparable_runs
from pages._shared import comparing, disagreeing, frame, leaks, notices, second_run

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

try:
    stored = comparable_runs(task.key)
    chosen = comparing.choose(stored, task)
    if chosen is None:
        second_run.show(stored, task)
        st.stop()
    run_a, run_b, question = chosen
    made = comparing.compared(run_a, run_b, question)
except CoreError as error:
    notices.failure(error)
    st.stop()

leaks.show_banners((run_a, run_b), task)
left, right = st.columns([46, 54], gap="large")
with left:
    comparing.show_verdict(made, task)
with right:
    comparing.show_measures(made, run_a, run_b)
left, right = st.columns([50, 50], gap="large")
with left:
    comparing.show_forest(made, task, run_a, run_b)
with right:
    misses, record = st.columns([56, 44], gap="medium")
    with misses:
        comparing.show_misses(made, task)
    with record:
        comparing.show_record(made, run_a, run_b)
    disagreeing.show(made, task, run_a, run_b)
