"""Nearly equal pictures of a run and of what its model was trained on: searched once, then kept.

Light until a search starts: OpenCV and scipy enter with it. What was found lies in the home, named
by the digest of the run's predictions, which never change.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.config import settings
from core.domain import ByteArray
from core.errors import CoreError, EvaluationError, ModelVersionError
from core.evaluation.leakage import TRAINING_FILE, Exposure, TrainingPictures, exposure
from core.evaluation.runs import EvaluationRun, read_facts
from core.inference.package import ModelVersion, find_version
from core.tasks import load_task
from core.workflows.run_pictures import PictureSource, picture_source
from core.workflows.stored_runs import StoredRun, find_run, open_run

FOLDER = "twins"
MOST = 50_000  # pictures; every pair is looked at, which takes minutes from there on
_SCHEMA = 1
_THREADS = 2  # a person reads the page meanwhile

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Twins:
    """What a search found.

    Attributes
    ----------
    kind : {"across", "within"}
        "across": cases against what was trained on. "within": cases against each other, because
        nothing is known of the training pictures; pairs are then of different groups.
    correlation : float
        Above it two pictures are nearly equal.
    n_searched, n_unreadable : int
        Pictures looked at, and those that cannot be read.
    n_pairs : int
    files : tuple of str
        "across": the cases with a nearly equal picture in training.
    groups : tuple of int
        "within", of a run without groups: number of the group of nearly equal pictures of each
        case.
    """

    kind: Literal["across", "within"]
    correlation: float
    n_searched: int
    n_unreadable: int
    n_pairs: int = 0
    files: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Which pictures to compare: (source, file) of each, and the side that each is on."""

    pictures: Sequence[tuple[PictureSource, str]]
    sides: NDArray[np.int64] | None
    is_case: NDArray[np.bool_]
    kind: Literal["across", "within"] = "across"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A stored run with all that is known of what its model was trained on."""

    stored: StoredRun
    run: EvaluationRun
    digest: str
    version: ModelVersion | None
    training: TrainingPictures | None
    same_data: bool
    twins: Twins | None
    exposure: Exposure


def open_known(stored: StoredRun) -> Known:
    """Read a run, the training pictures of its version and what an earlier search found.

    Raises
    ------
    EvaluationError
        If a file of the run is missing or was changed.
    """
    run = open_run(stored)
    digest = run_digest(stored)
    version = _version(stored)
    training = training_pictures(version) if version else None
    same = version is not None and version.card.training_data.name == stored.facts.data
    twins = read_twins(digest)
    files = twins.files if twins and twins.kind == "across" else None
    found = exposure(run, training=training if same else None, twins=files)
    return Known(stored, run, digest, version, training, same, twins, found)


def run_digest(stored: StoredRun) -> str:
    """Return the SHA-256 of a run's predictions, which names it for good."""
    return str(read_facts(stored.folder)[1].get("predictions_sha256", ""))


def training_pictures(version: ModelVersion) -> TrainingPictures | None:
    """Return what a version was trained on: its list, else its folds less its own test part."""
    if TRAINING_FILE in version.manifest.files:
        return TrainingPictures.from_bytes(version.file(TRAINING_FILE).read_bytes())
    try:
        folded, test = (
            open_run(find_run(version.card.task, name, version=version.name))
            for name in ("out_of_fold", "test")
        )
    except (EvaluationError, ModelVersionError):
        return None
    is_tested = np.isin(folded.file.astype(str), test.file.astype(str))
    group = None if folded.group is None else folded.group[~is_tested]
    return TrainingPictures(folded.file[~is_tested], group)


def why_not(known: Known) -> str:
    """Return why nearly equal pictures cannot be searched; empty where they can."""
    source = picture_source(known.stored)
    if not source.attached:
        return source.sentence
    if known.stored.is_random:
        return "Which pictures this random split trained on was not stored."
    plan = _plan(known)
    if isinstance(plan, str):
        return plan
    if len(plan.pictures) > MOST:
        return (
            f"{len(plan.pictures):,} pictures are too many to compare each with each here (at most "
            f"{MOST:,})."
        )
    return ""


def search_twins(stored: StoredRun, *, progress: Progress | None = None) -> Twins:
    """Compare the run's pictures with those trained on, keep what is found, and return it.

    About half a minute for 11,000 pictures on two cores.

    Raises
    ------
    EvaluationError
        If the search is not possible; the sentence says why.
    """
    from core.datasets import survey_files
    from core.datasets.grouping import find_groups
    from core.datasets.leaks import pairs_across

    known = open_known(stored)
    reason = why_not(known)
    plan = _plan(known)
    if reason or isinstance(plan, str):
        raise EvaluationError("Nearly equal pictures cannot be searched.", remedy=reason)
    task = load_task(stored.facts.task or "")
    names = [str(place) for place in range(len(plan.pictures))]
    read = _reader(plan, window=task.window)
    survey = survey_files(names, read, threads=_THREADS, progress=progress)
    if len(survey.errors) == len(names):
        raise EvaluationError(
            f"None of the {len(names)} pictures can be read.", remedy=survey.errors[0][1]
        )
    threshold = task.near_duplicate_correlation
    if plan.sides is None:
        groups = find_groups(survey.thumbnails, threshold=threshold)
        found = Twins(
            "within", threshold, len(names), len(survey.errors), groups=tuple(groups.tolist())
        )
    else:
        pairs = pairs_across(survey.thumbnails, survey.digests, plan.sides, threshold=threshold)
        chosen = np.flatnonzero(pairs.has_twin & plan.is_case).tolist()
        files = tuple(plan.pictures[row][1] for row in chosen)
        found = Twins(
            plan.kind, threshold, len(names), len(survey.errors), n_pairs=pairs.n, files=files
        )
    _write(found, known.digest)
    return found


def is_searched(stored: StoredRun) -> bool:
    """Whether a search of this run was kept."""
    return _path(run_digest(stored)).is_file()


def read_twins(digest: str) -> Twins | None:
    """Return what was found for the run of that digest, or None where nobody searched."""
    try:
        content = json.loads(_path(digest).read_text(encoding="utf-8"))
        if content.pop("schema") != _SCHEMA:
            return None
        content["files"], content["groups"] = tuple(content["files"]), tuple(content["groups"])
        return Twins(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not searched, or a file that something else damaged: it is searched again


def _path(digest: str) -> Path:
    return settings().home / FOLDER / f"{digest[:32]}.json"


def _write(found: Twins, digest: str) -> None:
    path = _path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps({"schema": _SCHEMA, **asdict(found)}), encoding="utf-8")
    draft.replace(path)


def _version(stored: StoredRun) -> ModelVersion | None:
    facts = stored.facts
    if facts.task is None or facts.model_version is None:
        return None
    try:
        return find_version(facts.task, facts.model_version)
    except ModelVersionError:
        return None


def _plan(known: Known) -> _Plan | str:
    """Return what to compare, or why nothing can be."""
    source, run, found = picture_source(known.stored), known.run, known.exposure
    files = [str(file) for file in run.file]
    cases = [(source, file) for file in files]
    if found.sides is not None:
        return _Plan(cases, found.sides, ~found.seen)
    if known.training is None:
        if known.stored.facts.model_version is not None:
            return "The version does not say which pictures it was trained on."
        from core.evaluation.figures import group_codes

        return _Plan(cases, group_codes(run), np.ones(run.n, dtype=bool), "within")
    trained = [str(file) for file in known.training.file]
    if known.same_data:
        others = sorted(set(trained) - set(files))
        sides = np.r_[np.where(found.seen, 0, 1), np.zeros(len(others))].astype(np.int64)
        is_case = np.r_[~found.seen, np.zeros(len(others), dtype=bool)]
        return _Plan([*cases, *((source, file) for file in others)], sides, is_case)
    version = known.version
    name = version.card.training_data.name if version else ""
    facts = replace(known.stored.facts, data=name)
    theirs = picture_source(replace(known.stored, facts=facts))
    if not theirs.attached:
        return f"The pictures that the version was trained on ({name}) are not attached."
    sides = np.r_[np.ones(run.n), np.zeros(len(trained))].astype(np.int64)
    return _Plan([*cases, *((theirs, file) for file in trained)], sides, sides == 1)


def _reader(plan: _Plan, *, window: Any) -> Callable[[str], ByteArray]:
    from core.intake import read_study

    def read(place: str) -> ByteArray:
        source, file = plan.pictures[int(place)]
        return read_study(source.read(file), default_window=window).pixels

    return read


class BackgroundSearch:
    """A search in a thread of its own, while a person reads the page."""

    def __init__(self, stored: StoredRun) -> None:
        self.problem = ""
        self.done, self.n = 0, 0
        # Not a daemon: a file that is half written when the process ends is not worth the hurry.
        self._thread = threading.Thread(target=self._search, args=(stored,), daemon=False)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it still searches."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Return when it has ended."""
        self._thread.join()

    def _search(self, stored: StoredRun) -> None:
        try:
            search_twins(stored, progress=self._tell)
        except CoreError as error:
            self.problem = f"{error.problem} {error.remedy or ''}".strip()
        except OSError as error:
            self.problem = f"What was found cannot be kept ({type(error).__name__})."

    def _tell(self, done: int, n: int) -> None:
        self.done, self.n = done, n
