"""Which stored run is looked at, and the facts that make its figures a measurement."""

from __future__ import annotations

import streamlit as st

from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.evaluating import Performance, StoredRun
from pages._shared import leaks as leaks_banner
from pages._shared import state, style

_SPLITS = {
    "out_of_fold": "Out of fold",
    "test": "Own test split",
    "random": "Random split",
    "random_split": "Random split",
    "all": "Whole data set",
}


def pick(stored: list[StoredRun]) -> StoredRun:
    """Show the picker and return the run: out of fold first, it has the most groups; leaks last."""
    ordered = sorted(
        stored, key=lambda run: (run.is_random, run.facts.split != "out_of_fold", not run.shipped)
    )
    by_name = {run.name: run for run in ordered}
    added = st.session_state.pop(state.RUN_ADDED, None)
    if added in by_name:
        st.session_state[state.RUN] = added
    name = st.selectbox(
        "Run",
        list(by_name),
        format_func=lambda key: label(by_name[key]),
        key=state.RUN,
        label_visibility="collapsed",
    )
    return by_name.get(name, ordered[0])


def split_title(split: str) -> str:
    """Return how a split is called in a title.

    >>> split_title("test"), split_title("left_out_centre")
    ('Own test split', 'Each centre left out')
    """
    if split.startswith("left_out_"):
        return f"Each {split.removeprefix('left_out_').replace('_', ' ')} left out"
    return _SPLITS.get(split, split.replace("_", " "))


def label(run: StoredRun) -> str:
    """Return one line that tells runs apart."""
    split = split_title(run.facts.split)
    groups = f", {run.n_groups:,} {plural(run.facts.group_name)}" if run.n_groups else ""
    leak = " · LEAKAGE" if run.is_random else ""
    kind = "shipped" if run.shipped else run.facts.created_at[:10]
    if run.facts.model_version is None:
        kind = f"external, {kind}"
    return f"{split} · {run.facts.data} · {run.n:,} pictures{groups} · {kind}{leak}"


def show_facts(made: Performance, task: TaskSpec) -> None:
    """Show how the split was made, and everything to doubt."""
    leaks_banner.show_banner(made.run, task, also=_intervals_said(made.run, task))
    if made.warnings:
        style.sentences(made.warnings)


def _intervals_said(run: StoredRun, task: TaskSpec) -> str:
    if run.facts.group_source == "none":
        return "Intervals treat every picture as independent."
    found = " (found from the pixels)" if run.facts.group_source == "found" else ""
    name = run.facts.group_name or task.group_name
    return f"95 % intervals respect the {name}{found}; the plain ones stand in the tables."
