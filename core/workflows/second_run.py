"""A second run to compare with, where there is only one: the same version on blurred pictures.

It answers a real question (does a softer picture cost findings?) and needs no second model, so
that the Compare page can be tried from a fresh clone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.domain import StudyImage
from core.errors import CoreError, EvaluationError
from core.evaluation.runs import EvaluationRun, write_run
from core.workflows.predicting import Outcome, Progress, judge_of
from core.workflows.run_pictures import picture_source
from core.workflows.stored_runs import StoredRun, open_run, runs_folder

SIGMA = 1.0  # pixels of the file, standard deviation of the blur
MOST_PICTURES = 2500  # more would keep a person waiting
_AT_ONCE = 64


def can_be_blurred(stored: StoredRun) -> bool:
    """Return whether the run's pictures are at hand, not too many, and of a version of ours."""
    if stored.facts.model_version is None or stored.n > MOST_PICTURES:
        return False
    return picture_source(stored).attached


def blurred_run(stored: StoredRun, *, progress: Progress | None = None) -> Path:
    """Answer the run's pictures again, blurred; store that as a run and return its folder.

    Parameters
    ----------
    stored : StoredRun
    progress : callable or None
        Called with (done, n).

    Raises
    ------
    EvaluationError
        If the pictures are away, or one of them cannot be read: the runs would then not be of the
        same cases.
    ModelVersionError
        If the version is not usable.
    """
    from core.workflows.analyst import open_analyst

    source, facts = picture_source(stored), stored.facts
    if facts.task is None or facts.model_version is None or not source.attached:
        raise EvaluationError(
            "The pictures of this run are not at hand, so it cannot be run again.",
            remedy=source.sentence or "Choose a run of an installed version.",
        )
    run = open_run(stored)
    judge = judge_of(analyst := open_analyst(facts.task, facts.model_version))

    def one(file: str) -> Outcome:
        from core.intake import read_study

        image = read_study(source.read(file), default_window=analyst.task.window)
        return judge(blurred(image), source.already_applied)

    outcomes = _all(one, list(run.file), progress)
    return write_run(_with_answers(run, outcomes), _folder(stored))


def blurred(image: StudyImage) -> StudyImage:
    """Return the picture blurred by a Gaussian of ``SIGMA`` pixels; the rest is unchanged."""
    import cv2

    soft = cv2.GaussianBlur(image.values, (0, 0), SIGMA)
    return replace(image, values=np.asarray(soft, dtype=np.float32))


def _all(
    one: Callable[[str], Outcome], files: Sequence[str], progress: Progress | None
) -> list[Outcome]:
    done: list[Outcome] = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(files), _AT_ONCE):
            try:
                done += pool.map(one, files[start : start + _AT_ONCE])
            except CoreError as error:
                raise EvaluationError(error.problem, remedy=error.remedy) from None
            if progress is not None:
                progress(len(done), len(files))
    return done


def _with_answers(run: EvaluationRun, outcomes: Sequence[Outcome]) -> EvaluationRun:
    unread = [file for file, item in zip(run.file, outcomes, strict=True) if item.y_prob is None]
    if unread:
        raise EvaluationError(
            f"The picture {unread[0]!r} has no answer.", remedy="Compare on a run without it."
        )
    made = f"{run.facts.split_made.rstrip('.')}; then every picture was blurred ({SIGMA:g} pixel)"
    return replace(
        run,
        y_prob=np.array([item.y_prob for item in outcomes]),
        refused=np.array([item.refused for item in outcomes]),
        facts=replace(
            run.facts,
            split_made=made,
            created_at=_now(),
            notes=(
                *run.facts.notes,
                "The pictures of this run were blurred before they were read.",
            ),
        ),
    )


def _folder(stored: StoredRun) -> Path:
    stamp = "".join(sign for sign in _now() if sign in "0123456789TZ")
    parent = runs_folder(stored.facts.task or "", stored.facts.model_version)
    return parent / f"{stamp}-{stored.name}-blurred"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
