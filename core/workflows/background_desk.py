"""Long computations of one session: worked through in a thread, watched, stopped, kept for a while.

A page says on every run which results it wants; it never waits for a long one. Results are found
by their key, so that nothing is computed twice and nothing can be taken for another's. Quick jobs
start at once; of the others one runs at a time in the whole process, whoever asked for it.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import CancelledError, CoreError
from core.saliency.raw_maps import Watch

MAX_KEPT = 120
_LAST_SECONDS = 5.0
_POLL_SECONDS = 0.1
_SLOT = threading.BoundedSemaphore(1)
_WAITING = "Waiting for another computation"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Something to work out.

    ``work`` is given a watch and returns a value for each of ``keys``; ``title`` says to a person
    what it is.
    """

    title: str
    keys: tuple[Hashable, ...]
    work: Callable[[Watch], Mapping[Any, Any]]
    is_quick: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result; ``was_stopped`` where a person stopped it."""

    problem: str
    remedy: str = ""
    was_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What is worked out now.

    ``done`` of ``total`` steps (0 of 0 before the first is counted); ``words`` what is being
    waited for; ``seconds_left`` at the pace so far, None before that is known; ``n_waiting`` jobs
    stand behind it.
    """

    title: str
    done: int
    total: int
    words: str
    seconds_left: float | None
    n_waiting: int


@dataclass(slots=True, eq=False)
class _Running:
    """The job in hand; ``is_unwanted`` once nobody asks for it any more."""

    job: Job
    watch: Watch = field(default_factory=Watch)
    started_at: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0
    words: str = ""
    is_unwanted: bool = False

    def __post_init__(self) -> None:
        self.watch = Watch(self._tell, self._say)

    def _tell(self, done: int, total: int) -> None:
        if not self.done:
            self.started_at = time.monotonic()  # the pace is that of the steps, not of the start
        self.done, self.total, self.words = done, total, ""

    def _say(self, words: str) -> None:
        self.words = words

    def progress(self, n_waiting: int) -> Progress:
        left = None
        spent = time.monotonic() - self.started_at
        if self.done > 1 and spent > 1:
            left = spent * (self.total - self.done) / (self.done - 1)
        return Progress(self.job.title, self.done, self.total, self.words, left, n_waiting)


class _Lane:
    """Jobs of one kind, one after another; the desk's condition guards every field."""

    def __init__(self, desk: BackgroundDesk) -> None:
        self._desk = desk
        self.waiting: list[Job] = []
        self.running: _Running | None = None
        self.thread: threading.Thread | None = None

    def ask(self, jobs: Sequence[Job], wanted: Collection[Hashable]) -> None:
        self.waiting = list(jobs)
        if self.running and not set(self.running.job.keys) & set(wanted):
            self.running.is_unwanted = True
            self.running.watch.stop()
        if self.waiting and (self.thread is None or not self.thread.is_alive()):
            # A daemon, ended by close(): a minute's work must not hold up the process.
            self.thread = threading.Thread(target=self._work, daemon=True)
            self.thread.start()

    def stop(self) -> list[Hashable]:
        """Stop what runs; return the keys that waited."""
        keys = [key for job in self.waiting for key in job.keys]
        self.waiting = []
        if self.running:
            self.running.watch.stop()
        return keys

    @property
    def in_hand(self) -> tuple[Hashable, ...]:
        """Keys that are being worked out."""
        if self.running is None or self.running.is_unwanted:
            return ()
        return self.running.job.keys

    def _work(self) -> None:
        while (running := self._next()) is not None:
            job = running.job
            try:
                made: Mapping[Any, Any] = _made_by(running)
            except CancelledError:
                made = {} if running.is_unwanted else dict.fromkeys(job.keys, _STOPPED)
            except CoreError as error:
                made = dict.fromkeys(job.keys, Failure(error.problem, error.remedy))
            except BaseException:
                self._finish(dict.fromkeys(job.keys, _FAULT), is_last=True)
                raise  # to the log
            self._finish(made)

    def _next(self) -> _Running | None:
        with self._desk.changed:
            self.running = _Running(self.waiting.pop(0)) if self.waiting else None
            if self.running is None:
                self.thread = None
            return self.running

    def _finish(self, made: Mapping[Any, Any], *, is_last: bool = False) -> None:
        with self._desk.changed:
            self.running = None
            if is_last:
                self.thread = None
            self._desk.keep(made)


def _made_by(running: _Running) -> Mapping[Any, Any]:
    if running.job.is_quick:
        return running.job.work(running.watch)
    while not _SLOT.acquire(timeout=_POLL_SECONDS):
        running.watch.say(_WAITING)
    try:
        running.watch.say("")
        return running.job.work(running.watch)
    finally:
        _SLOT.release()


class BackgroundDesk:
    """The jobs and results of one session; every method may be called from any thread."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self.changed = threading.Condition()
        self._max_kept = max_kept
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        # A quick job never stands behind a long one.
        self._quick, self._long = _Lane(self), _Lane(self)
        self._is_closed = False
        self._revision = 0
        atexit.register(self.close)

    def found(self, key: Hashable) -> Any:
        """Return the result of a key, a :class:`Failure`, or None while there is neither."""
        with self.changed:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def missing(self, keys: Collection[Hashable]) -> list[Hashable]:
        """Return the keys that are neither found nor being worked out, in their order."""
        with self.changed:
            known = {*self._quick.in_hand, *self._long.in_hand, *self._kept}
            return [key for key in keys if key not in known]

    def ask(self, jobs: Sequence[Job], *, wanted: Collection[Hashable]) -> None:
        """Replace what waits; what runs is ended when none of its keys is ``wanted`` any more."""
        with self.changed:
            if self._is_closed:
                return
            self._quick.ask([job for job in jobs if job.is_quick], wanted)
            self._long.ask([job for job in jobs if not job.is_quick], wanted)

    def wait(self, keys: Collection[Hashable], seconds: float) -> bool:
        """Return when all keys are found, at the latest after so many seconds; say whether."""
        with self.changed:
            return self.changed.wait_for(lambda: all(key in self._kept for key in keys), seconds)

    @property
    def revision(self) -> int:
        """A number that grows with every result: who drew an older one draws again."""
        with self.changed:
            return self._revision

    @property
    def progress(self) -> Progress | None:
        """What is worked out now, a long job first; None when there is nothing to do."""
        with self.changed:
            waiting = [*self._long.waiting, *self._quick.waiting]
            for lane in (self._long, self._quick):
                if lane.running is not None:
                    return lane.running.progress(len(waiting))
            return Progress(waiting[0].title, 0, 0, "", None, len(waiting) - 1) if waiting else None

    def cancel(self) -> None:
        """Stop everything; what was asked for is then found as a failure that says so."""
        with self.changed:
            keys = [*self._quick.stop(), *self._long.stop()]
            self.keep(dict.fromkeys(keys, _STOPPED))

    def forget_failures(self, keys: Collection[Hashable]) -> None:
        """Let what failed or was stopped be asked for again."""
        with self.changed:
            for key in keys:
                if isinstance(self._kept.get(key), Failure):
                    del self._kept[key]

    def close(self, *, wait: bool = True) -> None:
        """Stop everything for good and forget it: the session or the process ends.

        ``wait`` False returns at once; what runs then ends by itself at its next step.
        """
        with self.changed:
            self._is_closed = True
            threads = [lane.thread for lane in (self._quick, self._long)]
            self._quick.stop()
            self._long.stop()
            self._kept.clear()
        for thread in threads if wait else ():
            if thread is not None and thread is not threading.current_thread():
                thread.join(_LAST_SECONDS)
        atexit.unregister(self.close)

    def keep(self, made: Mapping[Any, Any]) -> None:
        """Keep results under their keys; the longest unused go."""
        with self.changed:
            self._kept.update(made)
            self._revision += 1
            while len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
            self.changed.notify_all()


_STOPPED = Failure("Stopped.", "Start it again when you need it.", was_stopped=True)
_FAULT = Failure(
    "This went wrong for a reason that is not yet understood; the server's log holds it.",
    "The other maps are not affected. Report it with the model version.",
)
