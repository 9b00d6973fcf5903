"""What is known about a file: its name as text, its technical facts, and the answer as CSV."""

from __future__ import annotations

import streamlit as st

from core.domain import Answer, StudyImage
from core.tasks import TaskSpec
from core.workflows.downloads import answers_csv
from pages._shared import answers, case_adding, state, style, verdict, viewer
from pages._shared.state import Study
from pages._shared.version_state import VersionState

LONG_NAME = 70


def show_name(study: Study, answer: Answer) -> None:
    """Show the file's name, as text and nothing else, and the frame where there are several."""
    with st.container(key="file_name", horizontal=True, vertical_alignment="center"):
        st.text(viewer.shortened(study.name, LONG_NAME))
        if answer.image is not None:
            verdict.show_frame_picker(study, answer.image)


def show_facts(study: Study, answer: Answer, task: TaskSpec, version: VersionState) -> None:
    """Show the facts behind one button and the answer's table behind another."""
    with st.container(key="fact_buttons", horizontal=True, gap="small"):
        if answer.image is not None:
            with st.popover("File facts", icon=":material/info:"):
                style.facts(file_facts(answer.image))
                style.sentences(answer.image.notes)
        _download(task, version)
        if answer.image is not None:
            case_adding.show_adding(study, answer, task)
    case_adding.show_added(study, task)
    if study.teaching:
        style.kicker("What to notice in this case")
        style.quiet(study.teaching)


def _download(task: TaskSpec, version: VersionState) -> None:
    """Offer every answer on the light box as one table, with version and threshold in it."""
    # The table is written when it is asked for, outside the session: its lines are gathered here.
    rows = [answers.outcome_of(study, task, version).row for study in state.studies()]
    st.download_button(
        "Answers as CSV",
        data=lambda: answers_csv(rows, task_key=task.key, version_digest=str(version.digest)),
        file_name=f"{task.key}_{version.name}_answers.csv",
        mime="text/csv",
        key="analyse.csv",
        on_click="ignore",
        icon=":material/download:",
    )


def file_facts(image: StudyImage) -> list[tuple[str, str]]:
    """Return names and values of what is known of a picture."""
    spacing = image.pixel_spacing_mm
    quality = image.quality
    rows = [
        ("Kind", f"{image.kind.value.upper()}, {image.bits} bits a sample"),
        ("Size", f"{image.columns} x {image.rows} pixels"),
        ("Spacing", f"{spacing[0]:.3f} x {spacing[1]:.3f} mm" if spacing else "not stated"),
        ("Side", _side(image)),
        *_window(image),
        ("Quality", f"{quality.score:.2f}: {quality.reason}" if quality else "not measured"),
        ("Content", f"SHA-256 {image.sha256[:8]}…"),
    ]
    if image.n_frames > 1:
        rows.insert(2, ("Frame", f"{image.frame + 1} of {image.n_frames}"))
    return [*rows, *image.tags.items()]


def _window(image: StudyImage) -> list[tuple[str, str]]:
    if image.bits <= 8:
        return []  # shown as it is: 8 bits leave nothing to choose from
    return [("Window", f"level {image.window.centre:.0f}, width {image.window.width:.0f}")]


def _side(image: StudyImage) -> str:
    if image.orientation is not None:
        return f"{image.orientation[0]} at the left edge, {image.orientation[1]} at the top"
    return image.laterality or "not stated: left and right are not known"
