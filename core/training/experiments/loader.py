"""Read experiment files: the product's own and, where the setting names a folder, the user's."""

from __future__ import annotations

import functools
from pathlib import Path, PurePath

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
        If the file is not YAML, misses a key, has an unknown one or one twice, or names a task, an
        architecture, a step or a setting that does not exist, or pictures by a path with ``..``:
        with the file, the key and what is allowed.
    """
    try:
        changed_at = path.stat().st_mtime_ns
    except OSError as error:
        raise TrainingError(
            f"The experiment {path} cannot be read: {error.strerror}.",
            remedy="Name a file, or the key of an experiment (python -m core experiments).",
        ) from None
    return _parsed(path, changed_at, settings().tasks)


def listed_experiments() -> tuple[dict[str, Experiment], tuple[TrainingError, ...]]:
    """Return every experiment that is right, by key, and what is wrong with the user's others.

    For a list to choose from: one wrong file must not hide all that are right.
    """
    found, problems = _listed()
    return found, tuple(problems.values())


def _listed() -> tuple[dict[str, Experiment], dict[str | None, TrainingError]]:
    """Return what is right by key, and what is wrong by name of the file; None: the folder."""
    found = shipped_experiments()
    problems: dict[str | None, TrainingError] = {}
    try:
        own = _own_files()
    except TrainingError as error:
        return found, {None: error}
    for path in own:
        try:
            _join(found, path)
        except TrainingError as error:
            problems[path.stem] = error
    return found, problems


def find_experiment(key: str) -> Experiment | None:
    """Return the experiment of that key; None where there is none.

    Raises
    ------
    TrainingError
        If the user's file of that name is wrong, or their folder is not there.
    """
    found, problems = _listed()
    if key in found:
        return found[key]
    problem = problems.get(key) or problems.get(None)
    if problem is not None:
        raise problem
    return None


def shipped_experiments() -> dict[str, Experiment]:
    """Return the product's own experiments, by key."""
    experiments: dict[str, Experiment] = {}
    for path in _files(OWN_FOLDER):
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


def is_file_name(name: str | Path) -> bool:
    """Whether an experiment is named by its file: with a suffix or a slash.

    >>> is_file_name("kidney_ct"), is_file_name("mine/kidney_ct"), is_file_name("kidney_ct.yaml")
    (False, True, True)
    """
    path = Path(name)
    return isinstance(name, Path) or path.suffix in SUFFIXES or len(path.parts) > 1


def load_experiment(name: str | Path) -> Experiment:
    """Return the experiment of that key, or of that file.

    Raises
    ------
    TrainingError
        If there is none, or its file is wrong.
    """
    if is_file_name(name):
        return read_experiment(Path(name))
    found = find_experiment(str(name))
    if found is None:
        raise TrainingError(
            f"There is no experiment {name!r}.",
            remedy=f"Experiments: {', '.join(listed_experiments()[0])}; or give a file.",
            column="experiment",
        )
    return found


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
    own = find_experiment(task)
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
    _check_folder(path, experiment.data.folder)
    try:
        for key in (experiment.architecture, *experiment.also_for):
            resolve(experiment.with_architecture(key))
    except CoreError as error:
        raise TrainingError(
            f"{path.name}: {error.problem}", remedy=error.remedy, column=error.column
        ) from None
    return experiment


def _check_folder(path: Path, folder: str | None) -> None:
    """Refuse a folder that climbs out of the data root: its name alone is stored with the version.

    A full path says openly that the pictures lie elsewhere.
    """
    if folder is not None and ".." in PurePath(folder).parts:
        raise TrainingError(
            f"{path.name}: data.folder is {folder!r}, which leads out of the data root.",
            remedy="Name one below SECOND_LOOK_DATA_ROOT, such as kidney_ct, or its full path.",
            column="data.folder",
        )
