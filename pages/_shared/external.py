"""Predictions of somebody else's model: dropped in, checked, kept as a run of the task."""

from __future__ import annotations

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.external_runs import MAX_MEGABYTES, store_predictions
from pages._shared import state, style
from pages._shared.uploads import most_megabytes


def show_drop(task: TaskSpec) -> None:
    """Show the place for a predictions file; a right one becomes the run that is looked at."""
    turn = st.session_state.get(state.PREDICTIONS_ROUND, 0)  # a new place once a file was taken in
    with st.popover(
        "Add predictions",
        icon=":material/upload_file:",
        width="stretch",
        key=f"{state.PREDICTIONS}.{turn}",
    ):
        style.kicker("Predictions of any model, as CSV")
        style.quiet(
            "Columns: file, y_true, and one probability column named as each class "
            f"({', '.join(task.class_names)}); group and further columns where you have them. "
            "Nothing leaves this machine; a wrong file is not stored."
        )
        upload = st.file_uploader(
            "Predictions file",
            type=["csv", "tsv", "txt"],
            key=f"{state.PREDICTIONS}.file.{turn}",
            label_visibility="collapsed",
            max_upload_size=most_megabytes(MAX_MEGABYTES),
        )
        if upload is not None:
            _take_in(upload.getvalue(), upload.name, task)


def _take_in(data: bytes, name: str, task: TaskSpec) -> None:
    with st.status("Reading and checking every row") as status:
        try:
            stored = store_predictions(
                data, name, task, tell=lambda words: status.update(label=words)
            )
        except CoreError as error:
            status.update(label="Not stored", state="error", expanded=True)
            # Text, not markup: a problem quotes the file.
            st.text(error.problem)
            st.text(error.remedy)
            return
    st.session_state[state.RUN_ADDED] = stored.name
    st.session_state[state.PREDICTIONS_ROUND] = st.session_state.get(state.PREDICTIONS_ROUND, 0) + 1
    st.rerun()
