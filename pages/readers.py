"""Readers: how readers agree, what the reveal did to their verdicts, verdicts as a labelled set."""

import streamlit as st

from core.errors import CoreError
from core.workflows.second_reads import agreement
from pages._shared import frame, notices, readers

frame.require(__file__)

task = frame.task()

try:
    with st.spinner("Reading the verdicts"):
        found = agreement(task.key)
    left, right = st.columns([55, 45], gap="large")
    with left:
        readers.show_agreement(found)
    with right:
        readers.show_switches(found)
        readers.show_labels(task)
except CoreError as error:
    notices.failure(error)
    st.stop()
