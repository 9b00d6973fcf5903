"""Predict many files: on all cores, in order, with the gate noted but not obeyed.

Evaluation needs what Analyse withholds: the probabilities of a picture that the gate refuses.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.domain import StudyImage
from core.errors import CoreError, OutsideUseError

if TYPE_CHECKING:
    from core.workflows.analyst import Analyst

Progress = Callable[[int, int], None]
_AHEAD = 4  # pictures in work a thread: enough to keep it busy, few enough for memory


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one picture.

    ``y_prob`` of shape (n_classes,), float64, or None where it could not be read; ``refused``
    whether the gate or the intended use would have withheld the answer; ``reason`` why not.
    """

    y_prob: NDArray[np.float64] | None
    refused: bool = False
    reason: str | None = None


Predict = Callable[[Path, tuple[str, ...]], Outcome]


def predict_all(
    predict: Predict,
    paths: Sequence[Path],
    *,
    already_applied: tuple[str, ...],
    progress: Progress | None = None,
) -> list[Outcome]:
    """Return what became of every file, in their order; one bad file never stops the rest.

    Parameters
    ----------
    predict : callable
        (file, recipe steps it carries) -> Outcome; a CoreError of its own becomes the reason.
    paths : sequence of Path
    already_applied : tuple of str
    progress : callable or None
        Called with (done, n) after each file, always from this thread.
    """
    threads = max(2, os.cpu_count() or 1)

    def one(path: Path) -> Outcome:
        try:
            return predict(path, already_applied)
        except CoreError as error:
            return Outcome(None, reason=str(error))

    done: list[Outcome] = []
    with ThreadPoolExecutor(threads) as pool:
        for outcome in _in_order(pool, one, paths, ahead=threads * _AHEAD):
            done.append(outcome)
            if progress is not None:
                progress(len(done), len(paths))
    return done


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Path], Outcome],
    paths: Iterable[Path],
    *,
    ahead: int,
) -> Iterator[Outcome]:
    """Yield results in order, with at most ``ahead`` pictures in work: memory stays flat."""
    waiting: deque[Future[Outcome]] = deque()
    for path in paths:
        waiting.append(pool.submit(work, path))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def predictor(analyst: Analyst) -> Predict:
    """Return the function that predicts a file as Analyse does, the gate noted but not obeyed."""
    from core.intake import read_study
    from core.workflows.files import read_file

    judge = judge_of(analyst)

    def predict(path: Path, already_applied: tuple[str, ...]) -> Outcome:
        image = read_study(read_file(path), default_window=analyst.task.window)
        return judge(image, already_applied)

    return predict


def judge_of(analyst: Analyst) -> Callable[[StudyImage, tuple[str, ...]], Outcome]:
    """Return the function that predicts a decoded picture: see :func:`predictor`."""
    from core.intake import check_intended_use
    from core.workflows.analyse import NOT_NUMBERS

    answering = analyst.answering

    def judge(image: StudyImage, already_applied: tuple[str, ...]) -> Outcome:
        refused = False
        try:
            check_intended_use(image, analyst.task)
        except OutsideUseError:
            refused = True
        seen = answering.prepare(image.pixels, already_applied=already_applied)
        passed = answering.look(seen)
        y_prob = passed.probabilities()
        if not np.isfinite(y_prob).all():
            return Outcome(None, reason=NOT_NUMBERS)
        refused = refused or not passed.judge().inside
        return Outcome(y_prob, refused=refused)

    return judge
