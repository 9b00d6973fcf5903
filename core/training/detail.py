"""HEAVY: train the detail branch on slices with drawn stones, cell by cell.

Its context comes from the frozen stem, run in the inference engine; the branch is small, so that
this takes minutes on two cores.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray

from core.datasets.drawn_stones import StoneBox
from core.datasets.pasting import PastingSpec, paste
from core.domain import FloatArray
from core.errors import TrainingError
from core.training.cache import STEM_OUTPUT
from core.training.config import DetailConfig
from core.training.forward import Forward
from core.training.state import save_arrays
from core.training.training_set import TrainingSet, as_batch

_Made = TypeVar("_Made")
Told = Callable[[int, int, float], None]
REPORT_EVERY = 50
POSITIVE_WEIGHT = 4.0  # of a cell with a stone


@dataclass(frozen=True, slots=True, eq=False)
class DetailData:
    """What a detector is taught with: rows of a set, the stem, and how stones are drawn.

    ``rows`` must not hold pictures with findings at places nobody marked.
    """

    data: TrainingSet
    rows: NDArray[np.int64]
    stem: Path
    pasting: PastingSpec


def teachable(data: TrainingSet, rows: NDArray[np.int64], spec: PastingSpec) -> NDArray[np.int64]:
    """Return the rows without the finding itself: where it lies in them nobody said."""
    finding = data.class_names.index(spec.finding)
    return np.asarray(rows[data.y_true[rows] != finding], np.int64)


def fit_detector(
    detector: keras.Model,
    source: DetailData,
    *,
    config: DetailConfig,
    seed: int,
    tell: Told | None = None,
) -> None:
    """Train a detector in place.

    Parameters
    ----------
    detector : keras.Model
        From ``core.architectures.detail.build_detector``.
    source : DetailData
    config : DetailConfig
    seed : int
        Every batch is drawn from (seed, number of the batch).
    tell : callable or None
        Called with (step, of how many, mean loss).

    Raises
    ------
    TrainingError
        If the loss is no number.
    """
    detector.compile(_optimizer(config), keras.losses.BinaryCrossentropy(from_logits=True))
    forward = Forward(source.stem)
    grid = tuple(int(side) for side in detector.output.shape[1:3])

    def made(step: int) -> tuple[list[FloatArray], FloatArray, FloatArray]:
        batch, target, weight = _batch(source, grid, config, np.random.default_rng([seed, step]))
        return [batch, forward(batch)[STEM_OUTPUT]], target, weight

    losses: list[float] = []
    for step, (inputs, target, weight) in enumerate(_ahead(made, config.steps)):
        loss = detector.train_on_batch(inputs, target, sample_weight=weight)
        losses.append(float(loss))
        if not math.isfinite(losses[-1]):
            raise TrainingError(
                f"The detector's loss is no number after step {step + 1}.",
                remedy="Lower learning_rate under detail.",
                column="detail",
            )
        if tell is not None and (step + 1) % REPORT_EVERY == 0:
            tell(step + 1, config.steps, float(np.mean(losses[-REPORT_EVERY:])))


def keep_weights(detector: keras.Model, path: Path) -> None:
    """Store the weights of a trained detector, whole or not at all."""
    weights = {f"w{place:03d}": value for place, value in enumerate(detector.get_weights())}
    save_arrays(path, weights)


def take_weights(detector: keras.Model, path: Path) -> bool:
    """Give a detector the stored weights; False where none fit it."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            detector.set_weights([stored[name] for name in sorted(stored.files)])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return False
    return True


def cells(
    boxes: tuple[StoneBox, ...], size: tuple[int, int], grid: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Return which cells of a grid hold the middle of a box, and how much each cell counts.

    Neighbours of a stone's cell are not asked: the stone may reach into them.

    Parameters
    ----------
    boxes : tuple of (left, top, right, bottom)
        In pixels.
    size, grid : (rows, columns)
        Of the picture and of the grid.

    Returns
    -------
    (target, weight)
        Each of shape (grid_rows, grid_columns), float32.

    Examples
    --------
    >>> target, weight = cells(((0.0, 0.0, 2.0, 2.0),), (8, 8), (4, 4))
    >>> target[0].tolist(), weight[0].tolist()
    ([1.0, 0.0, 0.0, 0.0], [4.0, 0.0, 1.0, 1.0])
    """
    target, weight = np.zeros(grid, np.float32), np.ones(grid, np.float32)
    high, wide = size[0] / grid[0], size[1] / grid[1]
    middles = [
        ((top + bottom) / 2 / high, (left + right) / 2 / wide) for left, top, right, bottom in boxes
    ]
    for row, column in middles:
        # A middle in the upper half of its cell may show in the cell above, and so on.
        rows = slice(max(0, math.floor(row - 0.5) - 1), math.ceil(row - 0.5) + 2)
        columns = slice(max(0, math.floor(column - 0.5) - 1), math.ceil(column - 0.5) + 2)
        weight[rows, columns] = 0.0
    for row, column in middles:
        place = min(int(row), grid[0] - 1), min(int(column), grid[1] - 1)
        target[place], weight[place] = 1.0, POSITIVE_WEIGHT
    return target, weight


def _ahead(make: Callable[[int], _Made], n_steps: int) -> Iterator[_Made]:
    """Yield what ``make`` gives for 0, 1, 2 …, each made while the one before is in use."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, 0)
        for step in range(n_steps):
            made = coming.result()
            if step + 1 < n_steps:
                coming = pool.submit(make, step + 1)
            yield made


def _batch(
    source: DetailData, grid: Any, config: DetailConfig, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    data = source.data
    chosen = rng.choice(source.rows, config.batch_size)
    made = [paste(data.pixels[row], source.pasting, rng) for row in chosen.tolist()]
    asked = [cells(pasted.boxes, pasted.grey.shape, grid) for pasted in made]
    batch = as_batch(np.stack([pasted.grey for pasted in made]))
    target = np.stack([target for target, _ in asked])[..., None]
    return batch, target, np.stack([weight for _, weight in asked])


def _optimizer(config: DetailConfig) -> keras.optimizers.Optimizer:
    n_warmup = max(1, config.steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate * 0.1,
        max(1, config.steps - n_warmup),
        alpha=0.02,
        warmup_target=config.learning_rate,
        warmup_steps=n_warmup,
    )
    return keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)
