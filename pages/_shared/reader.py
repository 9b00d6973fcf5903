"""Who reads: the one place where the pages of the review learn the name under a verdict."""

from __future__ import annotations

import streamlit as st

from pages._shared import identity, keeper, state

LONGEST = 120
FIELD = "reader_field"


def name() -> str:
    """Return the reader's name: of the login, else as it was said; empty where nobody said it."""
    told = identity.who()
    return str(st.session_state.get(state.READER) or "").strip() if told is None else told


def ask(*, width: int = 220) -> str:
    """Show who reads, to be said once for the session, and return it; empty until it is said."""
    # The widget's own key is forgotten with its page: the name is kept beside it.
    st.session_state.setdefault(state.READER_FIELD, st.session_state.get(state.READER, ""))
    with st.container(key=FIELD, width=width):
        identity.name_input(
            state.READER_FIELD, placeholder="Your name, under each verdict",
            label_visibility="collapsed", max_chars=LONGEST, on_change=_take,
        )  # fmt: skip
        if not identity.who():
            keeper.keep("reader", field=FIELD, text=name(), on_found=_take_back)
    return name()


def _take() -> None:
    st.session_state[state.READER] = str(st.session_state.get(state.READER_FIELD) or "").strip()


def _take_back(kept: str) -> None:
    if not name():
        said = kept.strip()[:LONGEST]
        st.session_state[state.READER] = st.session_state[state.READER_FIELD] = said
