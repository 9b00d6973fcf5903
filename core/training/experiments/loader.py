"""Read experiment files: the product's own and, where the setting names a folder, the user's."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import BaseModel

from core.config import settings
from core.errors import CoreError, TrainingError
from core.tasks import load_task
from core.tasks.validation import read_model
from core.training.experiments.resolving import resolve
from core.training.experiments.spec import (
    DataSpec,
    Experiment,
    PublishedSpec,
    ValidationSpec,
)

OWN_FOLDER = Path(__file__).parent
SUFFIXES = (".yaml", ".yml")
PARTS: dict[str, type[BaseModel]] = {
    "published": PublishedSpec,
    "validation": ValidationSpec,
    "data": DataSpec,
}


def read_experiment(path: Path) -> Experiment:
    """Read one experiment file and check that it can be run.

    Raises
    ------
    TrainingError
        If the file is not YAML, misses a key, has an unknown one, or names a task, an architecture,
        a step or a setting that does not exist: with the file, the key and what is allowed.
    """
    try:
        changed_at = path.stat().st_mtime_ns
    except OSError as error:
        raise TrainingError(
            f"The experiment {path} cannot be read: {error.strerror}.",
            remedy="Name a file, or the key of an experiment (python -m core experiments).",
        ) from None
    return _parsed(path, changed_at, settings().tasks)


def load_experiments() -> dict[str, Experiment]:
    """Return every experiment, by key, the product's own first.

    Raises
    ------
    TrainingError
        If any file is wrong, its key is not its name, or two have the same key.
    """
    return _loaded([*_files(OWN_FOLDER), *_own_files()])


def listed_experiments() -> tuple[dict[str, Experiment], tuple[TrainingError, ...]]:
    """Return every experiment that is right, by key, and what is wrong with the user's others.

    For a list to choose from: one wrong file must not hide all that are right.
    """
    found, problems = shipped_experiments(), []
    try:
        own = _own_files()
    except TrainingError as error:
        return found, (error,)
    for path in own:
        try:
            _join(found, path)
        except TrainingError as error:
            problems.append(error)
    return found, tuple(problems)


def shipped_experiments() -> dict[str, Experiment]:
    """Return the product's own experiments, by key."""
    return _loaded(_files(OWN_FOLDER))


def _loaded(paths: list[Path]) -> dict[str, Experiment]:
    experiments: dict[str, Experiment] = {}
    for path in paths:
        _join(experiments, path)
    return experiments


def _join(experiments: dict[str, Experiment], path: Path) -> None:
    experiment = read_experiment(path)
    if experiment.key != path.stem:
        raise TrainingError(
            f"{path.name}: key is {experiment.key!r}.",
            remedy=f"The key must equal the file's name: {path.stem!r}.",
            column="key",
        )
    if experiment.key in experiments:
        raise TrainingError(
            f"{path.name}: an experiment {experiment.key!r} exists already.",
            remedy="Give yours another key and file name.",
            column="key",
        )
    experiments[experiment.key] = experiment


def load_experiment(name: str | Path) -> Experiment:
    """Return the experiment of that key, or of that file (a name with a suffix or a slash).

    Raises
    ------
    TrainingError
        If there is none, or its file is wrong.
    """
    path = Path(name)
    if isinstance(name, Path) or path.suffix in SUFFIXES or len(path.parts) > 1:
        return read_experiment(path)
    experiments = load_experiments()
    if name not in experiments:
        raise TrainingError(
            f"There is no experiment {name!r}.",
            remedy=f"Experiments: {', '.join(experiments)}; or give a file.",
            column="experiment",
        )
    return experiments[name]


def file_of(key: str) -> Path:
    """Return the file of an experiment.

    Raises
    ------
    TrainingError
        If there is none of that key.
    """
    for path in [*_files(OWN_FOLDER), *_own_files()]:
        if path.stem == key:
            return path
    raise TrainingError(
        f"There is no experiment {key!r}.",
        remedy="python -m core experiments lists them.",
        column="experiment",
    )


def experiment_for(task: str, architecture: str | None = None) -> Experiment:
    """Return the task's own experiment (its key is the task's), or it with another architecture.

    What belongs to the task stays then: recipe, augmentation, validation, data. ``training``, which
    was chosen for the file's architecture, goes. A task without an experiment has the defaults.

    Raises
    ------
    TaskError, TrainingError
        If there is no such task, or nothing says which architecture is meant.
    """
    title = load_task(task).title
    own = load_experiments().get(task)
    if own is None and architecture is None:
        raise TrainingError(
            f"Task {task} has no experiment of its own.",
            remedy="Give --architecture, or write an experiment with the task's key.",
            column="experiment",
        )
    if own is None:
        return Experiment(key=task, title=title, task=task, architecture=str(architecture))
    if architecture in (None, own.architecture):
        return own
    changes = {"architecture": architecture, "training": {}, "title": f"{title}, {architecture}"}
    return own.model_copy(update=changes)


def _files(folder: Path) -> list[Path]:
    return sorted(path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}"))


def _own_files() -> list[Path]:
    folder = settings().experiments
    if folder is None:
        return []
    if not folder.is_dir():
        raise TrainingError(
            f"The folder of your own experiments does not exist: {folder}.",
            remedy="Create it or correct SECOND_LOOK_EXPERIMENTS.",
        )
    return _files(folder)


@functools.lru_cache(maxsize=256)
def _parsed(path: Path, changed_at: int, tasks: Path | None) -> Experiment:
    """Parse and check one file; cached, because a list of them is asked for again and again."""
    experiment = read_model(
        path, Experiment, parts=PARTS, error=TrainingError, examples="core/training/experiments/"
    )
    try:
        for key in (experiment.architecture, *experiment.also_for):
            resolve(experiment.with_architecture(key))
    except CoreError as error:
        raise TrainingError(
            f"{path.name}: {error.problem}", remedy=error.remedy, column=error.column
        ) from None
    return experiment
