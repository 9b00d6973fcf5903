"""A series that is being read: its answers as they come, while its slices are looked at already."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.saliency.raw_maps import Watch
from core.tasks import TaskSpec
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.background_desk import Job
from core.workflows.series import Stack
from core.workflows.series_answering import (
    SeriesAnswer,
    SliceAnswer,
    answer_slice,
    series_answer,
    with_pictures,
)

_NUMBERS = itertools.count()
_LOOKS_EVERY_S = 0.3


@dataclass(frozen=True, slots=True)
class ReadingKey:
    """Which reading: of which files and series, by which version at which points, how prepared."""

    digest: str
    choice: int
    task: str
    version: str
    version_digest: str
    points: str
    already_applied: tuple[str, ...]


def read_series(
    analyst: Analyst,
    stack: Stack,
    *,
    already_applied: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> SeriesReading:
    """Return a stack with every slice answered.

    Parameters
    ----------
    analyst : Analyst
    stack : Stack
    already_applied : sequence of str
        Recipe steps that the slices carry already.
    on_progress : callable or None
        Told (done, total) before every slice.
    """
    key = ReadingKey(
        digest="",  # of one stack there is nothing to tell apart
        choice=1,
        task=analyst.task.key,
        version=analyst.version_name,
        version_digest=analyst.digest,
        points=analyst.points.key,
        already_applied=tuple(already_applied),
    )
    reading = SeriesReading(key, stack, analyst.task)
    reading.answer_all(Watch(on_progress))
    return reading


class SeriesReading:
    """The answers for the slices of one stack, in order, as far as they are there.

    One thread fills it (``job``) while others read it. ``token`` is the key of its work: another
    reading of the same series is other work, whose answers go elsewhere. ``exports`` holds what was
    made of it to be taken away, by form; it goes with the reading.
    """

    def __init__(self, key: ReadingKey, stack: Stack, task: TaskSpec) -> None:
        self.key, self.stack, self.task = key, stack, task
        self.token = (key, next(_NUMBERS))
        self._answers: tuple[SliceAnswer, ...] = ()
        self._filling = threading.Lock()
        self.exports: dict[str, Any] = {}

    @property
    def answers(self) -> tuple[SliceAnswer, ...]:
        """What is answered so far, without pictures."""
        return self._answers

    @property
    def is_done(self) -> bool:
        """Whether every slice has its answer."""
        return len(self._answers) == len(self.stack)

    def whole(self) -> SeriesAnswer:
        """Return the answer for the series over the slices that are answered so far."""
        return series_answer(self._answers, self.task)

    def slice(self, place: int) -> SliceAnswer:
        """Return the answer for a slice, zero-based, with its pictures.

        Where it is answered already the network does not run again: a stack is scrolled at the
        pace of reading files.

        Raises
        ------
        ModelVersionError
            If the version is gone.
        """
        analyst, carried = self.analyst(), self.key.already_applied
        kept = self._answers[place : place + 1]
        if kept:
            return with_pictures(analyst, self.stack, kept[0], already_applied=carried)
        return answer_slice(analyst, self.stack, place, already_applied=carried)

    def analyst(self) -> Analyst:
        """Return the version that answers; raises ModelVersionError if it is gone."""
        return open_analyst(self.key.task, self.key.version)

    def answer_all(self, watch: Watch) -> None:
        """Answer the slices that have no answer yet; stopping the watch keeps those that have.

        Two sessions may hold one reading, after a reload: the second waits for the first.

        Raises
        ------
        CancelledError
            If the watch was stopped.
        ModelVersionError
            If the version is gone.
        """
        analyst, n = self.analyst(), len(self.stack)
        while not self._filling.acquire(timeout=_LOOKS_EVERY_S):
            watch.tell(len(self._answers), n)
        try:
            for index in range(len(self._answers), n):
                watch.tell(index, n)
                item = answer_slice(
                    analyst, self.stack, index, already_applied=self.key.already_applied
                )
                self._answers = (*self._answers, item.without_pictures())
        finally:
            self._filling.release()
        watch.tell(n, n)

    def job(self) -> Job:
        """Return the work of answering the slices that have no answer yet."""

        def work(watch: Watch) -> Mapping[Any, Any]:
            self.answer_all(watch)
            return {self.token: self.whole()}

        return Job(f"Series of {len(self.stack)} slices", (self.token,), work)
