"""A task with a version that is ready to answer: found, verified, compiled, its recipe read."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import ModelVersionError, RecipeError
from core.inference.ready import ReadyVersion, ready_version
from core.preprocessing import Recipe
from core.tasks import TaskSpec, load_task
from core.workflows.champions import find_version
from core.workflows.points import PointsInForce, points_in_force


@dataclass(frozen=True, slots=True, eq=False)
class Analyst:
    """A task with a version that is ready to answer; make one with ``open_analyst``."""

    task: TaskSpec
    ready: ReadyVersion
    recipe: Recipe
    points: PointsInForce = field(default_factory=PointsInForce)

    @property
    def version_name(self) -> str:
        """Name of the model version."""
        return self.ready.version.name

    @property
    def digest(self) -> str:
        """Digest of the model version, for the keys of caches."""
        return self.ready.version.digest


def open_analyst(task: str, version: str | None = None) -> Analyst:
    """Return the task's version, loaded and checked; cheap after the first call in a process.

    Raises
    ------
    TaskError
        If there is no such task.
    ModelVersionError
        If no usable version is installed, or its recipe is not one this product can follow.
    PersistenceError
        If what was recorded cannot be read: which findings to flag is then unknown.
    """
    spec = load_task(task)
    found = find_version(spec.key, version)
    ready = ready_version(found, spec)
    card = found.card
    try:
        recipe = Recipe.from_data(card.recipe)
    except RecipeError as error:
        raise ModelVersionError(
            f"The recipe of model version {card.version} cannot be followed: {error.problem}",
            remedy=error.remedy,
        ) from None
    if recipe.fingerprint != card.recipe_fingerprint or recipe.output_size != card.input_size:
        raise ModelVersionError(
            f"The recipe of model version {card.version} is not the one it was trained with.",
            remedy="Use the release that the model was trained with, or train the model again.",
        )
    points = points_in_force(found.digest, ready.calibration.operating_points)
    return Analyst(spec, ready, recipe, points)
