"""HEAVY: time fits beside the plain way of doing the same, and watch the memory of one.

Every comparison runs the same fit of the same network on the same draws; only what the trained part
takes differs: stored features or whole pictures, batches as they are made or kept in memory.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import psutil
from numpy.typing import NDArray

from core.domain import FloatArray
from core.training.config import TrainingConfig
from core.training.fit import FitPlan, fit_tail
from core.training.job import Listener, TrainingJob
from core.training.sources import Source
from core.training.tail import tail_of
from core.training.workbench import Workbench

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timed:
    """A fit: seconds of its epochs, and the validation loss after each of them."""

    seconds: list[float]
    curve: list[float]


class HeadOnly:
    """Fits of the head alone: over stored features, or by Keras on pictures.

    Parameters
    ----------
    job : TrainingJob
        With strategy ``head``; without augmentation both ways see the very same.
    """

    def __init__(self, job: TrainingJob) -> None:
        self.bench, self.job = Workbench(job), job

    def stored(self, seed: int) -> Timed:
        """Fit over the features, which are computed before the first epoch unless stored."""
        return self._fit(seed, self.bench.stages[-1].cut)

    def on_pictures(self, seed: int) -> Timed:
        """Fit the same head with the backbone below it in every step."""
        return self._fit(seed, None)

    def _fit(self, seed: int, cut: str | None) -> Timed:
        network = self.bench.network(seed=seed)
        plan = self.bench.plan(self.job.rows("train"), self.job.rows("validation"), label="bench")
        config = self.job.config.model_copy(update={"seed": seed})
        source = self.bench.source(cut)
        return _timed(tail_of(network, cut), self.bench, plan, source=source, config=config)


class FineTuning:
    """Fits of a whole network, on pictures augmented as they come or on a batch in memory.

    Parameters
    ----------
    job : TrainingJob
        With strategy ``all`` and ``keep: last``: nothing but steps is timed.
    """

    def __init__(self, job: TrainingJob) -> None:
        self.bench, self.job = Workbench(job), job
        self.network = self.bench.network(seed=job.config.seed)
        self.plan = self.bench.plan(job.rows("train"), np.zeros(0, np.int64), label="bench")

    def as_made(self) -> Timed:
        """Fit on pictures augmented while the steps run."""
        return self._fit(self.bench.source(None))

    def in_memory(self) -> Timed:
        """Fit on one batch that lies in memory: steps and nothing else."""
        rows = np.resize(self.plan.train, self.job.config.batch_size)
        return self._fit(_Held(self.job.data.batch(rows)))

    def _fit(self, source: Source) -> Timed:
        return _timed(self.network, self.bench, self.plan, source=source, config=self.job.config)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Gives the same batch whichever rows are asked for."""

    batch: FloatArray

    def draw(self, rows: Rows, rng: np.random.Generator) -> FloatArray:
        del rng
        return self.batch[: len(rows)]

    def clean(self, rows: Rows) -> FloatArray:
        return self.batch[: len(rows)]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a whole fit took of this process: bytes resident after each epoch, and the most ever.

    ``seconds`` are those of the epochs.
    """

    resident: list[int]
    peak: int
    seconds: list[float]


def memory_of(job: TrainingJob) -> Memory:
    """Fit a network as a run does; the process should have done nothing else before.

    Stages of a fit hold other things in memory: compare epochs of the same one.
    """
    resident, seconds, process = [], [], psutil.Process()

    def note(line: dict[str, Any]) -> None:
        resident.append(int(process.memory_info().rss))
        seconds.append(float(line["seconds"]))

    bench = Workbench(replace(job, listener=replace(job.listener, on_epoch=note)))
    network = bench.network(seed=job.config.seed)
    bench.fit(network, bench.plan(job.rows("train"), job.rows("validation"), label="memory"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Memory(resident, peak if sys.platform == "darwin" else peak * 1024, seconds)


def _timed(
    tail: keras.Model, bench: Workbench, plan: FitPlan, *, source: Source, config: TrainingConfig
) -> Timed:
    lines: list[dict[str, Any]] = []
    unkept = replace(plan, state_path=None)
    listener = Listener(on_epoch=lines.append)
    fit_tail(tail, bench.data, unkept, source=source, config=config, listener=listener)
    seconds = [float(line["seconds"]) for line in lines]
    return Timed(seconds, [float(line["nll"]) for line in lines if "nll" in line])
