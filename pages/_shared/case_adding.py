"""From the light box of Analyse to the worklist: the picture that is looked at becomes a case."""

from __future__ import annotations

import streamlit as st

from core.domain import Answer, StudyImage
from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.adding_cases import ADDED, DUPLICATE, AddedFile, CaseFacts, add_answered
from pages._shared import answers, notices, reader, state, style
from pages._shared.state import Study

_ICON = ":material/playlist_add:"
_SAID = {
    ADDED: "This picture is a case now.",
    DUPLICATE: "These pixels are a case already; nothing was added.",
    "refused": "This picture is a case now: refused, and waiting for a person.",
}


def show_adding(study: Study, answer: Answer, task: TaskSpec) -> None:
    """Show the button that makes a case of the picture; it asks once who adds it."""
    if reader.name():
        _button(study, answer, task)
        return
    with st.popover("Add as case", icon=_ICON):
        reader.ask()
        _button(study, answer, task)


def _button(study: Study, answer: Answer, task: TaskSpec) -> None:
    st.button(
        "Add as case", key=state.widget_key("add_case", study), icon=_ICON,
        on_click=_add, args=(study, answer.image, answer.model_version, task),
    )  # fmt: skip


def show_added(study: Study, task: TaskSpec) -> None:
    """Show what became of it, with the way to the case."""
    said = st.session_state.get(state.CASE_ADDED)
    if said is None or said[0] != (study.key, task.key):
        return
    if isinstance(said[1], AddedFile):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            style.quiet(_SAID.get(said[1].status, "This picture is a case now."))
            st.page_link(
                "pages/case.py", label="Open the case", icon=":material/open_in_new:",
                query_params={"task": task.key, "case": str(said[1].case_id)},
            )  # fmt: skip
    else:
        notices.failure(said[1])


def _add(study: Study, image: StudyImage, version: str, task: TaskSpec) -> None:
    carried = answers.steps_of(task) if answers.carries_recipe(study) else study.already_applied
    facts = CaseFacts(reader.name(), already_applied=carried)
    became: AddedFile | CoreError
    try:
        became = add_answered(task.key, image, version=version, said=facts)
    except CoreError as error:
        became = error
    st.session_state[state.CASE_ADDED] = ((study.key, task.key), became)
