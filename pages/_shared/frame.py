"""The frame around every page: guard, name, pages, task, model version, banner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.config import check_folders
from core.errors import CoreError
from core.tasks import TaskSpec, load_tasks
from pages._shared import identity, resources, state, style

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

MODELS_PAGE = "pages/models.py"
START = "pages/analyse.py"
_framed: ContextVar[bool] = ContextVar("framed", default=False)


@contextmanager
def around(pages: Mapping[str, Sequence[Page]]) -> Iterator[None]:
    """Show the frame and keep this run marked as framed while the page inside it runs.

    The mark belongs to the run, not to the session: a later run may start with a page alone.
    """
    _refuse_wrong_settings()
    show(pages)
    mark = _framed.set(True)
    try:
        yield
    finally:
        _framed.reset(mark)


def _refuse_wrong_settings() -> None:
    """Stop with one line where a setting or a task file is wrong, before anything is shown.

    ``make run`` refuses to start at all then; this is for a server that was started by hand.
    """
    style.load()
    identity.refuse_open_address()
    try:
        check_folders()
        load_tasks()
    except CoreError as error:
        style.notice("error", error.problem, error.remedy)
        st.stop()
    identity.enter()


def require(page_file: str) -> None:
    """First line of every page: a page that was started alone starts again inside the frame.

    On a fresh server with a ``pages/`` folder, Streamlit runs the page of a deep link without the
    entry point until some session has called ``st.navigation``. Naming this very page there ends
    that mode and keeps page and address, so that the rerun lands on what was asked for.
    """
    if not _framed.get():
        st.navigation([start_page(), st.Page(Path(page_file))], position="hidden")
        st.rerun()


def start_page() -> Page:
    """Return the page of the bare address, which leads on to Analyse.

    Streamlit gives the default page no address of its own; this one is default, so that every page
    of the table has one.
    """
    return st.Page(_start, title="Second Look", default=True, visibility="hidden")


def _start() -> None:
    st.switch_page(START, query_params=st.query_params.to_dict())


def show(pages: Mapping[str, Sequence[Page]]) -> None:
    """Show the bar: task, version and banner above, the pages below; then the task is settled."""
    _settle_task()
    with st.container(key="frame_bar", gap=None):
        with st.container(
            key="frame_top", horizontal=True, vertical_alignment="center", gap="medium", wrap=False
        ):
            style.brand()
            _task_picker()
            _version()
            style.banner(synthetic=task().synthetic)
            identity.show()
        _links(pages)
    key = st.session_state[state.TASK]
    st.query_params["task"] = key
    st.session_state[state.TASK_IN_ADDRESS] = key


def _task_picker() -> None:
    st.selectbox(
        "Task",
        list(load_tasks()),
        key=state.TASK,
        format_func=lambda key: load_tasks()[key].title,
        label_visibility="collapsed",
        width=190,
    )


def task() -> TaskSpec:
    """Return the task that the person chose."""
    return load_tasks()[st.session_state[state.TASK]]


def _settle_task() -> None:
    """Take the task from the address when the address changed, else keep the choice."""
    asked = st.query_params.get("task")
    # st.switch_page forgets the picker of the page before: the address still knows.
    forgotten = state.TASK not in st.session_state
    if asked in load_tasks() and (
        forgotten or asked != st.session_state.get(state.TASK_IN_ADDRESS)
    ):
        st.session_state[state.TASK] = asked
    if st.session_state.get(state.TASK) not in load_tasks():
        st.session_state[state.TASK] = resources.first_usable_task()


def _links(pages: Mapping[str, Sequence[Page]]) -> None:
    address = {"task": st.session_state[state.TASK]}
    shown = {section: members for section, members in pages.items() if section}
    with st.container(
        key="frame_nav", horizontal=True, vertical_alignment="center", gap="small", wrap=False
    ):
        for section, members in shown.items():
            style.section(section)
            for page in (member for member in members if member.visibility == "visible"):
                st.page_link(page, query_params=address)


def _version() -> None:
    """Show the version that answers, as a link to its card; red when it must not answer."""
    version = resources.version_state(st.session_state[state.TASK])
    tone = "ok" if version.usable else ("none" if version.missing else "bad")
    with st.container(key=f"frame_model_{tone}", width="content"):
        st.page_link(
            MODELS_PAGE,
            label=version.label,
            icon=":material/verified:" if version.usable else ":material/gpp_bad:",
            query_params={"task": st.session_state[state.TASK]},
            help="Model version that answers; its card is one click away.",
        )
