"""Filters: what the network sees, layer by layer and channel by channel."""

import streamlit as st

from core.errors import CoreError
from core.workflows.network_view import open_network_view
from pages._shared import answers, filters, frame, lightbox, notices, resources

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

study = lightbox.open_study(task, version)
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
