"""From an experiment to everything a run needs: complete settings, complete recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import RecipeError, TrainingError
from core.preprocessing import Recipe
from core.preprocessing.steps import STEPS
from core.tasks import TaskSpec, load_task
from core.training.config import TrainingConfig, read_config
from core.training.experiments.spec import PLACES, DataSpec, Experiment, ValidationSpec
from core.training.task_checks import check_settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment with nothing left open.

    ``experiment`` is the same experiment with every setting written out: read again, it gives the
    same ``config`` and ``recipe`` whatever the defaults are by then.
    """

    experiment: Experiment
    task: TaskSpec
    config: TrainingConfig
    recipe: Recipe


def resolve(experiment: Experiment, *, changes: Mapping[str, Any] | None = None) -> Resolved:
    """Return the complete experiment.

    Parameters
    ----------
    experiment : Experiment
    changes : mapping or None
        Training settings that win over the experiment's.

    Raises
    ------
    TaskError, TrainingError, DatasetError, RecipeError
        If task, architecture, a setting, a kind of augmentation or a step does not exist, or a
        value is not allowed, be it for this task alone.
    """
    task = load_task(experiment.task)
    recipe = _recipe(experiment, task)
    config = read_config(experiment.architecture, given=_given(experiment), changes=changes)
    _check_size(config, recipe)
    has_folds = experiment.validation.grouped_folds is not None
    check_settings(config, task, has_folds=has_folds)
    config = config.model_copy(update={"augmentation": config.augmentation_spec.to_data()})
    return Resolved(_complete(experiment, config, recipe, task), task, config, recipe)


def _given(experiment: Experiment) -> dict[str, Any]:
    """Return the settings that the file makes, wherever in it they stand."""
    given = {**experiment.training, "seed": experiment.seed}
    if experiment.augmentation is not None:
        given["augmentation"] = experiment.augmentation
    if experiment.validation.fractions is not None:
        given["fractions"] = experiment.validation.fractions
    if experiment.data.series is not None:
        given["phantom_series"] = experiment.data.series
    return given


def _recipe(experiment: Experiment, task: TaskSpec) -> Recipe:
    """Return the recipe, ending in the size that the experiment wants.

    The step is added, never exchanged: pictures that carry the task's own resize step already must
    come out the same as those that do not.
    """
    own = Recipe.from_task(task)
    recipe = own if experiment.recipe is None else Recipe.from_data(experiment.recipe)
    side, size = experiment.input_size, recipe.output_size
    if size is None and side is None:
        raise RecipeError(
            "The recipe does not fix the size of pictures.",
            remedy="Add a resize step, or give input_size.",
            column="recipe",
        )
    if side is None or size == (side, side):
        return recipe
    is_larger = size is not None and side > min(size)
    name = f"resize_{'lanczos' if is_larger else 'area'}_{side}"
    if name not in STEPS:
        raise TrainingError(
            f"input_size is {side}, for which there is no step.",
            remedy=f"Steps: {', '.join(STEPS)}.",
            column="input_size",
        )
    return Recipe((*recipe.steps, STEPS[name]))


def _check_size(config: TrainingConfig, recipe: Recipe) -> None:
    least, size = config.spec.least_side, recipe.output_size
    if size is not None and min(size) < least:
        raise TrainingError(
            f"{config.spec.title} takes no pictures below {least} x {least}; the recipe ends in "
            f"{size[0]} x {size[1]}.",
            remedy="Give a larger input_size, or another architecture.",
            column="input_size",
        )


def _complete(
    experiment: Experiment, config: TrainingConfig, recipe: Recipe, task: TaskSpec
) -> Experiment:
    settings = config.model_dump(mode="json")
    rows, columns = recipe.output_size or (0, 0)
    kept = experiment.validation
    return Experiment(
        key=experiment.key,
        title=experiment.title,
        published=experiment.published,
        task=task.key,
        architecture=config.architecture,
        recipe=tuple(recipe.to_data()),
        input_size=rows if rows == columns else None,
        training={key: value for key, value in settings.items() if key not in PLACES},
        augmentation=config.augmentation,
        validation=ValidationSpec(
            grouped_folds=kept.grouped_folds,
            left_out_column=kept.left_out_column,
            random_split=kept.random_split,
            fractions=config.fractions,
        ),
        seed=config.seed,
        data=DataSpec(
            folder=experiment.data.folder,
            limit=experiment.data.limit,
            series=config.phantom_series if task.synthetic else None,
            fingerprint=experiment.data.fingerprint,
        ),
        backbone_sha256=experiment.backbone_sha256,
    )
