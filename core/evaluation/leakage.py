"""What of a run's cases its model had seen before: the picture itself, its group, or a twin.

Only where it is known what a model was trained on can a leak be counted; where it is not, that is
said, and nothing is guessed.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun

Known = Literal["stored", "folds", "column", "version", ""]
GROUP_COLUMN = "group_in_training"  # slice columns that the trainer stores with a run
TWIN_COLUMN = "twin_in_training"
YES, NO = "yes", "no"
TRAINING_FILE = "training_pictures.parquet"  # of a version, in its folder
SPLIT_COLUMNS = ("split", "part", "subset")
FOLD_COLUMN = "fold"
_TRAIN = frozenset({"train", "training"})
_PARTS = _TRAIN | {"val", "valid", "validation", "dev", "calibration", "test", "testing", "holdout"}

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPictures:
    """The pictures that a version was fitted, stopped, calibrated or chosen on.

    Attributes
    ----------
    file : ndarray of shape (n,), object (str)
    group : ndarray of shape (n,), object (str), or None
        None where nothing is known about groups.
    """

    file: NDArray[np.object_]
    group: NDArray[np.object_] | None

    def to_bytes(self) -> bytes:
        """Return them as Parquet: ``file`` and, where known, ``group``."""
        columns = {"file": pa.array(self.file.tolist(), pa.string())}
        if self.group is not None:
            columns["group"] = pa.array(self.group.tolist(), pa.string())
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, compression="zstd")
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> TrainingPictures:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        EvaluationError
            If the bytes are something else.
        """
        try:
            table = pq.read_table(io.BytesIO(data))
            file = np.array(table["file"].to_pylist(), dtype=object)
        except (pa.ArrowException, KeyError) as error:
            raise EvaluationError(
                f"The list of training pictures cannot be read ({type(error).__name__}).",
                remedy="Install the model version again.",
            ) from None
        if "group" not in table.column_names:
            return cls(file, None)
        return cls(file, np.array(table["group"].to_pylist(), dtype=object))


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Which cases of a run its model had seen, each as a mask of shape (n,).

    Attributes
    ----------
    known : str
        Whence the training pictures are known: the trainer stored it with the run, the run's folds,
        a split column, or the list that came with the version. Empty: nothing is known.
    seen : ndarray of bool
        The case itself was trained on.
    group : ndarray of bool or None
        Its group was; None where groups are unknown.
    twin : ndarray of bool or None
        A nearly equal picture was; None where nobody searched.
    sides : ndarray of int64 or None
        Which of the run's own cases were trained on by each other: two on different sides are.
    """

    known: Known
    seen: Mask
    group: Mask | None = None
    twin: Mask | None = None
    sides: NDArray[np.int64] | None = None

    @property
    def clean(self) -> Mask:
        """Cases of which nothing is known to have been seen."""
        exposed = self.seen.copy()
        for mask in (self.group, self.twin):
            if mask is not None:
                exposed |= mask
        return ~exposed

    @property
    def leaks(self) -> bool:
        """Whether any case is known to have been seen."""
        return not bool(self.clean.all())


def exposure(
    run: EvaluationRun,
    *,
    training: TrainingPictures | None = None,
    twins: Collection[str] | None = None,
) -> Exposure:
    """Return what of a run had been seen, from the best that is known.

    The columns that the trainer stored; else the run's folds; else a split column (named
    split, part or subset, with rows of ``train`` and others); else ``training``.

    Parameters
    ----------
    run : EvaluationRun
    training : TrainingPictures or None
        Of the run's version, where its names are those of the run's own data set.
    twins : collection of str or None
        Files with a nearly equal picture in training, where that was searched.
    """
    nobody = np.zeros(run.n, dtype=bool)
    twin = _is_yes(run, TWIN_COLUMN)
    if twin is None and twins is not None:
        twin = _among(run.file, twins)
    group = _is_yes(run, GROUP_COLUMN)
    if group is not None:
        return Exposure("stored", nobody, group, twin)
    folds = run.slices.get(FOLD_COLUMN)
    if folds is not None and len(set(folds)) > 1:
        sides = np.unique(folds.astype(str), return_inverse=True)[1].astype(np.int64)
        return Exposure("folds", nobody, _straddling(run, sides), twin, sides)
    column = split_column(run)
    if column is not None:
        seen = _among(_plain(run.slices[column]), _TRAIN)
        sides = np.where(seen, 0, 1).astype(np.int64)
        shared = _straddling(run, sides)
        group = None if shared is None else shared & ~seen
        return Exposure("column", seen, group, twin, sides)
    if training is not None:
        seen = _among(run.file, training.file.tolist())
        group = None
        if run.group is not None and training.group is not None:
            group = _among(run.group, training.group.tolist()) & ~seen
        return Exposure("version", seen, group, twin)
    return Exposure("", nobody, None, twin)


def split_column(run: EvaluationRun) -> str | None:
    """Return the slice column that says which part a case was in, with training among them."""
    for name in run.slices:
        if name.casefold() not in SPLIT_COLUMNS:
            continue
        parts = set(_plain(run.slices[name]).tolist())
        if parts & _TRAIN and len(parts) > 1 and parts <= _PARTS:
            return name
    return None


def shared_groups(run: EvaluationRun, found: Exposure) -> int | None:
    """Return how many groups of the run were trained on too; None where groups are unknown."""
    if run.group is None or found.group is None:
        return None
    return len(set(run.group[found.group].tolist()))


def leak_warnings(
    run: EvaluationRun, *, training: TrainingPictures | None = None
) -> tuple[str, ...]:
    """Return the sentence that belongs among the warnings of a run; none where nothing leaks."""
    found = exposure(run, training=training)
    if not found.leaks:
        return ()
    n_exposed, shared = run.n - int(found.clean.sum()), shared_groups(run, found) or 0
    groups = f", {shared:,} groups ({run.facts.group_name}) among them" if shared else ""
    source = {
        "stored": "by what training stored",
        "folds": "by the folds",
        "column": f"by the column {split_column(run)!r}",
        "version": "by the version's list of training pictures",
        "": "",
    }[found.known]
    return (
        f"Leakage: {n_exposed:,} of {run.n:,} cases were trained on, or share a group with one "
        f"that was{groups} ({source}): these figures are too good.",
    )


def _straddling(run: EvaluationRun, sides: NDArray[np.int64]) -> Mask | None:
    """Return which cases have a case of their group on another side."""
    if run.group is None:
        return None
    codes = np.unique(run.group.astype(str), return_inverse=True)[1]
    n_sides = int(sides.max()) + 1
    cells = np.unique(codes * n_sides + sides)
    straddles: Mask = np.bincount(cells // n_sides, minlength=int(codes.max()) + 1) > 1
    return straddles[codes]


def _is_yes(run: EvaluationRun, column: str) -> Mask | None:
    values = run.slices.get(column)
    return None if values is None else _among(values, (YES,))


def _among(values: NDArray[Any], wanted: Collection[str]) -> Mask:
    known = frozenset(wanted)
    return np.array([value in known for value in values.tolist()], dtype=bool)


def _plain(values: NDArray[np.object_]) -> NDArray[np.str_]:
    return np.array([str(value).strip().casefold() for value in values], dtype=np.str_)
