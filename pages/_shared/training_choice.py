"""The left of Training: an experiment in words, as YAML, its data, and the start button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.experiment_words import Choice, experiment_rows_said, published_said
from core.workflows.experiments import data_folder
from core.workflows.own_experiments import own_folder, save_experiment
from core.workflows.training_jobs import experiment_from_text, start_run
from pages._shared import data_words, notices, state, style
from pages._shared.picking import pick_one

if TYPE_CHECKING:
    from core.training.experiments import Experiment

IN_WORDS, AS_YAML, ITS_DATA = "In words", "YAML", "Its data"
TEXT_HEIGHT = 430
YAML_HELP = (
    "What stands here is what is run. Anything left out is a default; a wrong key is refused with "
    "what is allowed."
)


def show(choices: Sequence[Choice], task: TaskSpec) -> None:
    """Show the choice of experiment and everything about it."""
    if not choices:
        style.notice(
            "empty",
            f"No experiment for {task.title}",
            "Write one into a folder and name the folder in SECOND_LOOK_EXPERIMENTS.",
        )
        return
    chosen = pick_one(
        "Experiment",
        {choice.key: choice for choice in choices},
        key=state.TRAIN_EXPERIMENT,
        said=_said,
    )
    key = state.experiment_text_key(task.key, chosen.key)
    text = str(st.session_state.get(key, chosen.text))
    experiment, problem = _read(text)
    with st.container(
        key="training_start", horizontal=True, vertical_alignment="center", gap="small"
    ):
        view = st.segmented_control(
            "Show", [IN_WORDS, AS_YAML, ITS_DATA], default=IN_WORDS, required=True,
            key=state.TRAIN_VIEW, label_visibility="collapsed",
        )  # fmt: skip
        st.button(
            "Start training", key="training.start", icon=":material/play_arrow:",
            on_click=_start, args=(text, task.key), disabled=experiment is None,
        )  # fmt: skip
        if text != chosen.text:
            st.button("Undo", key="training.undo", on_click=_undo, args=(key,))
        _offer_saving(text, chosen, key, is_right=experiment is not None)
    _tell_what_was_done()
    refused = st.session_state.pop(state.TRAIN_PROBLEM, None)
    if refused:
        style.verdict("error", "Not started", refused)
    if problem is not None:
        style.verdict("error", problem.problem, problem.remedy)
    if view == AS_YAML or experiment is None:
        _show_text(key, chosen)
    elif view == ITS_DATA:
        _show_data(experiment, task)
    else:
        _show_words(experiment)


def show_problems(problems: Sequence[CoreError]) -> None:
    """Show what is wrong with experiments of one's own: they are not among the choices."""
    for problem in problems:
        style.verdict("error", problem.problem, problem.remedy)


def _said(choice: Choice) -> str:
    name = f", {choice.key}" if choice.kind == "yours" else ""
    return f"{choice.title} · {choice.kind}{name}"


def _offer_saving(text: str, chosen: Choice, text_key: str, *, is_right: bool) -> None:
    """Offer to keep the text as an experiment of one's own."""
    with st.popover("Save as mine", icon=":material/save:"):
        folder = own_folder()
        if folder is None:
            style.quiet(
                "Name a folder in SECOND_LOOK_EXPERIMENTS to keep experiments of your own; the "
                "text stays here until this session ends."
            )
            return
        st.text_input(
            "Save as my experiment, named", key=state.TRAIN_NAME, max_chars=64,
            persist_state="session",
            placeholder=chosen.key if chosen.kind == "yours" else f"my_{chosen.key}"[:64],
            help="Small letters, digits and underscores; it becomes the file's name and its key.",
        )  # fmt: skip
        st.button(
            "Save", key="training.save", on_click=_save, args=(text, chosen, text_key),
            disabled=not is_right,
        )  # fmt: skip
        style.quiet(f"It is kept in {folder}." if is_right else "The text is wrong as it stands.")


def _save(text: str, chosen: Choice, text_key: str) -> None:
    standing = chosen.key if chosen.kind == "yours" else f"my_{chosen.key}"[:64]
    name = str(st.session_state.get(state.TRAIN_NAME) or "").strip() or standing
    try:
        path = save_experiment(text, key=name, edited=chosen.key)
    except CoreError as error:
        st.session_state[state.TRAIN_SAVED] = ("error", "Not saved", str(error))
        return
    st.session_state[state.TRAIN_SAVED] = ("ok", f"Saved as {name}", f"It is the file {path}.")
    st.session_state[state.TRAIN_EXPERIMENT] = name
    _undo(text_key)  # what was changed stands in the file now


def _tell_what_was_done() -> None:
    told = st.session_state.pop(state.TRAIN_SAVED, None)
    if told:
        style.verdict(*told)


def _read(text: str) -> tuple[Experiment | None, CoreError | None]:
    try:
        return experiment_from_text(text), None
    except CoreError as error:
        return None, error


def _start(text: str, task_key: str) -> None:
    try:
        run = start_run(text, task=task_key)
    except CoreError as error:
        st.session_state[state.TRAIN_PROBLEM] = str(error)
        return
    st.session_state[state.TRAIN_RUN] = run.version


def _undo(key: str) -> None:
    st.session_state.pop(key, None)


def _show_text(key: str, chosen: Choice) -> None:
    if key not in st.session_state:
        st.session_state[key] = chosen.text
    st.text_area(
        "The experiment as YAML", key=key, height=TEXT_HEIGHT, help=YAML_HELP,
        persist_state="session",
    )  # fmt: skip


def _show_words(experiment: Experiment) -> None:
    style.facts(experiment_rows_said(experiment))
    told = published_said(experiment)
    if told:
        style.prose("What it runs again", told)


def _show_data(experiment: Experiment, task: TaskSpec) -> None:
    """Show what the run would train on, and every check of it."""
    if task.synthetic and experiment.data.folder is None:
        style.quiet(
            "Its pictures are drawn when the run begins: each series by its own seed, groups known."
        )
        return
    from core.workflows.data_sets import data_set_of

    try:
        data = data_set_of(data_folder(task, folder=experiment.data.folder))
        made = data_words.facts_of(
            data, task, seed=experiment.seed, fractions=experiment.validation.fractions
        )
    except CoreError as error:
        notices.failure(error)
        return
    data_words.show_counts(made, task)
    if experiment.data.limit is not None:
        style.quiet(
            f"The experiment takes at most {experiment.data.limit:,} of them, evenly over classes "
            "and groups."
        )
    data_words.show_findings(made, task)
