"""Whole states of a page: nothing installed, nothing open, something broken."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec, load_tasks
from core.workflows.teaching import OpenCase
from pages._shared import lightbox, resources, state, style
from pages._shared.version_state import VersionState

CASES_IN_A_ROW = 8


def failure(error: CoreError) -> None:
    """Show a failure that we understand: what happened and what to do."""
    style.notice("error", error.problem, error.remedy)


@contextmanager
def told_later(key: str) -> Iterator[None]:
    """Keep a failure that we understand in the session, for the page to show after a click."""
    try:
        yield
    except CoreError as error:
        st.session_state[key] = error


def usable_version(task: TaskSpec) -> VersionState:
    """Return the version that answers for the task; where none may, show why and end the page."""
    version = resources.version_state(task.key)
    if not version.usable:
        no_version(task, version)
        st.stop()
    return version


def no_version(task: TaskSpec, version: VersionState) -> None:
    """Show that no version may answer for the task, why, and how to get one."""
    if version.missing:
        style.notice(
            "empty",
            f"No model for {task.title} is installed",
            f"Put a model version into models/{task.key}/, or train one on pictures of your own. "
            "Other pages and other tasks work.",
            commands=(f"python -m core train --task {task.key} --architecture mobilenet",),
        )
    else:
        style.notice("error", str(version.problem), str(version.remedy))
    _other_tasks(task)


def _other_tasks(task: TaskSpec) -> None:
    usable = [
        key for key in load_tasks() if key != task.key and resources.version_state(key).usable
    ]
    with st.container(horizontal=True, gap="small", key="other_tasks"):
        for key in usable:
            st.button(
                f"Go to {load_tasks()[key].title}",
                key=f"go.{key}",
                on_click=_choose_task,
                args=(key,),
                icon=":material/arrow_forward:",
            )


def _choose_task(key: str) -> None:
    st.session_state[state.TASK] = key


def nothing_open(task: TaskSpec) -> None:
    """Show what Analyse does, before there is a picture."""
    style.promise(task.title, [(item.title, item.colour) for item in task.classes])
    offer_cases(task)


def offer_cases(task: TaskSpec, *, in_a_row: int = CASES_IN_A_ROW) -> None:
    """Offer the teaching cases of a task, or the tasks that can answer, on an empty light box."""
    cases = resources.teaching_cases(task.key)
    if cases:
        style.kicker("Or open a teaching case")
        for first in range(0, len(cases), in_a_row):
            columns = st.columns(in_a_row, gap="small")
            for column, case in zip(columns, cases[first : first + in_a_row], strict=False):
                with column:
                    _offer_case(case)
    elif not task.synthetic:
        _other_tasks(task)


def _offer_case(case: OpenCase) -> None:
    style.picture(base64.b64encode(case.data).decode("ascii"), "", kind="case")
    st.button(
        case.title,
        key=f"case.{case.key}",
        on_click=lightbox.open_case,
        args=(case,),
        width="stretch",
        wrap=True,
    )


def no_runs(task: TaskSpec) -> None:
    """Show that nothing was measured yet, and how to measure."""
    style.notice(
        "empty",
        "No stored run of this version",
        "Evaluate it on a folder of labelled pictures: the run is kept in the product's home and "
        "appears here.",
        commands=(f"python -m core evaluate --task {task.key} --data FOLDER",),
    )
