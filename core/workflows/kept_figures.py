"""Figures of stored runs, kept in the home: made once for a run, not again after every start.

A run never changes once it is stored, and the same code makes the same figures from it (fixed
seeds). So what is kept is found by the digest of the predictions, the facts of the run and the
digest of the code that makes figures; whatever does not fit is made again. Reading it needs neither
scipy nor the cases. What cannot be written (a home that is full or read-only) is only not kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from core.config import ROOT, settings
from core.errors import EvaluationError
from core.evaluation.runs import PREDICTIONS_FILE, EvaluationRun, read_facts
from core.tasks import TaskSpec
from core.workflows.run_performance import CurveFrames, GroupLevel, GroupRule, curves, group_level
from core.workflows.stored_runs import Performance, StoredRun, performance

FOLDER = "figures"
_VALUES = "values.json"
_PERFORMANCE = ("confusion", "classes", "averages", "summary", "reliability")
_CURVES = ("roc", "precision_recall")
_GROUPS = ("classes", "averages")
_log = logging.getLogger(__name__)

Cases = Callable[[], EvaluationRun]


class _Kept(NamedTuple):
    frames: dict[str, pd.DataFrame]
    values: dict[str, Any]


def kept_performance(stored: StoredRun, cases: Cases) -> Performance:
    """Return the figures of a stored run; ``cases`` is asked for its cases only to make them.

    Raises
    ------
    EvaluationError
        If a file of the run is missing or was changed.
    """

    def make() -> _Kept:
        made = performance(stored, cases())
        values = {
            "provenance": dict(made.provenance),
            "refused": made.refused,
            "warnings": list(made.warnings),
            "undefined": list(made.undefined),
        }
        return _Kept({name: getattr(made, name) for name in _PERFORMANCE}, values)

    kept = _kept(stored, "performance", _PERFORMANCE, make)
    values = kept.values
    return Performance(
        run=stored,
        **kept.frames,
        provenance=values["provenance"],
        refused=values["refused"],
        warnings=tuple(values["warnings"]),
        undefined=tuple(values["undefined"]),
    )


def kept_curves(stored: StoredRun, cases: Cases) -> CurveFrames:
    """Return the curves of a stored run with their bands."""

    def make() -> _Kept:
        made = curves(cases())
        return _Kept({"roc": made.roc, "precision_recall": made.precision_recall}, {})

    return CurveFrames(**_kept(stored, "curves", _CURVES, make).frames)


def kept_group_level(
    stored: StoredRun, cases: Cases, task: TaskSpec, rule: GroupRule
) -> GroupLevel:
    """Return the figures of a stored run with each group as one case."""

    def make() -> _Kept:
        made = group_level(cases(), task, rule)
        values = {"n_groups": made.n_groups, "n_mixed": made.n_mixed}
        return _Kept({"classes": made.classes, "averages": made.averages}, values)

    # Which classes are findings decides what a group is called.
    name = f"groups_{rule}_{_digest('/'.join(task.findings).encode())[:8]}"
    kept = _kept(stored, name, _GROUPS, make)
    return GroupLevel(
        classes=kept.frames["classes"],
        averages=kept.frames["averages"],
        n_groups=kept.values["n_groups"],
        n_mixed=kept.values["n_mixed"],
        rule=rule,
    )


def _kept(
    stored: StoredRun, name: str, frames: tuple[str, ...], make: Callable[[], _Kept]
) -> _Kept:
    predictions, key = _key(stored)
    folder = settings().home / FOLDER / predictions / f"{name}-{key}"
    found = _read(folder, frames)
    if found is not None:
        return found
    made = make()
    _write(folder, made)
    return made


def _key(stored: StoredRun) -> tuple[str, str]:
    """Return digests of the predictions, and of whatever else the figures of a run depend on.

    After a look that the file is as it was stored: the cases themselves may never be opened.
    """
    _, content = read_facts(stored.folder)
    try:
        data = (stored.folder / PREDICTIONS_FILE).read_bytes()
    except OSError:
        data = b""
    if _digest(data) != content.get("predictions_sha256"):
        raise EvaluationError(
            f"{stored.name}/{PREDICTIONS_FILE} is missing or was changed after it was stored.",
            remedy="Evaluate again, or restore the folder from a backup.",
        )
    facts = json.dumps(asdict(stored.facts), sort_keys=True, default=str)
    parts = (stored.name, facts, _code())
    return content["predictions_sha256"][:32], _digest("\n".join(parts).encode())[:16]


@cache
def _code() -> str:
    """Return the digest of the code and tables that make figures."""
    folder = ROOT / "core" / "evaluation"
    files = sorted(path for path in folder.iterdir() if path.suffix in {".py", ".csv"})
    return _digest(b"".join(path.read_bytes() for path in (*files, Path(__file__))))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(folder: Path, frames: tuple[str, ...]) -> _Kept | None:
    """Return what is kept, or None where nothing, or nothing readable, is."""
    try:
        values = json.loads((folder / _VALUES).read_text(encoding="utf-8"))
        tables = {name: _table((folder / f"{name}.arrow").read_bytes()) for name in frames}
    except (OSError, ValueError, pa.ArrowException):
        return None
    return _Kept(tables, values)


def _table(data: bytes) -> pd.DataFrame:
    with pa.ipc.open_file(pa.BufferReader(data)) as reader:
        frame: pd.DataFrame = reader.read_all().to_pandas()
        return frame


def _write(folder: Path, made: _Kept) -> None:
    """Keep it, whole or not at all, in place of what other code or facts made of the run."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        draft.mkdir(parents=True)
        for old in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
            shutil.rmtree(old, ignore_errors=True)
        for name, frame in made.frames.items():
            table = pa.Table.from_pandas(frame, preserve_index=False)
            with pa.ipc.new_file(str(draft / f"{name}.arrow"), table.schema) as writer:
                writer.write_table(table)
        (draft / _VALUES).write_text(json.dumps(_plain(made.values)), encoding="utf-8")
        draft.rename(folder)
    except OSError as error:
        _log.warning("Figures are not kept: %s", error.strerror)
        shutil.rmtree(draft, ignore_errors=True)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.item() if hasattr(value, "item") else value for key, value in values.items()}
