"""Promotion and retirement on Models: each recorded with who and why."""

from __future__ import annotations

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.comparing import MARGIN, Question
from core.workflows.models import InstalledVersion
from core.workflows.promoting_aside import promote_aside
from core.workflows.retiring import retire, take_back
from pages._shared import identity, state, style

WHY_HELP = (
    "Leave it empty, and it is promoted only if it passes. With a reason it is promoted in any "
    "case, and the reason is kept with your name."
)


def show(version: InstalledVersion, champion: InstalledVersion | None, task: TaskSpec) -> None:
    """Offer to promote a version that may answer and is not the champion."""
    said = st.session_state.pop(state.PROMOTED, None)
    if said:
        style.verdict(*said)
    if version.retired:
        style.quiet(version.retired)
    if champion is None or version.is_champion:
        return
    with st.container(horizontal=True, gap="small"):
        if version.usable:
            _show_promotion(version, champion, task)
        _show_retirement(version, task)


def _show_promotion(version: InstalledVersion, champion: InstalledVersion, task: TaskSpec) -> None:
    findings = sorted(task.findings, key=lambda name: -task.class_spec(name).miss_cost)
    with st.popover("Promote it", icon=":material/verified:"):
        style.quiet(
            f"It is compared with {champion.name} on the same cases (paired bootstrap): its "
            "sensitivity may not be lower by more than the margin. The verdict is recorded."
        )
        with st.form("models.promote", border=False):
            st.selectbox(
                "The class whose misses decide", findings, key=state.PROMOTE_CLASS,
                format_func=lambda name: task.class_spec(name).title,
            )  # fmt: skip
            st.number_input(
                "Margin, in points of sensitivity", 0.0, 50.0, MARGIN * 100, 0.5,
                key=state.PROMOTE_MARGIN,
            )  # fmt: skip
            identity.name_input(state.PROMOTE_BY, max_chars=80)
            st.text_input(
                "Reason, to promote it against the check", key=state.PROMOTE_WHY, max_chars=300,
                help=WHY_HELP,
            )  # fmt: skip
            st.form_submit_button(
                "Compare and promote", key="models.promote.go", on_click=_promote,
                args=(version.name, champion.name, task.key),
            )  # fmt: skip


def _show_retirement(version: InstalledVersion, task: TaskSpec) -> None:
    title = "Take it back into use" if version.retired else "Retire it"
    with st.popover(title, icon=":material/inventory_2:"):
        style.quiet(
            "It is listed last and marked. Its files, runs and "
            "figures stay; it can be taken back or promoted at any time."
        )
        with st.form("models.retire", border=False):
            if not version.retired:
                st.text_input("Why", key=state.RETIRE_WHY, max_chars=300)
            identity.name_input(state.RETIRE_BY, max_chars=80)
            st.form_submit_button(
                title, key="models.retire.go", on_click=_retire,
                args=(version.name, task.key, version.retired is not None),
            )  # fmt: skip


def _retire(version: str, task_key: str, is_retired: bool) -> None:
    asked = st.session_state
    by = asked.get(state.RETIRE_BY) or ""
    try:
        if is_retired:
            take_back(task_key, version, by=by)
        else:
            retire(task_key, version, why=asked.get(state.RETIRE_WHY) or "", by=by)
    except CoreError as error:
        asked[state.PROMOTED] = ("error", error.problem, error.remedy)
        return
    said = "in use again" if is_retired else "retired: its files and figures stay"
    asked[state.PROMOTED] = ("ok", "Recorded", f"{version} is {said}.")


def _promote(version: str, against: str, task_key: str) -> None:
    asked = st.session_state
    try:
        done = promote_aside(
            task_key,
            version,
            Question(asked[state.PROMOTE_CLASS], asked[state.PROMOTE_MARGIN] / 100),
            against=against,
            by=asked[state.PROMOTE_BY],
            why=asked[state.PROMOTE_WHY],
        )
    except CoreError as error:
        asked[state.PROMOTED] = ("error", error.problem, error.remedy)
        return
    if done.promotion is None:
        asked[state.PROMOTED] = ("refused", "Not promoted", done.why)
    else:
        asked[state.PROMOTED] = ("ok", "Promoted", done.why)
