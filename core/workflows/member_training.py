"""Members of an ensemble that are trained for it, each from its own experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ArgumentError
from core.inference.package import ModelVersion, check_new_name, version_names
from core.tasks import TaskSpec
from core.training.experiments import Experiment, load_experiment, read_experiment, resolve
from core.workflows.champions import find_version
from core.workflows.experiments import name_of_folder
from core.workflows.training import Listener, TrainingRequest, train

EXPERIMENT_FILE = "experiment.yaml"


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """A member to be: its experiment, by key or file, and the name of its version."""

    experiment: str
    version: str


def plan_members(
    experiments: Sequence[str], *, task: TaskSpec, name: str
) -> tuple[MemberPlan, ...]:
    """Return the members of the ensemble ``name``, and refuse what could not become one.

    A version that was trained from the same experiment, with the settings that it has now, is taken
    as it is, so a command that was interrupted goes on when it is given again.

    Raises
    ------
    TaskError, TrainingError, ModelVersionError
        If there is no such experiment, or a member cannot have its name.
    ArgumentError
        If an experiment is of another task, is named twice or has no grouped folds, on which the
        combination is fitted.
    """
    plans = []
    for named in experiments:
        experiment = load_experiment(named)
        _check(experiment, task)
        version = f"{name}-{experiment.key}"
        if version in version_names(task.key):
            _check_same(find_version(task.key, version), experiment)
        else:
            check_new_name(task.key, version, option="--name")
        plans.append(MemberPlan(named, version))
    if len({plan.version for plan in plans}) < len(plans):
        raise ArgumentError(
            f"An experiment is named twice: {', '.join(experiments)}.", remedy="Name each once."
        )
    return tuple(plans)


def train_members(
    plans: Sequence[MemberPlan], *, task: TaskSpec, listener: Listener
) -> tuple[str, ...]:
    """Train the members that are not there yet; return the names of all, in their order.

    Raises
    ------
    TaskError, DatasetError, TrainingError, ModelVersionError
        As ``train``; members that were written before stay.
    """
    for plan in plans:
        if plan.version in version_names(task.key):
            listener.on_note(f"{plan.version} is there already.")
        else:
            train(
                TrainingRequest(experiment=plan.experiment, version=plan.version),
                listener=listener,
            )
    return tuple(plan.version for plan in plans)


def _check(experiment: Experiment, task: TaskSpec) -> None:
    if experiment.task != task.key:
        raise ArgumentError(
            f"Experiment {experiment.key} is of task {experiment.task}, not {task.key}.",
            remedy="Name experiments of one task.",
        )
    if experiment.validation.grouped_folds is None:
        raise ArgumentError(
            f"Experiment {experiment.key} is judged by no grouped folds, and what combines members "
            "is fitted on these.",
            remedy="Set validation.grouped_folds, to 5 for instance.",
        )


def _check_same(version: ModelVersion, experiment: Experiment) -> None:
    """Refuse a version that is there and was trained otherwise than the experiment says now."""
    path = version.path / EXPERIMENT_FILE
    if not path.is_file():
        told = "by another way of making it"
    else:
        made_of = read_experiment(path)
        differ = _differences(made_of, experiment)
        if not differ:
            return
        told = f"of {made_of.key}" if made_of.key != experiment.key else "of other settings"
        told += f" ({', '.join(differ)})"
    raise ArgumentError(
        f"{version.name} is there already, {told}.", remedy="Choose another --name."
    )


def _differences(stored: Experiment, asked: Experiment) -> list[str]:
    """Return the keys by which two experiments differ; words and what a run has found are none."""
    first, second = (_deciding(resolve(each).experiment) for each in (stored, asked))
    if "end_layer" in first and second.get("end_layer") in (None, "null"):
        second["end_layer"] = first["end_layer"]  # where the weight file ended
    return sorted(key for key in {*first, *second} if first.get(key) != second.get(key))


def _deciding(experiment: Experiment) -> dict[str, Any]:
    """Return what decides a run, key by key."""
    said = experiment.to_data()
    for key in ("title", "published", "also_for", "backbone_sha256"):
        said.pop(key, None)
    folder = experiment.data.folder
    said["data"] = {
        "folder": name_of_folder(Path(folder)) if folder else None,
        "limit": experiment.data.limit,
        "series": experiment.data.series,
    }
    training = said.pop("training")
    return {**said, **training}
