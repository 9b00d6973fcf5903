"""Who reads: the one place where pages learn the name under a verdict."""

from __future__ import annotations

import streamlit as st

from pages._shared import keeper, state

LONGEST = 120
FIELD = "reader_field"


def name() -> str:
    """Return the reader's name; empty where nobody said it yet."""
    return str(st.session_state.get(state.READER) or "").strip()


def ask(*, width: int = 220) -> str:
    """Show who reads, to be said once for the session, and return it; empty until it is said."""
    # The widget's own key is forgotten with its page: the name is kept beside it.
    st.session_state.setdefault(state.READER_FIELD, st.session_state.get(state.READER, ""))
    with st.container(key=FIELD, width=width):
        st.text_input(
            "Reader", key=state.READER_FIELD, placeholder="Your name, under each verdict",
            label_visibility="collapsed", max_chars=LONGEST, on_change=_take,
        )  # fmt: skip
        kept = keeper.keep("reader", field=FIELD, text=name())
    if kept and not name():
        st.session_state[state.READER] = kept.strip()[:LONGEST]
        del st.session_state[state.READER_FIELD]
        st.rerun()
    return name()


def _take() -> None:
    st.session_state[state.READER] = str(st.session_state.get(state.READER_FIELD) or "").strip()
