"""A recipe and an augmentation tried on one picture, before a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.augmentation import AugmentationSpec, augment
from core.domain import ByteArray
from core.errors import ArgumentError
from core.preprocessing import Recipe
from core.tasks import TaskSpec
from core.tasks.validation import read_yaml

__all__ = [
    "AS_READ",
    "MOST_VERSIONS",
    "Preview",
    "PreviewPlan",
    "Stage",
    "plan_preview",
    "preview_picture",
]

AS_READ = "as_read"
MOST_VERSIONS = 64


@dataclass(frozen=True, slots=True)
class PreviewPlan:
    """What is tried.

    Attributes
    ----------
    recipe : Recipe
    augmentation : AugmentationSpec
    n : int in [0, 64]
        How many augmented versions are drawn.
    seed : int
        Version i is drawn from (seed, i): asking for more leaves the first ones as they are.
    is_grey : bool
        Whether the task's pictures are grey: training then augments one channel.
    """

    recipe: Recipe
    augmentation: AugmentationSpec
    n: int = 8
    seed: int = 0
    is_grey: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.n <= MOST_VERSIONS:
            raise ArgumentError(
                f"{self.n} augmented versions were asked for.",
                remedy=f"Ask for 0 to {MOST_VERSIONS}.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A picture after one step.

    ``step`` : full name, or ``as_read`` for what came before the first; ``pixels`` : (rows,
    columns) or (rows, columns, 3) uint8; ``note`` : why the step changed nothing, else empty.
    """

    step: str
    pixels: ByteArray
    note: str = ""

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What a recipe and an augmentation do to one picture.

    Attributes
    ----------
    plan : PreviewPlan
    stages : tuple of Stage
        As read, then after every step that ran; the last is what a model sees.
    steps_left_out : tuple of str
        Steps that the picture carries already.
    augmented : tuple of ndarray of shape (rows, columns, 3), uint8
        Versions of the last stage, as training draws them.
    """

    plan: PreviewPlan
    stages: tuple[Stage, ...]
    steps_left_out: tuple[str, ...]
    augmented: tuple[ByteArray, ...]

    def __post_init__(self) -> None:
        for pixels in self.augmented:
            pixels.setflags(write=False)


def plan_preview(
    task: TaskSpec,
    *,
    recipe: Path | None = None,
    augmentation: Path | None = None,
    n: int = 8,
    seed: int = 0,
) -> PreviewPlan:
    """Return what to try: the task's own recipe and augmentation, or those of YAML files.

    Parameters
    ----------
    task : TaskSpec
    recipe, augmentation : Path or None
        A list of steps; keys and values. Where the file holds a key ``recipe`` or
        ``augmentation``, as task and experiment files do, what stands there is taken.
    n, seed : int
        See :class:`PreviewPlan`.

    Raises
    ------
    ArgumentError
        If a file cannot be read, or n is out of range.
    RecipeError, DatasetError
        If what it holds is no recipe or augmentation.
    """
    is_grey = task.colour == "grey"
    steps = Recipe.from_task(task) if recipe is None else _read_recipe(recipe)
    changes = _of_task(task) if augmentation is None else _read_augmentation(augmentation)
    return PreviewPlan(steps, changes, n=n, seed=seed, is_grey=is_grey)


def preview_picture(
    pixels: ByteArray, plan: PreviewPlan, *, already_applied: tuple[str, ...] = ()
) -> Preview:
    """Run the recipe step by step and draw the augmented versions of the result.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        As intake reads them; left unchanged.
    plan : PreviewPlan
    already_applied : tuple of str
        Steps that the picture carries already.

    Raises
    ------
    RecipeError
        If a step cannot work on the picture, or the picture does not carry what it is said to.
    """
    seen = plan.recipe.apply(pixels, already_applied=already_applied)
    stages = [Stage(AS_READ, pixels.copy())]
    before = pixels
    for step, after in plan.recipe.stages(pixels, already_applied=already_applied):
        note = step.when_unchanged if after is before else ""
        stages.append(Stage(step.name, after.copy(), note))
        before = after
    source = seen.pixels[:, :, 1] if plan.is_grey else seen.pixels
    versions = []
    for index in range(plan.n):
        drawn = augment(source, plan.augmentation, np.random.default_rng([plan.seed, index]))
        versions.append(drawn if drawn.ndim == 3 else np.repeat(drawn[:, :, None], 3, axis=2))
    return Preview(plan, tuple(stages), seen.steps_left_out, tuple(versions))


def _of_task(task: TaskSpec) -> AugmentationSpec:
    """Return the augmentation of the task's own experiment; none where it has none."""
    from core.architectures import ARCHITECTURES
    from core.training.experiments import experiment_for, resolve

    own = experiment_for(task.key, next(iter(ARCHITECTURES)))
    return resolve(own).config.augmentation_spec


def _read_recipe(path: Path) -> Recipe:
    content = _within(read_yaml(path, error=ArgumentError), "recipe")
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise ArgumentError(
            f"{path.name} holds no list of steps.",
            remedy="Write one step a line: - {step: resize_area, parameters: {rows: 224, "
            "columns: 224}}.",
        )
    return Recipe.from_data(content)


def _read_augmentation(path: Path) -> AugmentationSpec:
    content = _within(read_yaml(path, error=ArgumentError), "augmentation")
    if not isinstance(content, dict):
        raise ArgumentError(
            f"{path.name} holds no augmentation.",
            remedy="Write one `key: value` a line, such as `rotation_degrees: 10`.",
        )
    return AugmentationSpec.from_data(content)


def _within(content: Any, key: str) -> Any:
    return content[key] if isinstance(content, dict) and key in content else content
