"""What is typed survives a reload and a lost connection: kept in the tab until the server has it.

An invisible component of our own beside an ordinary field; the text is data, never markup.
"""

from __future__ import annotations

import streamlit as st

from pages._shared import style


def keep(key: str, *, field: str, text: str, hands_on: bool = False, forget: bool = False) -> str:
    """Watch a field; return text of an earlier visit that the server never had, else "".

    Parameters
    ----------
    key : str
        Names what is kept: no name of a person or a file.
    field : str
        Key of the container around the field.
    text : str
        What the server has.
    hands_on : bool
        Hand the text to the server after a pause in typing, not only when the field is left.
    forget : bool
        Let go of what is kept: it is saved.
    """
    component = st.components.v2.component(
        "second_look_keeper", html="<div class='keeper' hidden></div>", js=style.asset("keeper.js")
    )
    result = component(
        key=f"keeper.{key}",
        data={"key": key, "field": field, "text": text, "hands_on": hands_on, "forget": forget},
        on_found_change=lambda: None,
    )
    return result.found if isinstance(result.found, str) else ""
