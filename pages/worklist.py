"""Worklist: the cases of a task in the order of need; pictures in; a case opens by click or key."""

import streamlit as st

from core.errors import CoreError
from core.workflows.cases import worklist_page, worklist_query
from pages._shared import batches, frame, notices, reader, resources, worklist

frame.require(__file__)

task = frame.task()
version = resources.version_state(task.key)

try:
    is_empty = not worklist_page(worklist_query(task=task.key, rows=1)).rows
    left, right = st.columns([78, 22], gap="small", vertical_alignment="center")
    with right:
        reader.ask(width=260)
    with left:
        query = worklist.ask_query(task)
    if version.usable:
        resources.warm_up(task.key, str(version.digest))
        batches.show_adding(task, expanded=is_empty)
    else:
        notices.no_version(task, version)
    batches.show_interrupted(task)
    running = batches.show_outcomes(task)
    working = st.container()
    worklist.show_list(task, query)
    # Last of all: the timer of what runs must not ask for another run while this one still paints.
    with working:
        batches.show_running(running)
except CoreError as error:
    notices.failure(error)
    st.stop()
