"""Data: what the sets of a task hold, what to know before training on them, a few pictures."""

import streamlit as st

from core.errors import CoreError
from core.workflows.data_sets import data_sets
from pages._shared import data_panels, data_words, frame, notices, style

frame.require(__file__)

task = frame.task()
try:
    found = data_sets(task)
    if not found:
        data_panels.nothing_attached(task)
        st.stop()
    data = data_panels.pick(found)
    made = data_words.facts_of(data, task)
    left, right = st.columns([50, 50], gap="medium")
    with left:
        data_panels.show_head(made, task)
        data_words.show_counts(made, task)
        checks = st.container()
        style.facts(made.facts)
        data_words.show_slices(made, task)
    shown = data_words.samples_of(made, task)
    with right:
        data_panels.show_samples(shown, task)
    data_panels.show_trial(made, shown, task)
    with checks:
        data_panels.show_checks(made, task)
except CoreError as error:
    notices.failure(error)
