"""HEAVY: training batches as a Keras dataset, even over classes and series, the same every time."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from core.datasets.sampling import even_series_sample
from core.domain import FloatArray
from core.training.config import TrainingConfig
from core.training.sources import Source
from core.training.training_set import TrainingSet


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no type hints
    """One epoch of batches (x, soft labels).

    Everything random is drawn from (seed, epoch, number of the batch): a run that is taken up again
    sees what it would have seen. ``epoch`` is set by the fit's callback before each epoch.

    Parameters
    ----------
    data : TrainingSet
    rows : ndarray of int64
        Pictures to draw from.
    source : Source
    config : TrainingConfig
        Of which seed, steps_per_epoch, batch_size and mixup are used.
    """

    def __init__(
        self,
        data: TrainingSet,
        rows: NDArray[np.int64],
        *,
        source: Source,
        config: TrainingConfig,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.epoch = 0
        self._rows, self._source, self._config = rows, source, config
        self._labels = np.eye(len(data.class_names), dtype=np.float32)[data.y_true]
        self._table = data.table.iloc[rows]
        self._planned: tuple[int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self._config.steps_per_epoch

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Return batch ``index`` of the current epoch."""
        size = self._config.batch_size
        rows = self._plan(self.epoch)[index * size : (index + 1) * size]
        rng = np.random.default_rng([self._config.seed, self.epoch, index])
        x, y = self._source.draw(rows, rng), self._labels[rows]
        if self._config.mixup > 0:
            x, y = mixed(x, y, self._config.mixup, rng)
        return x, y

    def _plan(self, epoch: int) -> NDArray[np.int64]:
        if self._planned is None or self._planned[0] != epoch:
            rng = np.random.default_rng([self._config.seed, epoch, 2**31])
            n = len(self) * self._config.batch_size
            self._planned = (epoch, self._rows[even_series_sample(self._table, n, rng)])
        return self._planned[1]


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
