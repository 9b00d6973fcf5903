"""Which run chooses the threshold and which checks it, and how they are kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.tasks import TaskSpec
from core.workflows.evaluating import StoredRun
from pages._shared import leaks, runs, state, style
from pages._shared.version_state import VersionState

if TYPE_CHECKING:
    from core.workflows.operating import Bench


def pick(stored: list[StoredRun]) -> tuple[StoredRun, StoredRun]:
    """Show two pickers and return the run that chooses and the one that checks."""
    from core.workflows.operating import default_runs

    by_name = {run.name: run for run in sorted(stored, key=lambda run: run.is_random)}
    usual = default_runs([run for run in stored if not run.is_random] or stored)
    chosen = []
    with st.container(key="contract_runs"):
        columns = st.columns(2, gap="large")
        for column, words, key, default in zip(
            columns,
            ("Threshold chosen on", "checked on"),
            (state.CHOSEN_ON, state.CHECKED_ON),
            usual,
            strict=True,
        ):
            with column:
                name = st.selectbox(
                    words, list(by_name), list(by_name).index(default.name), key=key,
                    format_func=lambda name: runs.label(by_name[name]),
                )  # fmt: skip
                chosen.append(by_name.get(name, default))
    return chosen[0], chosen[1]


def key(run: StoredRun) -> tuple[str, str | None]:
    """Return what tells a stored run from every other: its folder and its version's digest."""
    return str(run.folder), run.facts.version_digest


def show_facts(bench: Bench, task: TaskSpec) -> None:
    """Show which cases chose and which check, how they were kept apart, and any leak."""
    if bench.chosen_on.is_random and not bench.checked_on.is_random:
        style.verdict(
            "error",
            "The choosing run leaks: its threshold comes from memory, not from diagnosis",
            f"How it was split: {bench.chosen_on.facts.split_made.rstrip('.')}. Choose on a run "
            "that keeps whole groups apart.",
        )
    apart = f" {bench.parts.sentence}" if bench.parts.sentence else ""
    said = f"Chosen on {bench.chosen_said}. Checked on {bench.checked_said}.{apart}"
    leaks.show_banner(bench.checked_on, task, also=said)


def may_sign(bench: Bench, version: VersionState) -> str:
    """Return why the point cannot be stored, in one sentence; empty where it can."""
    for run in (bench.chosen_on, bench.checked_on):
        if run.is_random:
            return "A point of a run that leaks is not stored: it would promise what it cannot."
        if run.facts.version_digest != version.digest:
            return (
                "This cannot be stored: the runs are not both of the version that answers, so the "
                "threshold is not its own."
            )
    return ""
