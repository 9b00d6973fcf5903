"""What Compare shows where there is nothing to compare with, and how to get a second run."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows import second_run
from core.workflows.stored_runs import StoredRun
from pages._shared import notices, style


def show(runs: Sequence[StoredRun], task: TaskSpec) -> None:
    """Say what is missing, and offer what can be done here and now."""
    if not runs:
        notices.no_runs(task)
        return
    style.notice(
        "empty",
        "Comparing needs two runs on the same cases",
        f"{_there_are(len(runs))} A partner comes from another version evaluated on the same "
        "folder, or from a CSV file of any model's answers to the same files.",
        commands=(
            f"python -m core evaluate --task {task.key} --data FOLDER --version OTHER",
            f"python -m core evaluate --task {task.key} --predictions FILE.csv",
        ),
    )
    for run in [run for run in runs if second_run.can_be_blurred(run)][:1]:
        _offer(run)


def _there_are(n: int) -> str:
    if n == 1:
        return "There is one run of this task so far."
    return f"There are {n} runs of this task, and no two of them hold the same cases."


def _offer(run: StoredRun) -> None:
    style.quiet(
        f"Or try it now: the same version ({run.facts.model_version}) reads the same {run.n:,} "
        "pictures again, slightly blurred. Does a softer picture cost findings?"
    )
    if not st.button(
        "Make a second run from blurred pictures", key="compare.blur", icon=":material/blur_on:"
    ):
        return
    bar = st.progress(0.0, "Reading the pictures again")

    def progress(done: int, n: int) -> None:
        bar.progress(done / n, f"{done:,} of {n:,} pictures")

    try:
        second_run.blurred_run(run, progress=progress)
    except CoreError as error:
        notices.failure(error)
        return
    st.rerun()
