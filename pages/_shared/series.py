"""The upper edge of Series: files in, which series, what it is and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.config import settings
from core.errors import CoreError
from core.workflows.series import Stack
from pages._shared import identity, resources, series_place, state, style
from pages._shared.uploads import most_megabytes

ADDRESS = "series"
_PROMISES = (
    (
        "One stack, in the order of the patient",
        "DICOM files or one zip become one ordered stack; missing slices, slices at one place and "
        "what is mixed are said, and two series are never merged.",
    ),
    (
        "An answer for each slice and one for the series",
        "Answered in the background while you scroll by wheel or arrow keys; the slice with the "
        "strongest finding comes first.",
    ),
    ("What it is not", "A slice that is refused is counted, never taken for normal."),
)


@dataclass(frozen=True, slots=True, eq=False)
class OpenStack:
    """The series that is looked at: the one of number ``choice``, from 1, of ``n_series``.

    ``digest`` is of the files.
    """

    digest: str
    choice: int
    n_series: int
    stack: Stack


def nothing_open() -> None:
    """Show what the page does, before there is a series."""
    style.promises(_PROMISES)


def open_stack() -> OpenStack | None:
    """Show the intake and return the series that is looked at; None while nothing is open."""
    shelf = resources.series_shelf()
    with st.container(key="intake_series"):
        drop, choose, rest = st.columns((6.0, 3.0, 1.4), gap="small")
        with drop:
            uploads = st.file_uploader(
                "A series: one zip, or all its files",
                accept_multiple_files=True,
                max_upload_size=most_megabytes(settings().max_series_mb),
                key=series_place.uploader_key(),
                label_visibility="collapsed",
            )
        _take_back()
        ids = tuple(upload.file_id for upload in uploads)
        if ids and ids != st.session_state.get(state.SERIES_UPLOADS):
            st.session_state[state.SERIES_UPLOADS] = ids
            series_place.forget_slice()
            _open([(upload.name, upload.getvalue()) for upload in uploads])
        problem = st.session_state.get(state.SERIES_PROBLEM)
        opened = shelf.opened
        choice = 1
        if opened is not None:
            with choose:
                choice = _choice(opened.stacks)
            with rest:
                st.button(
                    "Close", key="series.close", on_click=_close, icon=":material/close:",
                    width="stretch",
                )  # fmt: skip
    if problem:
        style.notice("error", *problem)
    if opened is None:
        return None
    return OpenStack(opened.digest, choice, len(opened.stacks), opened.stacks[choice - 1])


def _take_back() -> None:
    """Open again what a reload of the page left behind; its token stands in the address."""
    shelf = resources.series_shelf()
    token = st.query_params.get(ADDRESS)
    if shelf.opened is None and token and not shelf.take_back(token, owner=identity.who() or ""):
        st.session_state[state.SERIES_PROBLEM] = (
            "This series is not open any more.", "Hand its files over again.",
        )  # fmt: skip
    if shelf.token is not None:
        st.query_params[ADDRESS] = shelf.token
    elif token:
        del st.query_params[ADDRESS]


def _open(files: list[tuple[str, bytes]]) -> None:
    st.session_state[state.SERIES_PROBLEM] = None
    try:
        with st.spinner("Reading the headers"):
            shelf = resources.series_shelf()
            shelf.open(files, owner=identity.who() or "")
            st.query_params[ADDRESS] = str(shelf.token)
    except CoreError as error:
        st.session_state[state.SERIES_PROBLEM] = (error.problem, error.remedy)
        series_place.empty_uploader()
        st.rerun()


def _close() -> None:
    resources.series_shelf().close()
    resources.map_desk().cancel(state.SERIES)
    st.query_params.pop(ADDRESS, None)
    series_place.close()


def _choice(stacks: tuple[Stack, ...]) -> int:
    """Return the number of the series that is looked at: they are never merged."""
    if len(stacks) == 1:
        return 1
    titles = {number: f"{number}: {stack.title}" for number, stack in enumerate(stacks, 1)}
    chosen = st.selectbox(
        "Series", list(titles), format_func=titles.get, key=state.SERIES_CHOICE,
        label_visibility="collapsed", on_change=series_place.forget_slice,
    )  # fmt: skip
    return int(chosen or 1)


def show_head(stack: Stack) -> None:
    """Show what the series is, where its slices lie, and what is wrong with it."""
    facts = [(f"ordered by {stack.ordered_by}", "plain")]
    if stack.slice_distance_mm is not None:
        facts.append((f"slices {stack.slice_distance_mm:.3g} mm apart", "plain"))
    if stack.spacing_mm is not None:
        rows, columns = stack.spacing_mm
        facts.append((f"pixels {rows:.3g} x {columns:.3g} mm", "plain"))
    if stack.ends is not None:
        facts.append((f"from {stack.ends[0]} to {stack.ends[1]}", "plain"))
    style.title_line(stack.title, facts)
    if stack.notes:
        style.sentences(stack.notes)
