"""What a training run is asked to do, as one value, and how it tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.left_out import LeftOut
from core.datasets.manifest import Manifest
from core.datasets.splits import Split
from core.errors import TrainingError
from core.preprocessing import Recipe
from core.tasks import TaskSpec
from core.training.config import TrainingConfig
from core.training.experiments.spec import Experiment
from core.training.forward import Progress
from core.training.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run reads and writes; ``backbones`` None lets Keras download."""

    home: Path
    models: Path
    backbones: Path | None = None

    @property
    def cache(self) -> Path:
        """Stored maps of frozen blocks."""
        return self.home / "cache" / "maps"

    def state(self, run_key: str) -> Path:
        """Folder of the states of a run that may be killed."""
        return self.home / "training" / run_key


@dataclass(frozen=True, slots=True)
class Listener:
    """Told what happens: one line an epoch, progress of long passes, sentences for a person.

    ``on_plan`` is told the names of all fits once they are known, in their order.
    """

    on_epoch: Callable[[dict[str, Any]], None] = lambda line: None
    on_progress: Progress = lambda what, done, total: None
    on_note: Callable[[str], None] = lambda sentence: None
    on_plan: Callable[[tuple[str, ...]], None] = lambda fits: None


FINAL, RANDOM_SPLIT = "final", "random split"


def fold_fit(fold: int, n_folds: int) -> str:
    """Return the name of the fit without a fold, counted from 0.

    >>> fold_fit(0, 5)
    'fold 1 of 5'
    """
    return f"fold {fold + 1} of {n_folds}"


def left_out_fit(place: int, n_values: int) -> str:
    """Return the name of the fit without a value of a column, counted from 0.

    >>> left_out_fit(2, 3)
    'left out 3 of 3'
    """
    return f"left out {place + 1} of {n_values}"


def steps_of(fit: str) -> str:
    """Return what the steps within an epoch of a fit are called where progress is told.

    >>> steps_of("fold 1 of 5")
    'fold 1 of 5, steps of this epoch'
    """
    return f"{fit}, steps of this epoch"


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """A training run.

    Attributes
    ----------
    task : TaskSpec
    recipe : Recipe
        What the pixels of ``data`` went through.
    manifest : Manifest
        Row by row the pictures of ``data``.
    data : TrainingSet
    config : TrainingConfig
    version : str
        Name of the model version to write.
    split : Split
        Which pictures are fitted on, stopped by, calibrated on and tested on.
    folders : Folders
    folds : ndarray of shape (n,), int64, or None
        Grouped folds for the out-of-fold run; None leaves it out.
    left_out : LeftOut or None
        Values of a slice column that are left out one after the other; None measures none.
    with_random_split : bool
        Measure the leaking figure too.
    listener : Listener
    experiment : Experiment or None
        What the run came from, complete, with the fingerprint of the data: stored in the version.
    begun : float
        ``time.monotonic()`` when this start of the run began, before its pictures were read.
    """

    task: TaskSpec
    recipe: Recipe
    manifest: Manifest
    data: TrainingSet
    config: TrainingConfig
    version: str
    split: Split
    folders: Folders
    folds: NDArray[np.int64] | None = None
    left_out: LeftOut | None = None
    with_random_split: bool = False
    listener: Listener = field(default_factory=Listener)
    experiment: Experiment | None = None
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if len(self.data) != len(self.manifest) or len(self.split.parts) != len(self.data):
            raise TrainingError(
                f"{len(self.data)} pictures, {len(self.manifest)} rows of the manifest and "
                f"{len(self.split.parts)} of the split do not fit together.",
                remedy="Make all three from the same readable pictures.",
            )

    @property
    def n_folds(self) -> int:
        """How many folds there are; 0 without."""
        return 0 if self.folds is None else int(self.folds.max()) + 1

    @property
    def fits(self) -> tuple[str, ...]:
        """The names of all fits, in their order."""
        n_values = len(self.left_out.names) if self.left_out else 0
        return (
            *(fold_fit(fold, self.n_folds) for fold in range(self.n_folds)),
            FINAL,
            *(left_out_fit(place, n_values) for place in range(n_values)),
            *([RANDOM_SPLIT] if self.with_random_split else []),
        )

    def rows(self, *parts: str) -> NDArray[np.int64]:
        """Return the rows of parts of the split, ascending."""
        return np.sort(np.concatenate([self.split.rows(part) for part in parts]))

    @property
    def fitted_parts(self) -> tuple[str, ...]:
        """Parts of the split that the shipped weights are fitted on.

        Where out-of-fold outputs calibrate, the calibration part is free to train on (unless the
        gate needs it, because its layer is trained too); where the last weights are kept, so is the
        validation part.
        """
        parts = ["train"]
        if not self.config.keeps_best:
            parts.append("validation")
        if self.folds is not None and self.config.is_stem_frozen:
            parts.append("calibration")
        return tuple(parts)
