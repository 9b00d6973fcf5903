"""``bench training``: what a fit costs beside plain Keras, and what it takes of the memory.

Ours and theirs are the same fit on the same draws and take turns; the first epoch of every fit
traces and compiles and is left out. Ratios are of medians, but for the step rate: a machine that
lends its cores runs now at one speed, now at half as much more, for seconds on end, and two medians
may fall on different speeds. There the ratio is the median of those of neighbouring turns.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.config import ROOT, settings
from core.datasets.manifest import Manifest
from core.datasets.splits import make_split
from core.errors import TrainingError
from core.preprocessing import Recipe
from core.tasks import load_task
from core.training.experiments import experiment_for, resolve
from core.training.job import Folders, Listener, TrainingJob
from core.training.training_set import TrainingSet
from core.workflows.benchmarking import Progress, Row, row_of
from core.workflows.training import TrainingRequest, prepare

if TYPE_CHECKING:
    from core.training.stopwatch import Timed

HEAD_TARGET, STEP_RATE_TARGET = 10.0, 0.95
GROWTH_TARGET, MEMORY_BYTES = 1.05, 6_000_000_000
KIDNEY_PICTURES, KIDNEY_GROUPS = 10_930, 169
SETTLED = 2  # epochs on pictures after which the memory should be flat
# Both ways of fitting a head see the very same, and nothing but the weights is drawn anew.
HEAD = {"strategy": "head", "augmentation": {}, "variants": 1, "dropout": 0.0, "keep": "best"}
# Of every fine-tuned fit the second epoch is timed: turns as near each other as can be.
FINE = {"strategy": "all", "keep": "last", "learning_rate": 1e-5, "dropout": 0.0, "epochs": 2}
FINE_TURNS = 4  # a round
STAGED = {"strategy": "staged", "frozen_layers": 0, "keep": "best"}
HEAD_EPOCHS, FINE_EPOCHS = 2, 6  # of the fit whose memory is measured


@dataclasses.dataclass(frozen=True, slots=True)
class TrainingBench:
    """What is measured on.

    Attributes
    ----------
    task, architecture : str
    limit : int
        Pictures of the task for the timed fits.
    n_pictures : int
        Drawn pictures, of the size of kidney_ct's, for the memory.
    rounds : int
        Seeds, and turns, of every comparison; at least 2 tell noise from difference.
    epochs, steps, batch_size : int
        Of every fit.
    """

    task: str = "phantom_ct"
    architecture: str = "mobilenet"
    limit: int = 400
    n_pictures: int = KIDNEY_PICTURES
    rounds: int = 3
    epochs: int = 4
    steps: int = 12
    batch_size: int = 32

    @property
    def changes(self) -> dict[str, Any]:
        """Settings of every fit."""
        return {
            "epochs": self.epochs,
            "steps_per_epoch": self.steps,
            "batch_size": self.batch_size,
            "patience": 1000,
        }


def run_training_bench(bench: TrainingBench, *, progress: Progress | None = None) -> dict[str, Row]:
    """Return the speed figures of training, with raw samples.

    Returns
    -------
    dict of name to {ratio, target, met, ours_s, theirs_s, ...}
        ``keras_fit_over_head_only`` (seconds of an epoch, at least; met only if the validation
        curves differ by no more than those of two seeds do), ``step_rate_over_memory`` (steps a
        second on augmented pictures over those on a batch in memory, at least; of neighbours in
        time), ``memory_growth``
        (resident after the last epoch over after the second, at most), ``memory_of_kidney_set``
        (most resident over 6 GB, at most).

    Raises
    ------
    TrainingError, DatasetError
        If the task has no pictures or the architecture no weights.
    """
    tell = progress or (lambda _: None)
    tell("the head alone, on stored features and by Keras on pictures")
    rows = {"keras_fit_over_head_only": _head_row(bench)}
    tell("the whole network, on augmented pictures and on a batch in memory")
    rows["step_rate_over_memory"] = _step_row(bench)
    tell(f"memory of a fit on {bench.n_pictures} pictures: some minutes")
    return rows | _memory_rows(bench)


def _job(bench: TrainingBench, folder: str, changes: dict[str, Any]) -> TrainingJob:
    """Return a job on the task's pictures whose stored features go with ``folder``."""
    asked = TrainingRequest(
        bench.task,
        bench.architecture,
        version="bench",
        limit=bench.limit,
        n_folds=0,
        with_random_split=False,
        changes={**bench.changes, **changes},
    )
    folders = Folders(Path(folder), Path(folder), settings().backbones)
    return dataclasses.replace(prepare(asked, listener=Listener()), folders=folders)


def _head_row(bench: TrainingBench) -> Row:
    from core.training.stopwatch import HeadOnly

    with tempfile.TemporaryDirectory() as folder:
        fits = HeadOnly(_job(bench, folder, HEAD))
        ours, theirs = [], []
        for seed in range(bench.rounds):
            ours.append(fits.stored(seed))
            theirs.append(fits.on_pictures(seed))
    row = row_of(_later(ours), _later(theirs), target=HEAD_TARGET, faster=True)
    curves = [[timed.curve for timed in fits] for fits in (ours, theirs)]
    difference = max(_apart(*pair) for pair in zip(*curves, strict=True))
    noise = max((_apart(*pair) for pair in itertools.combinations(curves[1], 2)), default=0.0)
    row["met"] = bool(row["met"]) and difference <= noise
    return row | {
        "curve_difference": difference,
        "curve_noise": noise,
        "ours_curves": curves[0],
        "theirs_curves": curves[1],
    }


def _step_row(bench: TrainingBench) -> Row:
    from core.training.stopwatch import FineTuning

    with tempfile.TemporaryDirectory() as folder:
        fits = FineTuning(_job(bench, folder, FINE))
        ours: list[Timed] = []
        theirs: list[Timed] = []
        for number in range(FINE_TURNS * bench.rounds):
            turns = [(fits.as_made, ours), (fits.in_memory, theirs)]
            for fit, samples in turns if number % 2 else reversed(turns):
                samples.append(fit())
    return paired(row_of(_later(ours), _later(theirs), target=STEP_RATE_TARGET, faster=True))


def paired(row: Row) -> Row:
    """Return ``row``, of a speed that must be reached, with the median ratio of its turns."""
    turns = zip(row["ours_s"], row["theirs_s"], strict=True)
    ratio = statistics.median(theirs / ours for ours, theirs in turns)
    return row | {"ratio": ratio, "met": ratio >= row["target"]}


def _later(fits: list[Timed]) -> list[float]:
    """Return the seconds of every epoch but the first of each fit."""
    return [seconds for timed in fits for seconds in timed.seconds[1:]]


def _apart(one: list[float], other: list[float]) -> float:
    """Return the mean distance of two validation curves."""
    return float(np.mean(np.abs(np.subtract(one, other))))


def _memory_rows(bench: TrainingBench) -> dict[str, Row]:
    """Fit in a process of its own, so that nothing else is in its memory."""
    code = "import sys; from core.workflows.benchmarking_training import tell_memory; "
    code += f"tell_memory({bench.architecture!r}, {bench.n_pictures}, {bench.changes!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise TrainingError(
            f"The fit whose memory is measured ended with exit code {done.returncode}: "
            f"{done.stderr.strip().splitlines()[-1:]}.",
            remedy="Free some memory, or measure fewer pictures with --pictures.",
        )
    found = json.loads(done.stdout.splitlines()[-1])
    after = found["resident"][HEAD_EPOCHS:]
    samples = {"ours_s": found["seconds"], "theirs_s": [], "n_pictures": bench.n_pictures}
    return {
        name: {"ratio": ratio, "target": target, "met": ratio <= target, **samples, **found}
        for name, ratio, target in (
            ("memory_growth", after[-1] / after[SETTLED - 1], GROWTH_TARGET),
            ("memory_of_kidney_set", found["peak"] / MEMORY_BYTES, 1.0),
        )
    }


def tell_memory(architecture: str, n_pictures: int, changes: Mapping[str, Any]) -> None:
    """Fit on drawn pictures and answer what it took as JSON: for a process of its own."""
    from core.training.stopwatch import memory_of

    with tempfile.TemporaryDirectory() as folder:
        job = drawn_job(architecture, n_pictures, Path(folder), changes=changes)
        sys.stdout.write(json.dumps(dataclasses.asdict(memory_of(job))) + "\n")


def drawn_job(
    architecture: str, n_pictures: int, folder: Path, *, changes: Mapping[str, Any]
) -> TrainingJob:
    """Return a job of kidney_ct's shape: as many pictures as asked for, of as many series.

    Noise serves: what a picture shows changes neither memory nor time. The head is fitted on
    stored features of all of them, then the whole network on pictures.
    """
    task, rng = load_task("kidney_ct"), np.random.default_rng(0)
    recipe = Recipe.from_task(task)
    y_true = np.arange(n_pictures) % len(task.class_names)
    group = [f"series {row * KIDNEY_GROUPS // n_pictures}" for row in range(n_pictures)]
    file = [f"{row:05d}.png" for row in range(n_pictures)]
    names = np.array(task.class_names, object)[y_true]
    frame = pd.DataFrame({"file": file, "label": names, "group": group}).astype(object)
    manifest = Manifest(Path(), task, frame, "column", name="noise", licence="none")
    own = {"head_epochs": HEAD_EPOCHS, "epochs": FINE_EPOCHS, "per_group": None, "variants": 1}
    config = resolve(
        experiment_for(task.key, architecture), changes={**changes, **STAGED, **own}
    ).config
    rows, columns = recipe.output_size or config.spec.input_size
    data = TrainingSet(
        pixels=rng.integers(0, 256, (n_pictures, rows, columns), np.uint8),
        y_true=np.asarray(y_true, np.int64),
        group=frame["group"].to_numpy(),
        file=frame["file"].to_numpy(),
        class_names=task.class_names,
    )
    split = make_split(manifest, seed=0, fractions=config.fractions)
    folders = Folders(folder, folder, settings().backbones)
    return TrainingJob(task, recipe, manifest, data, config, "bench", split, folders)
