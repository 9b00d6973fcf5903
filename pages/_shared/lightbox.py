"""The upper edge of Analyse: files in, teaching cases, the strip of pictures."""

from __future__ import annotations

import streamlit as st

from core.config import settings
from core.tasks import TaskSpec
from core.workflows.teaching import OpenCase
from pages._shared import answers, resources, state, viewer
from pages._shared.state import Study
from pages._shared.uploads import most_megabytes
from pages._shared.version_state import VersionState

_PICK = "Open a teaching case"
_WITH_CASES, _PLAIN = (6.0, 3.0, 1.4), (8.0, 0.01, 1.4)


def open_study(task: TaskSpec, version: VersionState) -> Study | None:
    """Show the intake and return the picture that is looked at; None while nothing is open.

    The engine starts to compile meanwhile.
    """
    resources.warm_up(task.key, str(version.digest))
    show_intake(task)
    return state.current()


def follow_clicks(drawn: tuple[object, ...]) -> None:
    """Run the whole page again where a click inside a fragment changed what the page is about.

    ``drawn`` : what ``state.looked_at`` said when the page handed its values to the fragment.
    """
    if state.looked_at() != drawn:
        st.rerun()


def show_intake(task: TaskSpec) -> None:
    """Show the file drop and, for a teaching task, its cases; take in what is new."""
    with st.container(key="intake"):
        drop, pick, rest = st.columns(_WITH_CASES if task.synthetic else _PLAIN, gap="small")
        with drop:
            # No filter by extension: a DICOM file often has none, and a name proves nothing.
            uploads = st.file_uploader(
                "Pictures: PNG, JPEG, TIFF, BMP or DICOM",
                accept_multiple_files=True,
                max_upload_size=most_megabytes(settings().max_upload_mb),
                key=state.uploader_key(),
                label_visibility="collapsed",
            )
        left_out = state.take_in(uploads)
        if state.studies():
            cases = resources.teaching_cases(task.key)
            if cases:
                with pick:
                    _pick_case(cases)
            with rest:
                st.button(
                    "Clear all",
                    key="clear_all",
                    on_click=state.clear,
                    icon=":material/close:",
                    width="stretch",
                )
    if left_out:
        st.warning(
            f"{left_out} files were left out: at most {state.MAX_STUDIES} pictures lie on the "
            "light box. Clear it, or use `python -m core predict` for a folder."
        )


def _pick_case(cases: tuple[OpenCase, ...]) -> None:
    titles = {case.key: case.title for case in cases}
    st.selectbox(
        "Teaching case",
        list(titles),
        index=None,
        format_func=titles.get,
        placeholder=_PICK,
        key=state.CASE,
        label_visibility="collapsed",
        on_change=_open_picked,
        args=(cases,),
    )


def _open_picked(cases: tuple[OpenCase, ...]) -> None:
    picked = st.session_state.get(state.CASE)
    for case in cases:
        if case.key == picked:
            open_case(case)
    st.session_state[state.CASE] = None


def open_case(case: OpenCase) -> None:
    """Put a teaching case on the light box."""
    state.put(
        Study(
            key=f"teaching:{case.key}",
            name=case.title,
            data=case.data,
            sha256=case.sha256,
            teaching=case.lesson,
        )
    )


def show_strip(task: TaskSpec, version: VersionState) -> None:
    """Show every picture with its state, and the buttons to the next and the previous.

    The keys N and P belong to the strip: a button that is pressed faster than the page runs loses
    presses, and the strip names the picture it wants.
    """
    all_studies = state.studies()
    if len(all_studies) < 2:
        return
    with st.container(key="strip", horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Previous",
            on_click=state.step,
            args=(-1,),
            help="Key P",
            disabled=state.place() == 0,
            icon=":material/chevron_left:",
        )
        with st.container(width="stretch"):
            items = answers.strip_items(all_studies, task, version)
            picked = viewer.show_strip(items, state.place())
        st.button(
            "Next",
            on_click=state.step,
            args=(1,),
            help="Key N",
            disabled=state.place() >= len(all_studies) - 1,
            icon=":material/chevron_right:",
        )
    if picked is not None and picked != state.place():
        state.go_to(picked)
        st.rerun()
