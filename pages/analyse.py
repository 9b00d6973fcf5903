"""Analyse: pictures in; probabilities, maps and a verdict of trust out."""

import streamlit as st

from core.errors import CoreError
from pages._shared import (
    answers,
    facts,
    frame,
    lightbox,
    notices,
    reading,
    resources,
    verdict,
)

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)

study = lightbox.open_study(task, version)
if study is None:
    notices.nothing_open(task)
    st.stop()

try:
    version = resources.with_points(task.key, version)
    lightbox.show_strip(task, version)
    with st.spinner("Reading the picture"):
        answer = answers.answer_of(study, task, version)
except CoreError as error:
    notices.failure(error)
    st.stop()

left, right = st.columns([68, 32], gap="medium")
with left:
    facts.show_name(study, answer)
    reading.show_reading(study, answer, task)
with right:
    verdict.show_verdict(study, answer, task, version)
    facts.show_facts(study, answer, task, version)
