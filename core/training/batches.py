"""HEAVY: training batches as a Keras dataset, drawn the same every time, made ahead of the step."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from core.datasets.balancing import Passes
from core.datasets.sampling import even_series_sample
from core.domain import FloatArray
from core.training.config import TrainingConfig
from core.training.sources import Source
from core.training.training_set import TrainingSet

Rows = NDArray[np.int64]
Batch = tuple[FloatArray, ...]
MAX_WORKERS = 8


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no type hints
    """Batches of one epoch: (x, soft labels), and with class weights (x, soft labels, weights).

    Everything random is drawn from (seed, epoch, number of the batch): a run that is taken up again
    sees what it would have seen, and threads may make batches in any order. The next ones, those
    that open the next epoch too, are made while a step runs. ``epoch`` is set by the fit's callback
    before each epoch. Close it after use.

    Parameters
    ----------
    data : TrainingSet
    rows : ndarray of int64
        Pictures to draw from.
    source : Source
    config : TrainingConfig
        Of which seed, sampling, steps_per_epoch, batch_size and mixup are used.
    class_weights : ndarray of shape (n_classes,), or None
    """

    def __init__(
        self,
        data: TrainingSet,
        rows: Rows,
        *,
        source: Source,
        config: TrainingConfig,
        class_weights: FloatArray | None = None,
    ) -> None:
        # One worker, so that Keras starts no threads of its own: epochs would be torn apart.
        super().__init__(workers=1, use_multiprocessing=False)
        self.epoch, self._is_closed = 0, False
        self._source, self._config, self._weights = source, config, class_weights
        self._labels = np.eye(len(data.class_names), dtype=np.float32)[data.y_true]
        self._draw = _Draw(data, rows, config)
        self._planned: dict[int, Rows] = {}
        self._planning = threading.Lock()
        cv2.setNumThreads(1)  # threads of its own would take cores away from the step
        n_workers = max(1, min(MAX_WORKERS, (os.cpu_count() or 2) - 1))
        self._n_ahead = n_workers + 1
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="batches")
        self._coming: dict[tuple[int, int], Future[Batch]] = {}

    def __len__(self) -> int:
        return self._draw.n_steps

    def __getitem__(self, index: int) -> Batch:
        """Return batch ``index`` of the current epoch."""
        if self._is_closed:  # an interrupted fit whose pipeline still asks
            return self.made(self.epoch, index)
        wanted = [divmod(index + k, len(self)) for k in range(self._n_ahead + 1)]
        keys = [(self.epoch + further, place) for further, place in wanted]
        # What was made ahead and is not asked for: an epoch was left early, or read anew.
        self._coming = {key: made for key, made in self._coming.items() if key in keys}
        for key in keys:
            if key not in self._coming:
                self._coming[key] = self._pool.submit(self.made, *key)
        return self._coming.pop(keys[0]).result()

    def made(self, epoch: int, index: int) -> Batch:
        """Make a batch of any epoch, here and now."""
        size = self._config.batch_size
        rows = self._plan(epoch)[index * size : (index + 1) * size]
        rng = np.random.default_rng([self._config.seed, epoch, index])
        x, y = self._source.draw(rows, rng), self._labels[rows]
        if self._config.mixup > 0:
            x, y = mixed(x, y, self._config.mixup, rng)
        return (x, y) if self._weights is None else (x, y, y @ self._weights)

    def close(self) -> None:
        """Stop making batches ahead."""
        self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._coming.clear()

    def _plan(self, epoch: int) -> Rows:
        with self._planning:
            if epoch not in self._planned:
                kept = {key: rows for key, rows in self._planned.items() if key >= self.epoch}
                self._planned = kept | {epoch: self._draw.rows_of(epoch)}
            return self._planned[epoch]


class _Draw:
    """Which pictures an epoch shows, by the setting ``sampling``."""

    def __init__(self, data: TrainingSet, rows: Rows, config: TrainingConfig) -> None:
        self._rows, self._config = rows, config
        self._table = data.table.iloc[rows]
        limits = {}
        if config.sampling == "class_balanced":
            limits = {"minimum": config.class_minimum, "maximum": config.class_maximum}
        self._passes = Passes(data.y_true[rows], seed=config.seed, **limits)
        n_pass = len(rows) if config.sampling == "group_even" else len(self._passes)
        self.n_steps = config.steps_per_epoch or -(-n_pass // config.batch_size)

    def rows_of(self, epoch: int) -> Rows:
        n = self.n_steps * self._config.batch_size
        if self._config.sampling != "group_even":
            return self._rows[self._passes.take(epoch * n, n)]
        rng = np.random.default_rng([self._config.seed, epoch, 2**31])
        return self._rows[even_series_sample(self._table, n, rng)]


def mixed(
    x: FloatArray, y: FloatArray, alpha: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Blend every case with another of its batch (Zhang et al. 2018, *mixup*).

    The share of the case itself is Beta(alpha, alpha), never below one half.
    """
    drawn = rng.beta(alpha, alpha, len(x)).astype(np.float32)
    share = np.maximum(drawn, 1 - drawn)
    other = rng.permutation(len(x))

    def blend(values: FloatArray) -> FloatArray:
        wide = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(wide * values + (1 - wide) * values[other], np.float32)

    return blend(x), blend(y)
