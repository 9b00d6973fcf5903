"""The series that a session has open, and how a reload of its page finds it again.

A reload is a new session to the server. What the old one had open stays for a while under a token
that only its address bar knows, so that a gigabyte need not be handed over twice.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.tasks import TaskSpec
from core.workflows.series import Stack, open_uploads
from core.workflows.series_reading import ReadingKey, SeriesReading

STAYS_S = 600.0
"""Seconds that a series without a session stays in memory."""
AT_MOST = 4
"""Series without a session that stay; the one that was left first goes."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenSeries:
    """What somebody opened: ``digest`` of the files, and the series among them, never merged."""

    digest: str
    stacks: tuple[Stack, ...]


@dataclass(slots=True, eq=False)
class _Held:
    """An open series with its answers, ``owner`` who opened it, and how many sessions hold it."""

    opened: OpenSeries
    owner: str
    reading: SeriesReading | None = None
    n_sessions: int = 1
    timer: threading.Timer | None = field(default=None, repr=False)


class Cloakroom:
    """The open series of a process by their tokens; sessions come and go."""

    def __init__(self, *, stays_s: float = STAYS_S) -> None:
        self._stays_s = stays_s
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def __contains__(self, token: object) -> bool:
        """Whether a series is there."""
        with self._lock:
            return token in self._held

    def hang(self, held: _Held) -> str:
        """Take a series that a session opened; return its token."""
        token = secrets.token_urlsafe(18)
        with self._lock:
            self._held[token] = held
        return token

    def find(self, token: str, *, owner: str) -> _Held | None:
        """Return a series for one more session of its owner; None where it is not there."""
        with self._lock:
            held = self._held.get(token)
            if held is None or held.owner != owner:
                return None
            held.n_sessions += 1
            if held.timer is not None:
                held.timer.cancel()
                held.timer = None
            return held

    def leave(self, token: str) -> None:
        """Let a session go; a series that no session holds goes, too, after a while."""
        with self._lock:
            held = self._held.get(token)
            if held is None:
                return
            held.n_sessions -= 1
            if held.n_sessions > 0:
                return
            del self._held[token]  # and back at the end: in the order in which they were left
            self._held[token] = held
            held.timer = threading.Timer(self._stays_s, self._let_go, (token,))
            held.timer.daemon = True
            held.timer.start()
            left = [name for name, item in self._held.items() if item.n_sessions == 0]
            for name in left[:-AT_MOST]:
                self._drop(name)

    def forget(self, token: str) -> None:
        """Let a series go: somebody closed it."""
        with self._lock:
            self._drop(token)

    def _let_go(self, token: str) -> None:
        with self._lock:
            held = self._held.get(token)
            if held is not None and held.n_sessions == 0:
                self._drop(token)

    def _drop(self, token: str) -> None:
        held = self._held.pop(token, None)
        if held is not None and held.timer is not None:
            held.timer.cancel()


_ROOM = Cloakroom()


class SeriesShelf:
    """The one series that a session has open, with its answers; what it replaces is let go."""

    def __init__(self, cloakroom: Cloakroom | None = None) -> None:
        self._cloakroom = _ROOM if cloakroom is None else cloakroom
        self._held: _Held | None = None
        self.token: str | None = None

    @property
    def opened(self) -> OpenSeries | None:
        """What is open."""
        return None if self._held is None else self._held.opened

    def open(self, files: Sequence[tuple[str, bytes]], *, owner: str = "") -> OpenSeries:
        """Open uploaded files, or one zip; no pixel is decoded.

        Raises
        ------
        ArgumentError, IntakeError
            As :func:`core.workflows.series.open_uploads`; what was open stays open.
        """
        digest = hashlib.sha256()
        for name, data in files:
            digest.update(hashlib.sha256(name.encode("utf-8", "replace")).digest())
            digest.update(hashlib.sha256(data).digest())
        opened = OpenSeries(digest.hexdigest(), open_uploads(files))
        self.close()
        self._held = _Held(opened, owner)
        self.token = self._cloakroom.hang(self._held)
        return opened

    def take_back(self, token: str, *, owner: str = "") -> bool:
        """Open what another session of the same owner had open; whether it was still there."""
        held = self._cloakroom.find(token, owner=owner)
        if held is None:
            return False
        self.leave()
        self._held, self.token = held, token
        return True

    def reading(self, key: ReadingKey, stack: Stack, task: TaskSpec) -> SeriesReading:
        """Return the reading of that key: the one that is there, else a new one."""
        held = self._held
        if held is None:  # closed by another thread of the session
            return SeriesReading(key, stack, task)
        if held.reading is None or held.reading.key != key:
            held.reading = SeriesReading(key, stack, task)
        return held.reading

    def leave(self) -> None:
        """Let go with the session: what was open can be taken back for a while."""
        if self.token is not None:
            self._cloakroom.leave(self.token)
        self._held = self.token = None

    def close(self) -> None:
        """Let everything go."""
        if self.token is not None:
            self._cloakroom.forget(self.token)
        self._held = self.token = None
