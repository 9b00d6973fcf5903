"""Experiments: which one a request means, its list, and what a version stores of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import settings
from core.errors import TrainingError
from core.tasks import TaskSpec, load_task
from core.training.experiments import (
    Experiment,
    experiment_for,
    find_experiment,
    listed_experiments,
    load_experiment,
    resolve,
)

LEAKS = "LEAKS: groups are on both sides, so it measures memory and counts for nothing"


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One line of ``python -m core experiments``.

    ``how_judged`` names the random split as a leak wherever there is one; ``published`` is None for
    an experiment of our own.
    """

    key: str
    title: str
    task: str
    architecture: str
    also_for: tuple[str, ...]
    recipe: tuple[str, ...]
    how_judged: str
    grouped_folds: int | None
    random_split: bool
    random_split_leaks: str | None
    published: dict[str, Any] | None

    @property
    def text(self) -> str:
        """The row as a person reads it."""
        networks = " or ".join((self.architecture, *self.also_for))
        lines = [self.key, f"  {self.title} ({self.task}, {networks})"]
        lines += [f"  recipe: {', '.join(self.recipe)}", f"  judged: {self.how_judged}"]
        if self.published:
            figure = self.published["figure"] or "no figure stated"
            lines += [f"  published: {figure}", f"  {self.published['meaning']}"]
        return "\n".join(lines)


def experiment_rows(task: str | None = None) -> list[ExperimentRow]:
    """Return the experiments of a task, or of all, the product's own first.

    A wrong file of the user's is left out: ``experiment_notes`` says what is wrong with it.

    Raises
    ------
    TaskError
        If there is no such task.
    """
    known = listed_experiments()[0].values()
    wanted = None if task is None else load_task(task).key
    return [_row(item) for item in known if wanted in (None, item.task)]


def check_experiments() -> None:
    """Refuse the first wrong experiment file.

    Raises
    ------
    TrainingError
        With the file's name and what is wrong in it.
    """
    for error in listed_experiments()[1]:
        raise error


def experiment_notes() -> tuple[str, ...]:
    """Return a sentence for each of the user's files that is wrong: the others can be run."""
    return tuple(f"Left out of the experiments: {error}" for error in listed_experiments()[1])


def _row(experiment: Experiment) -> ExperimentRow:
    judged, published = experiment.validation, experiment.published
    return ExperimentRow(
        key=experiment.key,
        title=experiment.title,
        task=experiment.task,
        architecture=experiment.architecture,
        also_for=experiment.also_for,
        recipe=resolve(experiment).recipe.names,
        how_judged=_how_judged(experiment),
        grouped_folds=judged.grouped_folds,
        random_split=judged.random_split,
        random_split_leaks=LEAKS if judged.random_split else None,
        published=published.model_dump(mode="json") if published else None,
    )


def _how_judged(experiment: Experiment) -> str:
    judged = experiment.validation
    ways = ["own test part, groups kept whole"]
    if judged.grouped_folds:
        ways.insert(0, f"{judged.grouped_folds} grouped folds, out of fold")
    if judged.left_out_column:
        ways.append(f"each {judged.left_out_column} left out")
    if judged.random_split:
        ways.append(f"random split ({LEAKS})")
    return "; ".join(ways)


def chosen_experiment(
    task: str | None, architecture: str | None, *, experiment: str | Path | None
) -> Experiment:
    """Return the experiment that is asked for: by key or file, or the task's own.

    Raises
    ------
    TaskError, TrainingError
        If it does not exist, is wrong, or nothing or too much is asked for.
    """
    if experiment is None:
        if task is None:
            raise TrainingError(
                "Nothing says what to train.",
                remedy="Give --experiment, or --task and --architecture.",
                column="experiment",
            )
        return experiment_for(task, architecture)
    if task is not None:
        raise TrainingError(
            f"Experiment {experiment} says already which task it is of.",
            remedy="Leave --task out, or write an experiment of your own.",
            column="experiment",
        )
    found = load_experiment(experiment)
    return found if architecture is None else found.with_architecture(architecture)


def left_behind(task: str | None, architecture: str | None) -> str | None:
    """Return a sentence where another architecture leaves settings of the task's own behind."""
    own = find_experiment(task or "")
    if own is None or architecture in (None, own.architecture) or not own.training:
        return None
    return (
        f"Experiment {own.key} was made for {own.architecture}: its training settings "
        f"({', '.join(own.training)}) are left out, and the defaults of {architecture} hold."
    )


def data_folder(task: TaskSpec, *, folder: str | None) -> Path:
    """Return the folder of pictures that an experiment names, or the task's own.

    A full path is taken as it stands: whoever reads it says what is wrong with it.

    Raises
    ------
    TrainingError
        If it is not there.
    """
    root = settings().data_root
    if folder and Path(folder).is_absolute():
        return Path(folder)
    names = [folder] if folder else [item.folder for item in task.sources if item.folder]
    found = [root / name for name in names if root and (root / name).is_dir()]
    if found:
        return found[0]
    raise TrainingError(
        f"There is no folder of pictures for task {task.key}.",
        remedy="Name one with --data, or set SECOND_LOOK_DATA_ROOT to the folder that holds "
        f"{' or '.join(names) or 'it'}.",
    )


def name_of_folder(folder: Path) -> str:
    """Return how a version names a folder: below the data root, else without its place.

    A version travels; where its pictures lay on one computer says nothing on another.
    """
    root = settings().data_root
    if root is not None and folder.resolve().is_relative_to(root.resolve()):
        return folder.resolve().relative_to(root.resolve()).as_posix()
    return folder.resolve().name
