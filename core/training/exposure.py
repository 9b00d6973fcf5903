"""What of the judged pictures a network had seen: stored with a run, so that no page need search.

Pictures are compared as they were prepared, which is how the network saw them.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.datasets.grouping import SIDE, thumbnail
from core.datasets.leaks import pairs_across
from core.datasets.left_out import LeftOut
from core.domain import ByteArray
from core.evaluation.leakage import GROUP_COLUMN, NO, TWIN_COLUMN, YES, TrainingPictures
from core.training.job import TrainingJob

Rows = NDArray[np.int64]
Columns = dict[str, NDArray[np.object_]]


class Exposures:
    """Compares judged pictures with those trained on; thumbnails are made once a run."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job

    @cached_property
    def _thumbnails(self) -> ByteArray:
        made = np.empty((len(self.job.data), SIDE, SIDE), np.uint8)
        for row, pixels in enumerate(self.job.data.pixels):
            made[row] = thumbnail(pixels)
        return made

    @cached_property
    def _digests(self) -> list[str]:
        return [hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in self.job.data.pixels]

    def of_folds(self, folds: Rows) -> Columns:
        """Return the twin column of every picture, judged by networks of the other folds."""
        has_twin = self._twins(np.arange(len(folds)), folds)
        return {TWIN_COLUMN: _words(has_twin)}

    def of_held_out(self, judged: Rows, trained: Rows) -> Columns:
        """Return the twin column of judged rows against those trained on."""
        rows = np.concatenate([judged, trained])
        sides = np.repeat([1, 0], [len(judged), len(trained)])
        return {TWIN_COLUMN: _words(self._twins(rows, sides)[: len(judged)])}

    def of_left_out(self, left_out: LeftOut) -> Columns:
        """Return both columns of the rows with a value, each judged by a network without it."""
        parts = [
            (left_out.judged(place), self.of_split(left_out.judged(place), left_out.outside(place)))
            for place in range(len(left_out.names))
        ]
        order = np.argsort(np.concatenate([judged for judged, _ in parts]))
        return {
            name: np.concatenate([columns[name] for _, columns in parts])[order]
            for name in parts[0][1]
        }

    def of_split(self, judged: Rows, trained: Rows) -> Columns:
        """Return twin and group column; by lot, pictures of one group fall on both sides."""
        columns = self.of_held_out(judged, trained)
        if self.job.manifest.group_source != "none":
            known = set(self.job.data.group[trained].tolist())
            straddles = [name in known for name in self.job.data.group[judged].tolist()]
            columns[GROUP_COLUMN] = _words(np.array(straddles, dtype=bool))
        return columns

    def _twins(self, rows: Rows, sides: Rows) -> NDArray[np.bool_]:
        digests = [self._digests[row] for row in rows.tolist()]
        threshold = self.job.task.near_duplicate_correlation
        found = pairs_across(
            self._thumbnails[rows], digests, sides.astype(np.int64), threshold=threshold
        )
        return found.has_twin


def training_pictures(job: TrainingJob) -> TrainingPictures:
    """Return every picture outside the test part: fitted, stopped, calibrated or chosen on."""
    rows = job.rows("train", "validation", "calibration")
    has_groups = job.manifest.group_source != "none"
    return TrainingPictures(job.data.file[rows], job.data.group[rows] if has_groups else None)


def _words(mask: NDArray[np.bool_]) -> NDArray[np.object_]:
    return np.where(mask, YES, NO).astype(object)
