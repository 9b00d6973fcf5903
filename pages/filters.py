"""Filters: what the network sees, layer by layer and channel by channel."""

import streamlit as st

from core.errors import CoreError
from core.workflows.network_view import open_network_view
from pages._shared import answers, filters, frame, lightbox, notices, resources, state

frame.require(__file__)

task = frame.task()
version = resources.version_state(task.key)
if not version.usable:
    notices.no_version(task, version)
    st.stop()

resources.warm_up(task.key, str(version.digest))
lightbox.show_intake(task)
study = state.current()
try:
    version = resources.with_points(task.key, version)
    view = open_network_view(task.key, version.name)
    seen = None
    if study is not None:
        lightbox.show_strip(task, version)
        with st.spinner("Reading the picture"):
            answer = answers.answer_of(study, task, version)
        seen = filters.seen_by_network(study, answer, task)
    filters.show_board(view, seen, task)
except CoreError as error:
    notices.failure(error)
