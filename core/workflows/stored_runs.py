"""Stored evaluation runs: which there are, and their figures as frames for a page.

Light: no engine, no TensorFlow, no scikit-learn; scipy enters with the first figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from core.config import settings
from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts, read_facts, read_run
from core.inference.package import ModelVersion, compared_folder, version_names
from core.workflows.champions import find_version

FOLDER = "evaluation"
EXTERNAL = "external"  # runs of models that are not ours


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One stored run, its predictions not yet read.

    Attributes
    ----------
    folder : Path
    facts : RunFacts
    n, n_groups : int, int or None
    shipped : bool
        Whether it belongs to the model version itself, never to change.
    retired : bool
        Whether its version is out of use, where runs of several versions are listed.
    """

    folder: Path
    facts: RunFacts
    n: int
    n_groups: int | None
    shipped: bool
    retired: bool = False

    @property
    def name(self) -> str:
        """The run's name, which is its folder's."""
        return self.folder.name

    @property
    def is_random(self) -> bool:
        """Whether its split was made by lot, groups ignored: its figures measure memory."""
        return self.facts.split.startswith("random")


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """The figures of a run as frames; ``core.evaluation.frames`` says which columns each has."""

    run: StoredRun
    confusion: pd.DataFrame
    classes: pd.DataFrame
    averages: pd.DataFrame
    summary: pd.DataFrame
    reliability: pd.DataFrame
    provenance: Mapping[str, Any]
    refused: int
    warnings: tuple[str, ...]
    undefined: tuple[str, ...]


def runs_folder(task_key: str, version: str | None) -> Path:
    """Return where later runs of a version lie in the product's home; None: external models'."""
    return settings().home / FOLDER / task_key / (version or EXTERNAL)


def stored_runs(task_key: str, version: str | None = None) -> list[StoredRun]:
    """Return the runs of a task's version: shipped ones, later ones (newest first), external ones.

    Parameters
    ----------
    task_key : str
    version : str or None
        The champion otherwise. A folder that holds no readable run is left out; so is a run of a
        version that has the same name and other content.

    Raises
    ------
    ModelVersionError
        If no usable version is installed.
    """
    found = find_version(task_key, version)
    shipped = _listed(found.path / FOLDER, shipped=True)
    later = _listed(runs_folder(task_key, found.name), shipped=False)
    external = _listed(runs_folder(task_key, None), shipped=False)
    return [
        *(_of_version(run, found) for run in shipped),
        *(run for run in later if run.facts.version_digest == found.digest),
        *external,
    ]


def compared_runs(task_key: str) -> list[StoredRun]:
    """Return the runs of versions that are kept for comparison only, without their weights."""
    folder = compared_folder(task_key)
    installed = set(version_names(task_key))  # their runs are listed with them
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    names = [name for name in names if name not in installed and not name.startswith(".")]
    return [run for name in names for run in _listed(folder / name / FOLDER, shipped=True)]


def find_run(task_key: str, name: str, *, version: str | None = None) -> StoredRun:
    """Return the run of that name.

    Raises
    ------
    EvaluationError
        If there is none.
    """
    runs = stored_runs(task_key, version)
    for run in runs:
        if run.name == name:
            return run
    listed = ", ".join(run.name for run in runs) or "none"
    raise EvaluationError(f"There is no run {name!r}.", remedy=f"Stored runs: {listed}.")


def open_run(stored: StoredRun) -> EvaluationRun:
    """Read the predictions of a stored run.

    Raises
    ------
    EvaluationError
        If a file is missing or was changed.
    """
    return replace(read_run(stored.folder), facts=stored.facts)


def performance(stored: StoredRun, cases: EvaluationRun | None = None) -> Performance:
    """Return every figure of a stored run (about a second for 11,000 cases: cache it).

    Parameters
    ----------
    stored : StoredRun
    cases : EvaluationRun or None
        The run's cases where they were read already.

    Raises
    ------
    EvaluationError
        If a file of the run is missing or was changed.
    """
    from core.evaluation import frames
    from core.evaluation.evaluate import evaluate_run
    from core.evaluation.figures import run_figures

    run = open_run(stored) if cases is None else cases
    figures = run_figures(run)
    told = evaluate_run(run, figures=figures)
    return Performance(
        run=stored,
        confusion=frames.confusion_frame(figures, run.class_names),
        classes=frames.class_frame(figures),
        averages=frames.average_frame(figures),
        summary=frames.summary_frame(figures),
        reliability=frames.reliability_frame(run),
        provenance=frames.provenance(run),
        refused=told["refused"],
        warnings=tuple(told["warnings"]),
        undefined=tuple(told["undefined"]),
    )


def _listed(folder: Path, *, shipped: bool) -> list[StoredRun]:
    """Return the readable runs below a folder, newest first."""
    runs = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            facts, content = read_facts(path)
        except EvaluationError:
            continue  # half a folder, copied in by hand: nothing that could be shown
        n_groups = content.get("n_groups")
        facts = replace(facts, name=path.name)
        runs.append(StoredRun(path, facts, int(content.get("n", 0)), n_groups, shipped))
    return sorted(runs, key=lambda run: run.facts.created_at, reverse=True)


def _of_version(run: StoredRun, version: ModelVersion) -> StoredRun:
    # A shipped run is part of what the digest covers, so it cannot hold the digest itself.
    facts = replace(run.facts, model_version=version.name, version_digest=version.digest)
    return replace(run, facts=facts)
