"""What is typed survives a reload and a lost connection: kept in the tab until the server has it.

An invisible component of our own beside an ordinary field; the text is data, never markup.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._shared import style


def keep(
    key: str,
    *,
    field: str,
    text: str,
    on_found: Callable[[str], None] | None = None,
    hands_on: bool = False,
    forget: bool = False,
) -> None:
    """Watch a field; hand over text of an earlier visit that the server never had.

    Parameters
    ----------
    key : str
        Names what is kept: no name of a person or a file.
    field : str
        Key of the container around the field.
    text : str
        What the server has.
    on_found : callable or None
        Told the text, before the page runs again: it may fill the field, and the page need not be
        drawn once more for it.
    hands_on : bool
        Hand the text to the server after a pause in typing, not only when the field is left.
    forget : bool
        Let go of what is kept: it is saved.
    """
    component = st.components.v2.component(
        "second_look_keeper", html="<div class='keeper' hidden></div>", js=style.script("keeper.js")
    )
    named = f"keeper.{key}"

    def hand_over() -> None:
        found = st.session_state[named].get("found")
        if on_found is not None and isinstance(found, str) and found:
            on_found(found)

    component(
        key=named,
        data={
            "key": key,
            "field": field,
            "text": text,
            "hands_on": hands_on,
            "forget": forget,
            "takes": on_found is not None,
        },
        on_found_change=hand_over,
    )
