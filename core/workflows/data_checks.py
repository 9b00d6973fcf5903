"""Every picture of a data set read once: sizes, copies, look-alikes, and what a random split leaks.

The outcome is kept in the home under the set's content: pages show it without reading again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.config import settings
from core.errors import DatasetError
from core.tasks import TaskSpec
from core.workflows.data_sets import SEED, DataSet

NAMED = 5


@dataclass(frozen=True, slots=True)
class FoundLine:
    """The outcome of one check as it is kept: see :class:`core.datasets.checks.Finding`."""

    code: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What reading every picture of a data set told.

    Attributes
    ----------
    n : int
        Pictures read.
    findings : tuple of FoundLine
        Every check, with a split that keeps groups whole.
    random_leak : str
        What a random split of single pictures would leak, in a sentence.
    leaks : bool
        Whether it would.
    errors : tuple of (file, reason)
        Pictures that cannot be read, the first of them.
    n_errors : int
    checked_at : str
        ISO 8601, UTC.
    """

    n: int
    findings: tuple[FoundLine, ...]
    random_leak: str
    leaks: bool
    errors: tuple[tuple[str, str], ...]
    n_errors: int
    checked_at: str


def check_pictures(data: DataSet, task: TaskSpec, *, watch: Any) -> DataCheck:
    """Read every picture of a set and run all checks; the outcome is kept.

    Parameters
    ----------
    data : DataSet
    task : TaskSpec
    watch : core.saliency.raw_maps.Watch
        Told of every picture; stops it.

    Raises
    ------
    DatasetError
        If the folder or its table is wrong, or the outcome cannot be kept.
    CancelledError
        If a person stopped it.
    """
    from core.datasets import read_manifest, run_checks, survey_files, with_found_groups
    from core.datasets.splits import make_split
    from core.workflows.pictures import picture_reader

    manifest = read_manifest(data.folder, task)
    read = picture_reader(task)
    files = list(manifest.frame["file"])
    survey = survey_files(
        files,
        lambda file: read(manifest.root / file),
        threads=max(2, os.cpu_count() or 1),
        progress=watch.tell,
    )
    if manifest.group_source == "none":
        manifest = with_found_groups(manifest, survey)
    try:
        split = make_split(manifest, seed=SEED)
    except DatasetError:
        split = None  # too few groups: a check says so
    findings = run_checks(manifest, split=split, survey=survey)
    sentence, leaks = _random_leak(manifest.frame["group"].tolist(), survey, task)
    made = DataCheck(
        n=len(files),
        findings=tuple(
            FoundLine(item.code, item.severity.value, item.message) for item in findings
        ),
        random_leak=sentence,
        leaks=leaks,
        errors=survey.errors[:NAMED],
        n_errors=len(survey.errors),
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _keep(data, task, made)
    return made


def _random_leak(groups: Sequence[str], survey: Any, task: TaskSpec) -> tuple[str, bool]:
    from core.datasets import pairs_across, random_sides, straddling

    threshold = task.near_duplicate_correlation
    sides = random_sides(len(groups), seed=SEED).astype(np.int64)
    shared = straddling(groups, sides)
    pairs = pairs_across(survey.thumbnails, survey.digests, sides, threshold=threshold)
    leaks = bool(shared) or pairs.n > 0
    return (
        f"A random split of single pictures (a fifth held out, seed {SEED}) would put "
        f"{len(shared):,} of {len(set(groups)):,} groups ({task.group_name}) and {pairs.n:,} pairs "
        f"of nearly equal pictures (correlation above {threshold:g}) on both sides: figures on it "
        f"{'measure memory' if leaks else 'would not gain from that'}."
    ), leaks


def kept_check(data: DataSet, task: TaskSpec) -> DataCheck | None:
    """Return the kept outcome for a set as it is now; None where it was not checked."""
    try:
        found = json.loads(_path(data, task).read_text(encoding="utf-8"))
        found["findings"] = tuple(FoundLine(**line) for line in found["findings"])
        found["errors"] = tuple((str(file), str(why)) for file, why in found["errors"])
        return DataCheck(**found)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _keep(data: DataSet, task: TaskSpec, made: DataCheck) -> None:
    path = _path(data, task)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(made)), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DatasetError(
            f"The outcome cannot be kept in {path.parent}: {error.strerror}.",
            remedy="Make room or correct the rights of the home, then check again.",
        ) from None


def _path(data: DataSet, task: TaskSpec) -> Path:
    return settings().home / "data_checks" / task.key / f"{data.content[:32]}.json"
