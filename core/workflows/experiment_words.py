"""Experiments to choose from, and what one does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.training.config import TrainingConfig
from core.training.experiments import Experiment, file_of, listed_experiments, resolve
from core.training.experiments.loader import OWN_FOLDER

_STRATEGIES = {
    "top": "{layers}",
    "head": "the head alone{solved}; the backbone stays as it is",
    "all": "every layer",
    "staged": "the head{head}, then {layers}",
}
_SAMPLING = {
    "group_even": "evenly over classes and their groups",
    "shuffle": "every picture in turn",
    "class_balanced": "classes cut and filled to one size",
}
_WEIGHED = {  # where the head is solved, all pictures count at once
    "group_even": "all, weighed evenly over classes and their groups",
    "shuffle": "all, weighed alike",
    "class_balanced": "all, weighed evenly over classes",
}
_KEPT = {
    "best": "best grouped macro F1, patience {patience}",
    "best_loss": "best validation log-loss, patience {patience}",
    "last": "the last weights",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An experiment file that can be chosen; ``kind`` is ours, published or yours."""

    key: str
    title: str
    kind: str
    text: str


def experiment_choices(task: str) -> list[Choice]:
    """Return the experiments of a task: ours, those that run published work again, the user's.

    A wrong file of the user's is left out: ``experiment_problems`` says what is wrong with it.
    """
    found = []
    for key, experiment in listed_experiments()[0].items():
        if experiment.task == task:
            path = file_of(key)
            text = path.read_text(encoding="utf-8")
            found.append(Choice(key, experiment.title, _kind(experiment, path), text))
    order = {"ours": 0, "published": 1, "yours": 2}
    return sorted(found, key=lambda choice: (order[choice.kind], choice.key))


def experiment_problems() -> tuple[TrainingError, ...]:
    """Return what is wrong with files of the user's own, whatever task they are of."""
    return listed_experiments()[1]


def _kind(experiment: Experiment, path: Path) -> str:
    if path.parent != OWN_FOLDER:
        return "yours"
    return "published" if experiment.published else "ours"


def experiment_rows_said(experiment: Experiment) -> list[tuple[str, str]]:
    """Return what an experiment does as (what, value) rows, defaults included.

    Raises
    ------
    CoreError
        If it cannot be resolved.
    """
    made = resolve(experiment)
    config, judged = made.config, experiment.validation
    folder = experiment.data.folder or "the task's own folder"
    if made.task.synthetic and experiment.data.folder is None:
        folder = f"{config.phantom_series:,} drawn series"
    limit = f", at most {experiment.data.limit:,} pictures" if experiment.data.limit else ""
    ways = [f"{judged.grouped_folds} grouped folds"] if judged.grouped_folds else []
    ways.append("own test part")
    if judged.left_out_column:
        ways.append(f"each {judged.left_out_column} left out")
    if judged.random_split:
        ways.append("random split, which leaks")
    return [
        ("Architecture", _architecture_said(config)),
        *([("Chosen for", ", ".join(experiment.also_for) + " too")] if experiment.also_for else []),
        ("Data", f"{folder}{limit}"),
        ("Recipe", " → ".join(made.recipe.names)),
        ("Trained", _strategy_said(config)),
        ("Epochs", _epochs_said(config)),
        ("Optimiser", _optimiser_said(config)),
        ("Loss", _loss_said(config)),
        ("Pictures drawn", _sampling_said(config)),
        ("Augmentation", _augmentation_said(config.augmentation_spec.to_data())),
        ("Kept", _KEPT[config.keep].format(patience=config.patience)),
        ("Answers", _answers_said(config)),
        (
            "Parts",
            ", ".join(f"{part} {_percent(share)}" for part, share in config.fractions.items()),
        ),
        ("Judged by", ", ".join(ways)),
        ("Seed", str(config.seed)),
    ]


def published_said(experiment: Experiment) -> list[str]:
    """Return what the published work claims and what is done otherwise here; none for our own."""
    told = experiment.published
    if told is None:
        return []
    figure = told.figure or "no figure stated"
    return [
        f"{_ended(told.project)} {_ended(told.protocol)}",
        f"Published figure: {_ended(figure)} {_ended(told.meaning)}",
        *told.differs,
    ]


def _ended(text: str) -> str:
    """Return a sentence with its full stop.

    >>> _ended("By lot"), _ended("By lot.")
    ('By lot.', 'By lot.')
    """
    return f"{text.rstrip('.')}."


def _architecture_said(config: TrainingConfig) -> str:
    said = f"{config.architecture}, {config.spec.title}"
    if config.end_layer:
        said += f" up to {config.end_layer}"
    beside = ", ".join(config.beside_layers)
    return said + (f", with the maps of {beside} beside the last" if beside else "")


def _strategy_said(config: TrainingConfig) -> str:
    freeze = config.freeze_until or config.spec.freeze_until
    if config.frozen_layers is not None:
        freeze = f"its lowest {config.frozen_layers} layers"
        if config.frozen_layers < 0:
            freeze = f"all but its last {-config.frozen_layers} layers"
    layers = f"the layers above {freeze}" if freeze and config.frozen_layers != 0 else "every layer"
    solved = ", solved by L-BFGS" if config.head_solver == "lbfgs" else ""
    said = _STRATEGIES[config.strategy].format(
        layers=layers, solved=solved, head=solved or f" for {config.head_epochs} epochs"
    )
    return f"{said}, from scratch" if config.weights == "none" else said


def _epochs_said(config: TrainingConfig) -> str:
    if _is_solved(config):
        return "none: solved at once"
    steps = config.steps_per_epoch
    each = "one pass over the pictures" if steps is None else f"{steps:,} steps"
    bound = "at most " if config.keeps_best else ""
    return f"{bound}{config.epochs:,}; in each {each}, in batches of {config.batch_size}"


def _optimiser_said(config: TrainingConfig) -> str:
    if _is_solved(config):
        return f"L-BFGS, penalty {config.head_penalty:g}"
    name = {"adamw": "AdamW", "sgd": f"SGD, momentum {config.momentum:g}"}[config.optimizer]
    dropped = f", dropout {config.dropout:g}" if config.dropout else ""
    return f"{name}, learning rate {config.learning_rate:g}, {config.schedule}{dropped}"


def _sampling_said(config: TrainingConfig) -> str:
    most = config.per_group
    said = (_WEIGHED if _is_solved(config) else _SAMPLING)[config.sampling]
    if config.strategy != "all":
        said += f"; {config.variants:,} stored versions of each"
    return said + ("" if most is None else f"; at most {most:,} of a group")


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _is_solved(config: TrainingConfig) -> bool:
    return config.strategy == "head" and config.head_solver == "lbfgs"


def _answers_said(config: TrainingConfig) -> str:
    said = "one view" if len(config.views) == 1 else f"mean of {len(config.views)} views"
    for finding, share in config.required_sensitivity.items():
        said += f"; ships a threshold that finds {_percent(share)} of {finding.replace('_', ' ')}"
    return said


def _loss_said(config: TrainingConfig) -> str:
    said = config.loss.replace("_", " ")
    if config.loss == "focal":
        said += f" (gamma {config.focal_gamma:g})"
    if config.label_smoothing:
        said += f", labels smoothed by {config.label_smoothing:g}"
    weights = config.class_weights
    if isinstance(weights, str):
        said += f", classes weighed {weights}"
    elif weights is not None:
        told = (f"{name.replace('_', ' ')} {weight:g}" for name, weight in weights.items())
        said += f", class weights {', '.join(told)}"
    return said + (f", mixup {config.mixup:g}" if config.mixup else "")


def _augmentation_said(data: Mapping[str, Any]) -> str:
    changes = [
        f"{key.replace('_', ' ')} {value:g}"
        for key, value in data.items()
        if key not in ("border", "probabilities", "cutout_side")
        and isinstance(value, int | float)
        and value
    ]
    return ", ".join(changes) or "none"
