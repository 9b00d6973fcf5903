"""Evaluate a model version on a folder, or anybody's predictions table; store the run.

The page path (``stored_runs``, ``performance``) is light and lives in ``stored_runs``; the engine
enters only when a folder is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts, write_run
from core.tasks import TaskSpec
from core.workflows.predicting import Outcome, Predict, Progress, predict_all
from core.workflows.stored_runs import (
    Performance,
    StoredRun,
    find_run,
    open_run,
    performance,
    runs_folder,
    stored_runs,
)

if TYPE_CHECKING:
    from core.datasets.manifest import Manifest
    from core.evaluation.leakage import TrainingPictures

__all__ = [
    "Evaluated",
    "Outcome",
    "Performance",
    "StoredRun",
    "evaluate_folder",
    "evaluate_manifest",
    "evaluate_predictions",
    "find_run",
    "open_run",
    "performance",
    "stored_runs",
]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """A run, its figures in the shape of the ``evaluate`` contract, and where it was stored."""

    run: EvaluationRun
    figures: dict[str, Any]
    folder: Path | None


def evaluate_folder(
    task: TaskSpec,
    data: Path,
    version: str | None = None,
    *,
    store: bool = True,
    progress: Progress | None = None,
) -> Evaluated:
    """Evaluate a version of a task on a data folder.

    Parameters
    ----------
    task : TaskSpec
    data : Path
        Folder with labels.csv and dataset.yaml, or with a folder a class.
    version : str or None
        The champion otherwise.
    store : bool
        Whether to keep the run in the product's home.
    progress : callable or None
        Called with (done, n) after each picture.

    Raises
    ------
    DatasetError, EvaluationError
        If the folder is wrong, not the task's, or holds no readable picture.
    ModelVersionError
        If no usable version is installed.
    """
    from core.workflows.analyst import open_analyst
    from core.workflows.pictures import open_manifest
    from core.workflows.predicting import predictor
    from core.workflows.twin_search import training_pictures

    analyst = open_analyst(task.key, version)
    manifest = open_manifest(data, task)
    card = analyst.version.card
    notes: tuple[str, ...] = ()
    name = manifest.name or data.resolve().name
    if name == card.training_data.name:
        notes = (
            f"The version was trained on pictures of this data set ({name}): where they are among "
            "these, the figures measure memory, not diagnosis.",
        )
    facts = RunFacts(
        task=task.key,
        model_version=analyst.version_name,
        version_digest=analyst.digest,
        data=name,
        split="all",
        split_made="every labelled picture of the folder",
        group_name=task.group_name,
        created_at=_now(),
        notes=notes,
    )
    run = evaluate_manifest(manifest, predictor(analyst), facts=facts, progress=progress)
    training = training_pictures(analyst.version) if notes else None
    folder = runs_folder(task.key, analyst.version_name) if store else None
    return _finished(run, folder, training=training)


def evaluate_manifest(
    manifest: Manifest, predict: Predict, *, facts: RunFacts, progress: Progress | None = None
) -> EvaluationRun:
    """Return the run of a predictor over a manifest; one bad file never stops the rest.

    Raises
    ------
    EvaluationError
        If no picture at all can be read.
    """
    outcomes = predict_all(
        predict,
        manifest.paths,
        already_applied=manifest.already_applied,
        progress=progress,
    )
    readable = np.array([outcome.y_prob is not None for outcome in outcomes])
    frame = manifest.frame
    errors = tuple(
        (str(file), outcome.reason or "It cannot be read.")
        for file, outcome in zip(frame["file"], outcomes, strict=True)
        if outcome.y_prob is None
    )
    if not readable.any():
        raise EvaluationError(
            f"None of the {len(outcomes)} pictures can be read; the first: {errors[0][1]}",
            remedy="Check that the folder holds the pictures its table names.",
        )
    has_groups = manifest.group_source != "none"
    kept = frame[readable]

    def column(name: str) -> NDArray[np.object_]:
        return kept[name].to_numpy(dtype=object)

    return EvaluationRun(
        class_names=manifest.task.class_names,
        file=column("file"),
        y_true=manifest.class_indices[readable],
        y_prob=np.array([item.y_prob for item in outcomes if item.y_prob is not None]),
        group=column("group") if has_groups else None,
        refused=np.array([item.refused for item in outcomes if item.y_prob is not None]),
        slices={name: column(name) for name in manifest.slice_columns},
        facts=replace(
            facts,
            group_source=manifest.group_source,
            errors=errors,
            left_out=dict(manifest.left_out),
        ),
    )


def evaluate_predictions(
    path: Path,
    *,
    class_names: Sequence[str],
    task: TaskSpec | None = None,
    store: bool = True,
) -> Evaluated:
    """Evaluate the predictions of any model from a CSV file (docs/command-line.md, evaluate).

    Parameters
    ----------
    path : Path
    class_names : sequence of str
        One probability column is named as each.
    task : TaskSpec or None
        Where the classes are a task's: the run is stored with it, as an external model's.
    store : bool

    Raises
    ------
    EvaluationError
        If the file cannot be opened or is wrong, with row and column of the first offender.
    """
    from core.evaluation.predictions import read_predictions

    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise EvaluationError(
            f"{path.name} cannot be opened ({type(error).__name__}).", remedy="Check the path."
        ) from None
    facts = external_facts(path.name, task)
    run = read_predictions(data, class_names=class_names, facts=facts, name=path.name)
    return _finished(run, runs_folder(task.key, None) if store and task else None)


def external_facts(name: str, task: TaskSpec | None) -> RunFacts:
    """Return what is known of a predictions table of that name, for a task or for no task."""
    return RunFacts(
        task=task.key if task else None,
        data=name,
        split_made="not stated in the predictions file",
        group_name=task.group_name if task else "group",
        created_at=_now(),
    )


def _finished(
    run: EvaluationRun, parent: Path | None, *, training: TrainingPictures | None = None
) -> Evaluated:
    from core.evaluation.evaluate import evaluate_run
    from core.evaluation.leakage import leak_warnings

    figures = evaluate_run(run)
    figures["warnings"] = [*leak_warnings(run, training=training), *figures["warnings"]]
    folder = None
    if parent is not None:
        folder = write_run(run, free_name(parent, run.facts))
        run = replace(run, facts=replace(run.facts, name=folder.name))
    return Evaluated(run, figures, folder)


def free_name(parent: Path, facts: RunFacts) -> Path:
    """Return a folder that does not exist: time, then what was evaluated."""
    slug = re.sub(r"[^a-z0-9]+", "-", facts.data.lower()).strip("-")[:40] or "run"
    stem = f"{re.sub(r'[^0-9TZ]', '', facts.created_at)}-{slug}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1000))
    return next(parent / name for name in names if not (parent / name).exists())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
