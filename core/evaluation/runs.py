"""An evaluation run: what was predicted for which case, and the facts that make it a measurement.

Two files in one folder: ``predictions.parquet`` (``file, group, y_true, p_<class>…, refused`` and
the slice columns) and ``run.yaml`` (the facts, with the digest of the table). Light: pyarrow and
numpy only, so that a metric page opens a run without scipy, scikit-learn or TensorFlow.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.facts import RunFacts

__all__ = ["EvaluationRun", "RunFacts", "read_facts", "read_run", "write_run"]

PREDICTIONS_FILE = "predictions.parquet"
FACTS_FILE = "run.yaml"
SCHEMA = 1
_OWN_COLUMNS = ("file", "group", "y_true", "refused")


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationRun:
    """Stored predictions of one model on one set of cases, in class order.

    Attributes
    ----------
    class_names : tuple of str
    file : ndarray of shape (n,), object (str)
    y_true : ndarray of shape (n,), int64
        Index of the reference label in ``class_names``.
    y_prob : ndarray of shape (n, n_classes), float64 in [0, 1]
        Calibrated probabilities.
    group : ndarray of shape (n,), object (str), or None
        Series, patient or slide; None when nothing is known about groups.
    refused : ndarray of shape (n,), bool
        True where the gate would have withheld the answer.
    slices : mapping of column name to ndarray of shape (n,), object
    facts : RunFacts
    """

    class_names: tuple[str, ...]
    file: NDArray[np.object_]
    y_true: NDArray[np.int64]
    y_prob: NDArray[np.float64]
    group: NDArray[np.object_] | None
    refused: NDArray[np.bool_]
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    facts: RunFacts = field(default_factory=RunFacts)

    def __post_init__(self) -> None:
        n, n_classes = len(self.file), len(self.class_names)
        if n == 0:
            raise EvaluationError("The run holds no case.", remedy="Give at least one prediction.")
        columns: dict[str, NDArray[Any] | None] = {
            "y_true": self.y_true,
            "group": self.group,
            "refused": self.refused,
            **self.slices,
        }
        for name, column in columns.items():
            if column is not None and column.shape != (n,):
                raise EvaluationError(
                    f"{name} has the shape {column.shape}; expected ({n},).",
                    remedy="Give one value a case.",
                    column=name,
                )
        if self.y_prob.shape != (n, n_classes):
            raise EvaluationError(
                f"y_prob has the shape {self.y_prob.shape}; expected ({n}, {n_classes}).",
                remedy="Give one probability a case and class, in class order.",
            )
        if not np.isfinite(self.y_prob).all():
            raise EvaluationError(
                "y_prob holds values that are not numbers.", remedy="Evaluate the model again."
            )
        if self.y_true.min() < 0 or self.y_true.max() >= n_classes:
            raise EvaluationError(
                f"y_true holds indices outside 0..{n_classes - 1}.",
                remedy="Use the position of the label in class_names.",
                column="y_true",
            )
        for array in (self.file, *columns.values(), self.y_prob):
            if array is not None:
                array.setflags(write=False)

    @property
    def n(self) -> int:
        """Number of cases."""
        return len(self.file)

    def subset(self, keep: NDArray[np.bool_]) -> EvaluationRun:
        """Return the run of the cases where ``keep`` (shape (n,), bool) is True."""
        return replace(
            self,
            file=self.file[keep],
            y_true=self.y_true[keep],
            y_prob=self.y_prob[keep],
            group=None if self.group is None else self.group[keep],
            refused=self.refused[keep],
            slices={name: column[keep] for name, column in self.slices.items()},
        )


def _strings(values: NDArray[np.object_]) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _table(run: EvaluationRun) -> pa.Table:
    names = pa.array(list(run.class_names))
    codes = pa.array(run.y_true.astype(np.int32))
    columns: dict[str, pa.Array] = {"file": _strings(run.file)}
    if run.group is not None:
        columns["group"] = _strings(run.group)
    columns["y_true"] = pa.DictionaryArray.from_arrays(codes, names)
    for index, name in enumerate(run.class_names):
        columns[f"p_{name}"] = pa.array(np.ascontiguousarray(run.y_prob[:, index]))
    columns["refused"] = pa.array(run.refused)
    for name, values in run.slices.items():
        if name in columns:
            raise EvaluationError(
                f"A slice column is named {name!r}, as a column of ours.",
                remedy="Rename the slice column.",
                column=name,
            )
        columns[name] = _strings(values)
    return pa.table(columns)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_run(run: EvaluationRun, folder: Path) -> Path:
    """Store the run as a new folder, complete or not at all, and return the folder.

    It is written beside the target, synced and renamed: a crash leaves no half run.

    Raises
    ------
    EvaluationError
        If the folder exists already (a stored run never changes), or cannot be written.
    """
    if folder.exists():
        raise EvaluationError(
            f"The run {folder.name} is stored already.", remedy="Store it under another name."
        )
    try:
        return _write(run, folder)
    except OSError as error:
        raise EvaluationError(
            f"The run cannot be stored in {folder.parent} ({type(error).__name__}).",
            remedy="Check that SECOND_LOOK_HOME is a folder that you may write and that its disk "
            "is not full, or evaluate without storing (--no-store).",
        ) from None


def _write(run: EvaluationRun, folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{os.getpid()}.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        table = draft / PREDICTIONS_FILE
        pq.write_table(_table(run), table, compression="zstd")
        facts = asdict(replace(run.facts, name=folder.name))
        facts["errors"] = [list(item) for item in run.facts.errors]
        facts["left_out"], facts["notes"] = dict(run.facts.left_out), list(run.facts.notes)
        content = {
            "schema": SCHEMA,
            **facts,
            "class_names": list(run.class_names),
            "n": run.n,
            "n_groups": None if run.group is None else len(set(run.group)),
            "predictions_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        }
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (draft / FACTS_FILE).write_text(text, encoding="utf-8")
        for path in (table, draft / FACTS_FILE, draft):
            _sync(path)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _sync(folder.parent)
    return folder


def read_facts(folder: Path) -> tuple[RunFacts, dict[str, Any]]:
    """Return the facts of a stored run and everything run.yaml holds, without its predictions.

    Raises
    ------
    EvaluationError
        If run.yaml is missing, unreadable or of another schema.
    """
    path = folder / FACTS_FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        content = None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise EvaluationError(
            f"{folder.name}/{FACTS_FILE} is missing or not the facts of a run.",
            remedy="Evaluate again, or restore the folder from a backup.",
        )
    known = {item.name for item in fields(RunFacts)}
    values = {key: value for key, value in content.items() if key in known}
    values["errors"] = tuple((str(a), str(b)) for a, b in content.get("errors") or ())
    values["notes"] = tuple(content.get("notes") or ())
    values["left_out"] = dict(content.get("left_out") or {})
    return RunFacts(**values), content


def read_run(folder: Path) -> EvaluationRun:
    """Read a stored run.

    Raises
    ------
    EvaluationError
        If a file is missing or was changed after it was stored.
    """
    facts, content = read_facts(folder)
    path = folder / PREDICTIONS_FILE
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != content.get("predictions_sha256"):
        raise EvaluationError(
            f"{folder.name}/{PREDICTIONS_FILE} is missing or was changed after it was stored.",
            remedy="Evaluate again, or restore the folder from a backup.",
        )
    table = pq.read_table(pa.BufferReader(data))
    class_names = tuple(str(name) for name in content["class_names"])
    labels = table["y_true"].cast(pa.string())
    y_true = pc.index_in(labels, value_set=pa.array(class_names)).to_numpy().astype(np.int64)
    own = {*_OWN_COLUMNS, *(f"p_{name}" for name in class_names)}
    slices = [name for name in table.column_names if name not in own]
    return EvaluationRun(
        class_names=class_names,
        file=_objects(table["file"]),
        y_true=y_true,
        y_prob=np.column_stack([table[f"p_{name}"].to_numpy() for name in class_names]),
        group=_objects(table["group"]) if "group" in table.column_names else None,
        refused=table["refused"].to_numpy().astype(bool),
        slices={name: _objects(table[name]) for name in slices},
        facts=facts,
    )


def _objects(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.asarray(column.to_pylist(), dtype=object)
