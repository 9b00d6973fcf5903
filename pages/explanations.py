"""Explanations: one picture under several methods and classes, each map held against chance."""

import streamlit as st

from core.errors import CoreError
from pages._shared import answers, explanations, frame, lightbox, notices, resources, state

frame.require(__file__)

task = frame.task()
version = resources.version_state(task.key)
if not version.usable:
    notices.no_version(task, version)
    st.stop()

resources.warm_up(task.key, str(version.digest))
lightbox.show_intake(task)
study = state.current()
if study is None:
    explanations.nothing_open(task)
    st.stop()

try:
    version = resources.with_points(task.key, version)
    lightbox.show_strip(task, version)
    with st.spinner("Reading the picture"):
        answer = answers.answer_of(study, task, version)
        subject = explanations.subject_of(study, answer, task, version)
    if subject is None:
        explanations.show_no_maps(study, answer, task)
    else:
        explanations.show_board(study, subject, answer, task)
except CoreError as error:
    notices.failure(error)
