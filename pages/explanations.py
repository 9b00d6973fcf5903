"""Explanations: one picture under several methods and classes, each map held against chance."""

import streamlit as st

from core.errors import CoreError
from pages._shared import answers, explanations, frame, lightbox, notices, resources

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

study = lightbox.open_study(task, version)
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
