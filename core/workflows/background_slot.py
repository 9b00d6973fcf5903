"""Who may compute now, of all sessions: one at a time, and measurements let others go first."""

from __future__ import annotations

import threading
from collections.abc import Callable

POLL_SECONDS = 0.1


class Slot:
    """One place for long computations in the whole process.

    Whoever ``gives_way`` takes it only while nobody else waits, and lends it between two steps.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._n_before = 0

    def take(self, waiting: Callable[[], None], *, gives_way: bool = False) -> None:
        """Take the place, however long that takes.

        Parameters
        ----------
        waiting : callable
            Called every tenth of a second until then; what it raises ends the waiting.
        gives_way : bool
        """
        with self._changed:
            self._n_before += not gives_way
        try:
            while not self._taken_within(POLL_SECONDS, gives_way=gives_way):
                waiting()
        finally:
            with self._changed:
                self._n_before -= not gives_way
                self._changed.notify_all()

    def give_back(self) -> None:
        """Let the next one take it."""
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody waits who does not give way."""
        with self._changed:
            return self._n_before > 0

    def _taken_within(self, seconds: float, *, gives_way: bool) -> bool:
        def is_free() -> bool:
            return not self._is_taken and not (gives_way and self._n_before)

        with self._changed:
            if self._changed.wait_for(is_free, seconds):
                self._is_taken = True
                return True
            return False
