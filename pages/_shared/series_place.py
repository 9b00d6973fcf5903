"""Where a reader is in a series: which of several, which slice, and who moved there."""

from __future__ import annotations

import streamlit as st

from pages._shared import state


def uploader_key() -> str:
    """Return the key of the uploader of Series; it changes when the series is closed."""
    return f"series.uploader.{st.session_state.get(state.SERIES_ROUND, 0)}"


def close() -> None:
    """Forget what was chosen for the series that was open."""
    for key in (state.SERIES_UPLOADS, state.SERIES_PROBLEM, state.SERIES_CHOICE):
        st.session_state.pop(key, None)
    forget_slice()
    empty_uploader()


def empty_uploader() -> None:
    """Let go of the files that were handed over: the next ones do not come on top of them."""
    st.session_state[state.SERIES_ROUND] = st.session_state.get(state.SERIES_ROUND, 0) + 1


def forget_slice() -> None:
    """Look at another series from its beginning, until its strongest slice is known."""
    for key in (state.SLICE, state.SERIES_MOVED, state.SERIES_CLASS):
        st.session_state.pop(key, None)


def go_to_slice(number: int, *, moved: bool = False) -> None:
    """Look at a slice, counted from 1; ``moved``: a person chose it."""
    st.session_state[state.SLICE] = number
    if moved:
        moved_slice()


def go_to_finding(number: int, class_name: str) -> None:
    """Look at the slice where a finding is strongest; a chosen class of the map gives way to it."""
    go_to_slice(number, moved=True)
    if state.SERIES_CLASS in st.session_state:
        st.session_state[state.SERIES_CLASS] = class_name


def step_slice(by: int, n: int) -> None:
    """Look at the next (1) or previous (-1) of ``n`` slices."""
    go_to_slice(min(max(int(st.session_state.get(state.SLICE, 1)) + by, 1), n), moved=True)


def choice() -> int:
    """Return which of several series is looked at, counted from 1."""
    return int(st.session_state.get(state.SERIES_CHOICE) or 1)


def turn_series(by: int, n: int) -> None:
    """Look at the next (1) or previous (-1) of ``n`` series, from its beginning."""
    there = min(max(choice() + by, 1), n)
    if there != choice():
        st.session_state[state.SERIES_CHOICE] = there
        forget_slice()


def moved_slice() -> None:
    """Keep the slice that a person chose."""
    st.session_state[state.SERIES_MOVED] = True
