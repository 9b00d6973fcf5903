"""Case: one picture with its answer, a verdict, a second reader, a consensus, a history."""

import streamlit as st

from core.errors import CoreError
from core.workflows.duties import Work
from pages._shared import (
    case,
    case_adjudication,
    case_verdict,
    frame,
    notices,
    reader,
    style,
    verdict,
)

frame.require(__file__)

task = frame.task()

try:
    found = case.found_case(task)
    if found is None:
        case.show_nothing_open(task)
        st.stop()
    bar, who = st.columns([80, 20], gap="small", vertical_alignment="center")
    with who:
        name = reader.ask()
    opened = case.opened_by(found, name)
    duty = opened.duty
    with bar:
        case.show_bar(found, opened, task)
    if duty.work is Work.READ_BLIND and not name:
        style.notice("empty", "This case waits for a second read", "Say who you are, at the top.")
        st.stop()
    view = case.view_of(found, opened)
except CoreError as error:
    notices.failure(error)
    st.stop()

left, right = st.columns([66, 34], gap="medium")
try:
    with left:
        case.show_picture(found, view, task)
    with right:
        if duty.shows_answer:
            verdict.show_recorded(view.answer, task)
            style.quiet(f"Model version {view.answer.model_version}")
        if duty.work is Work.ADJUDICATE:
            case_adjudication.show_adjudication(found, opened, task)
        elif duty.work is Work.LOOK:
            case_verdict.show_recorded(found, opened, task)
        else:
            case_verdict.show_form(found, opened, task, view.answer)
        case.show_history(found, opened, task)
except CoreError as error:
    notices.failure(error)
