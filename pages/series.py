"""Series: a stack of slices, scrolled, answered slice by slice and once as a whole."""

import streamlit as st

from core.errors import CoreError
from pages._shared import frame, notices, resources, series, series_board

frame.require(__file__)

task = frame.task()
version = notices.usable_version(task)
resources.warm_up(task.key, str(version.digest))

stack = series.open_stack()
if stack is None:
    series.nothing_open()
    st.stop()

try:
    version = resources.with_points(task.key, version)
    series_board.show(stack, task, version)
except CoreError as error:
    notices.failure(error)
