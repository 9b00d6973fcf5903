"""Long computations of one session: worked through in a thread, watched, stopped, kept for a while.

A page says on every run which results it wants; it never waits for a long one, and what it wanted
goes on while another page is looked at. Results are found by their key, so that nothing is computed
twice and nothing can be taken for another's. Quick jobs start at once; of the others one runs at a
time in the whole process, whoever asked for it, and those that give way let every other one first.
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
from core.workflows.background_slot import Slot

MAX_KEPT = 120
_LAST_SECONDS = 5.0
_SLOT = Slot()
_WAITING = "Waiting for another computation"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Something to work out.

    ``work`` is given a watch and returns a value for each of ``keys``; ``title`` says to a person
    what it is. One that ``gives_way`` stands still between two steps while another long job waits.
    """

    title: str
    keys: tuple[Hashable, ...]
    work: Callable[[Watch], Mapping[Any, Any]]
    is_quick: bool = False
    gives_way: bool = False


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
    has_slot: bool = False

    def __post_init__(self) -> None:
        self.watch = Watch(self._tell, self._say)

    def work(self) -> Mapping[Any, Any]:
        """Return what the job makes; a long one waits for its turn."""
        if self.job.is_quick:
            return self.job.work(self.watch)
        self._take_slot()
        try:
            return self.job.work(self.watch)
        finally:
            self._give_slot_back()

    def _take_slot(self) -> None:
        _SLOT.take(lambda: self.watch.say(_WAITING), gives_way=self.job.gives_way)
        self.has_slot, self.words = True, ""

    def _give_slot_back(self) -> None:
        if self.has_slot:  # not where it was stopped while it stood aside
            self.has_slot = False
            _SLOT.give_back()

    def _tell(self, done: int, total: int) -> None:
        if not self.done:
            self.started_at = time.monotonic()  # the pace is that of the steps, not of the start
        self.done, self.total, self.words = done, total, ""
        if self.job.gives_way and _SLOT.is_asked_for:
            stood_at = time.monotonic()
            self._give_slot_back()
            self._take_slot()
            self.started_at += time.monotonic() - stood_at

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
        self.waiting: dict[str, list[Job]] = {}
        self.running: _Running | None = None
        self.thread: threading.Thread | None = None

    def ask(self, asker: str, jobs: Sequence[Job], wanted: Collection[Hashable]) -> None:
        """Replace what waits for one asker; who asked last comes first."""
        self.waiting.pop(asker, None)
        self.waiting = {asker: list(jobs), **self.waiting} if jobs else self.waiting
        if self.running and not set(self.running.job.keys) & set(wanted):
            self.running.is_unwanted = True
            self.running.watch.stop()
        if self.waiting and (self.thread is None or not self.thread.is_alive()):
            # A daemon, ended by close(): a minute's work must not hold up the process.
            self.thread = threading.Thread(target=self._work, daemon=True)
            self.thread.start()

    def stop(self, wanted: Collection[Hashable] | None = None) -> list[Hashable]:
        """Stop what runs and is wanted (None: whatever it is); return the keys that waited."""
        dropped, kept = [], {}
        for asker, jobs in self.waiting.items():
            mine = [job for job in jobs if wanted is None or set(job.keys) & set(wanted)]
            dropped += [key for job in mine for key in job.keys]
            kept[asker] = [job for job in jobs if job not in mine]
        self.waiting = {asker: jobs for asker, jobs in kept.items() if jobs}
        if self.running and (wanted is None or set(self.running.job.keys) & set(wanted)):
            self.running.watch.stop()
        return dropped

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
                made: Mapping[Any, Any] = running.work()
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
            self.running = None
            for asker, jobs in list(self.waiting.items()):
                self.running = _Running(jobs.pop(0))
                if not jobs:
                    del self.waiting[asker]
                return self.running
            self.thread = None
            return None

    def _finish(self, made: Mapping[Any, Any], *, is_last: bool = False) -> None:
        with self._desk.changed:
            self.running = None
            if is_last:
                self.thread = None
            self._desk.keep(made)


class BackgroundDesk:
    """The jobs and results of one session; every method may be called from any thread.

    An ``asker`` is a page: each has its own list of what it wants, and neither ends the other's.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self.changed = threading.Condition()
        self._max_kept = max_kept
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._wanted: dict[str, frozenset[Hashable]] = {}
        # A quick job never stands behind a long one, nor a map behind a measurement.
        self._quick, self._long, self._measuring = _Lane(self), _Lane(self), _Lane(self)
        self._lanes = (self._long, self._measuring, self._quick)
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
            known = {*self._kept}.union(*(lane.in_hand for lane in self._lanes))
            return [key for key in keys if key not in known]

    def ask(self, asker: str, jobs: Sequence[Job], *, wanted: Collection[Hashable]) -> None:
        """Replace what waits for this asker; what runs ends when nobody wants its keys any more."""
        with self.changed:
            if self._is_closed:
                return
            self._wanted[asker] = frozenset(wanted)
            everything = frozenset().union(*self._wanted.values())
            for lane in self._lanes:
                mine = [job for job in jobs if self._lane_of(job) is lane]
                lane.ask(asker, mine, everything)

    def wait(self, keys: Collection[Hashable], seconds: float) -> bool:
        """Return when all keys are found, at the latest after so many seconds; say whether."""
        with self.changed:
            return self.changed.wait_for(lambda: all(key in self._kept for key in keys), seconds)

    @property
    def revision(self) -> int:
        """A number that grows with every result: who drew an older one draws again."""
        with self.changed:
            return self._revision

    def progress(self, asker: str) -> Progress | None:
        """Return what is worked out for an asker, a long job first; None when there is nothing."""
        with self.changed:
            wanted = self._wanted.get(asker, frozenset())
            waiting = [job for lane in self._lanes for job in lane.waiting.get(asker, ())]
            for lane in self._lanes:
                if lane.running is not None and wanted & set(lane.running.job.keys):
                    return lane.running.progress(len(waiting))
            if not waiting:
                return None
            before = self._lane_of(waiting[0]).running
            words = f"after {before.job.title}" if before else ""
            return Progress(waiting[0].title, 0, 0, words, None, len(waiting) - 1)

    def cancel(self, asker: str) -> None:
        """Stop what an asker wants; it is then found as a failure that says so."""
        with self.changed:
            wanted = self._wanted.pop(asker, frozenset())
            keys = [key for lane in self._lanes for key in lane.stop(wanted)]
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
            threads = [lane.thread for lane in self._lanes]
            for lane in self._lanes:
                lane.stop()
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

    def _lane_of(self, job: Job) -> _Lane:
        if job.is_quick:
            return self._quick
        return self._measuring if job.gives_way else self._long


_STOPPED = Failure("Stopped.", "Start it again when you need it.", was_stopped=True)
_FAULT = Failure(
    "This went wrong for a reason that is not yet understood; the server's log holds it.",
    "Nothing else is affected. Report it with the model version.",
)
