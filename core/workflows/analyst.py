"""A task with a version that is ready to answer: found, verified, compiled, its recipe read."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.inference.package import ModelVersion
from core.inference.ready import ReadyVersion, no_single_network, ready_version
from core.preprocessing import Recipe
from core.tasks import TaskSpec, load_task
from core.workflows.answering import Answering, NetworkAnswering, recipe_of
from core.workflows.champions import find_version
from core.workflows.points import PointsInForce, points_in_force


@dataclass(frozen=True, slots=True, eq=False)
class Analyst:
    """A task with a version that is ready to answer; make one with ``open_analyst``."""

    task: TaskSpec
    answering: Answering
    points: PointsInForce = field(default_factory=PointsInForce)

    @property
    def version(self) -> ModelVersion:
        """The model version."""
        return self.answering.version

    @property
    def version_name(self) -> str:
        """Name of the model version."""
        return self.version.name

    @property
    def digest(self) -> str:
        """Digest of the model version, for the keys of caches."""
        return self.version.digest

    @property
    def ready(self) -> ReadyVersion:
        """The one network that answers, for what looks inside it.

        Raises
        ------
        ModelVersionError
            If the version is an ensemble.
        """
        return self._network.ready

    @property
    def recipe(self) -> Recipe:
        """The recipe of the one network.

        Raises
        ------
        ModelVersionError
            If the version is an ensemble: each member has its own.
        """
        return self._network.recipe

    @property
    def _network(self) -> NetworkAnswering:
        if not isinstance(self.answering, NetworkAnswering):
            raise no_single_network(self.version)
        return self.answering


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
    answering = _answering(found, spec)
    points = points_in_force(found.digest, answering.calibration.operating_points)
    return Analyst(spec, answering, points)


def _answering(version: ModelVersion, task: TaskSpec) -> Answering:
    if version.card.ensemble is None:
        return NetworkAnswering(ready_version(version, task), recipe_of(version.card))
    from core.workflows.ensemble_answering import EnsembleAnswering, open_ensemble

    return EnsembleAnswering(open_ensemble(version, task))
