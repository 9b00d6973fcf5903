"""One of many, chosen in a line of its own: kept while it is there, else the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

Item = TypeVar("Item")


def pick_one(
    label: str, choices: Mapping[str, Item], *, key: str, said: Callable[[Item], str]
) -> Item:
    """Show the picker and return what is chosen.

    Parameters
    ----------
    label : str
        For who reads the page by ear.
    choices : mapping of str to Item
        At least one; what was chosen and is gone gives way to the first.
    key : str
        Of the session's state.
    said : callable
        The line of an item.
    """
    first = next(iter(choices))
    if st.session_state.get(key) not in choices:
        st.session_state[key] = first
    chosen = st.selectbox(
        label,
        list(choices),
        key=key,
        format_func=lambda name: said(choices[name]),
        label_visibility="collapsed",
    )
    return choices.get(chosen or first, choices[first])
