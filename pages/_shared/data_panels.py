"""The parts of the Data page: which set, its pictures, its checks, and a recipe tried on one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.background_desk import Failure, Job
from core.workflows.data_checks import check_pictures, kept_check
from core.workflows.experiment_words import experiment_choices
from core.workflows.training_jobs import experiment_from_text
from pages._shared import data_words, notices, resources, state, style
from pages._shared.explanations import progress_said
from pages._shared.picking import pick_one

if TYPE_CHECKING:
    from core.workflows.data_samples import Sample
    from core.workflows.data_sets import DataFacts, DataSet

POLL_SECONDS = 1.0
N_VERSIONS = 6
IN_A_ROW = 8


def nothing_attached(task: TaskSpec) -> None:
    """Say that there is no data set, what can be done without, and how to attach one."""
    if task.synthetic:
        style.notice(
            "empty",
            "The pictures of this task are drawn",
            "Training draws every series by its own seed, with known groups: there is no folder "
            "to look at. Choose another task above to see its sets.",
        )
        return
    folders = " or ".join(item.folder for item in task.sources if item.folder) or task.key
    style.notice(
        "empty",
        f"No data set of {task.title} is attached",
        f"Set SECOND_LOOK_DATA_ROOT to the folder that holds {folders}, and start again. A "
        "published folder is made one by the command below. Installed models answer without it.",
        commands=(f"python -m core import FOLDER --task {task.key} --out FOLDER",),
    )


def pick(found: Sequence[DataSet]) -> DataSet:
    """Show the picker of data sets and return the chosen one."""
    return pick_one(
        "Data set",
        {data.key: data for data in found},
        key=state.DATA_SET,
        said=lambda data: f"{data.title} · {data.key}",
    )


def show_head(made: DataFacts, task: TaskSpec) -> None:
    """Show how much there is, and how well its groups are known."""
    words = [(f"{made.n:,} pictures", "plain")]
    groups = plural(task.group_name)
    if made.group_source == "none":
        words.append((f"{groups} not stated", "bad"))
    else:
        found = " found from pixels" if made.group_source == "found" else ""
        words.append((f"{made.n_groups:,} {groups}{found}", "plain"))
    style.title_line(made.data.title, words)


def show_samples(shown: Sequence[Sample], task: TaskSpec) -> None:
    """Show a few pictures of every class, each of another group."""
    for item in task.classes:
        mine = [sample for sample in shown if sample.label == item.key]
        if not mine:
            continue
        style.kicker(item.title, item.colour)
        for column, sample in zip(st.columns(4, gap="small"), mine, strict=False):
            with column:
                if sample.problem:
                    style.no_pane(f"{task.group_name} {sample.group}", sample.problem)
                else:
                    style.pane(sample.png, f"{task.group_name} {sample.group}")


def show_checks(made: DataFacts, task: TaskSpec) -> None:
    """Show the checks, and read every picture for them when a person asks."""
    desk, key = resources.map_desk(), _check_key(made, task)
    outcome = desk.found(key)
    data_words.show_findings(made, task)
    if isinstance(outcome, Failure):
        style.quiet(f"{outcome.problem} {outcome.remedy}".strip())
    if desk.progress(state.DATA) is not None:
        _follow(desk.revision)
    elif kept_check(made.data, task) is None:
        st.button(
            f"Read all {made.n:,} pictures: copies, look-alikes, sizes",
            key="data.check",
            icon=":material/fact_check:",
            on_click=_ask,
            args=(made, task),
            help="It runs in the background, is kept, and says what a random split would leak.",
        )


def _check_key(made: DataFacts, task: TaskSpec) -> tuple[str, str, str]:
    return ("data check", made.data.content, task.key)


def _ask(made: DataFacts, task: TaskSpec) -> None:
    desk, key = resources.map_desk(), _check_key(made, task)
    desk.forget_failures([key])

    def work(watch: object) -> dict[object, object]:
        return {key: check_pictures(made.data, task, watch=watch)}

    job = Job(f"Reading {made.data.title}", (key,), work)
    desk.ask(state.DATA, [job], wanted=[key])


@st.fragment(run_every=POLL_SECONDS)
def _follow(drawn: int) -> None:
    desk = resources.map_desk()
    progress = desk.progress(state.DATA)
    if progress is None or desk.revision != drawn:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(min(share, 1.0), text=progress_said(progress))
        st.button("Stop", key="data.stop", on_click=partial(desk.cancel, state.DATA))


def show_trial(made: DataFacts, shown: Sequence[Sample], task: TaskSpec) -> None:
    """Show what an experiment's recipe and augmentation make of a picture."""
    usable = [sample for sample in shown if not sample.problem]
    choices = {choice.key: choice for choice in experiment_choices(task.key)}
    if not usable or not choices:
        return
    style.kicker("Tried before a run: recipe and augmentation of an experiment")
    left, middle, right = st.columns([40, 40, 20], gap="small", vertical_alignment="bottom")
    files = {sample.file: sample for sample in usable}
    with left:
        file = st.selectbox(
            "Picture",
            list(files),
            key=state.DATA_SAMPLE,
            format_func=lambda name: _sample_said(files[name], task),
        )
    with middle:
        key = st.selectbox(
            "Experiment",
            list(choices),
            key=state.DATA_EXPERIMENT,
            format_func=lambda name: f"{choices[name].title} · {choices[name].kind}",
        )
    with right:
        seed = st.number_input("Seed of the versions", 0, 9999, 0, key=state.DATA_SEED)
    from core.workflows.data_samples import try_on

    try:
        trial = try_on(
            made.data.folder / (file if file in files else usable[0].file),
            task,
            experiment_from_text(choices[key if key in choices else next(iter(choices))].text),
            already_applied=made.already_applied,
            n=N_VERSIONS,
            seed=int(seed),
        )
    except CoreError as error:
        notices.failure(error)
        return
    if trial.steps_left_out:
        style.quiet(f"Carried already, so left out: {', '.join(trial.steps_left_out)}.")
    _row([(item.png, item.words) for item in trial.stages])
    style.kicker("As training draws it: the last picture, augmented")
    _row([(item.png, item.words) for item in trial.augmented])


def _sample_said(sample: Sample, task: TaskSpec) -> str:
    return f"{task.class_spec(sample.label).title} · {task.group_name} {sample.group}"


def _row(panes: Sequence[tuple[str, str]]) -> None:
    for first in range(0, len(panes), IN_A_ROW):
        columns = st.columns(IN_A_ROW, gap="small")
        for column, (png, words) in zip(columns, panes[first : first + IN_A_ROW], strict=False):
            with column:
                style.pane(png, words)
