"""The leak banner that stands over every metric: whether its figures may be believed at all."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.tasks import TaskSpec
from core.wording import in_sentence
from core.workflows.run_leaks import Compared, RunLeaks
from core.workflows.stored_runs import StoredRun
from core.workflows.twin_search import is_searched
from pages._shared import resources, style

SECONDS_BETWEEN = 2
_FIGURES = {"macro_f1": "Macro F1", "balanced_accuracy": "Balanced accuracy"}


def show_banner(stored: StoredRun, task: TaskSpec, *, also: str = "", brief: bool = False) -> None:
    """Show how the run was split, whether it leaks, and its figures without the leak.

    Where nearly equal pictures should be searched they are, in the background, and the banner is
    shown anew when that has ended. ``also`` is a sentence of the page's own, at the end; ``brief``
    leaves one line where there is nothing to doubt.
    """
    found = _found(stored)
    if brief and found.verdict == "apart":
        style.leak_banner(found.verdict, found.headline, [found.how], (), ())
        return
    if not found.search_wanted:
        _show(found, task, said=also)
        return
    search = resources.twin_search(str(stored.folder), stored.facts.version_digest, _run=stored)
    if search.is_running:
        _follow(stored, task, also)
    elif search.problem:
        _show(found, task, said=f"{search.problem} {also}")
    else:
        _show(_found(stored), task, said=also)


def show_banners(stored: Sequence[StoredRun], task: TaskSpec) -> None:
    """Show the banner of several runs: those to doubt, or one line where there is none."""
    found = {run.name: (_found(run).verdict, run) for run in stored}
    doubtful = [run for verdict, run in found.values() if verdict != "apart"]
    for run in doubtful:
        show_banner(run, task, also=f"(This is run {run.name} of {run.facts.data}.)")
    if stored and not doubtful:
        show_banner(stored[0], task, brief=True)


@st.fragment(run_every=SECONDS_BETWEEN)
def _follow(stored: StoredRun, task: TaskSpec, also: str) -> None:
    """Tell how far the search is; at its end, run the page again with what was found."""
    search = resources.twin_search(str(stored.folder), stored.facts.version_digest, _run=stored)
    if not search.is_running:
        st.rerun()
    far = f"{search.done:,} of {search.n:,} pictures read. " if search.n else ""
    _show(_found(stored), task, said=far + also)


def _found(stored: StoredRun) -> RunLeaks:
    return resources.run_leaks(
        str(stored.folder), stored.facts.version_digest, is_searched(stored), _run=stored
    )


def _show(found: RunLeaks, task: TaskSpec, *, said: str) -> None:
    columns = dict(_FIGURES)
    for item in task.classes:
        if item.finding:
            columns[f"sensitivity_{item.key}"] = f"Sensitivity, {in_sentence(item.title)}"
    rows = [
        (item.title, _n_said(item), [item.figures.get(name) for name in columns])
        for item in found.compared
    ]
    sentences = [found.how, *found.sentences, *([said.strip()] if said.strip() else [])]
    style.leak_banner(found.verdict, found.headline, sentences, list(columns.values()), rows)


def _n_said(item: Compared) -> str:
    return f"{item.n:,}" if item.n_groups is None else f"{item.n:,} in {item.n_groups:,}"
