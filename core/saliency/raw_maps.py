"""What every saliency method gives, and how a long one is watched and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain import FloatArray
from core.errors import CancelledError


@dataclass(frozen=True, slots=True, eq=False)
class RawMaps:
    """The raw maps of one picture by one method, before any stretching.

    Attributes
    ----------
    grids : ndarray of shape (n_classes, grid_rows, grid_columns), float32, >= 0
        One map a class that was asked for, in that order; in logit units where the method has a
        unit. They cover the whole input of the network.
    layer : str
        Where they were taken; ``pixels`` for the input itself.
    """

    grids: FloatArray
    layer: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Progress of a long computation, told to ``on_progress(done, total)``, and a way to stop it.

    Whoever holds the watch calls ``stop`` from any thread; the computation calls ``tell`` between
    its batches and ends with ``CancelledError`` at the next one. ``on_words`` is told, in a short
    sentence, what is being waited for where there are no steps to count (TensorFlow's start).
    """

    on_progress: Callable[[int, int], None] | None = None
    on_words: Callable[[str], None] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ask the computation to end."""
        self._stopped.set()

    def say(self, words: str) -> None:
        """Report what is being waited for.

        Raises
        ------
        CancelledError
            If ``stop`` was called.
        """
        if self._stopped.is_set():
            raise CancelledError("Stopped before it began.", remedy="Start it again when needed.")
        if self.on_words is not None:
            self.on_words(words)

    def tell(self, done: int, total: int) -> None:
        """Report progress.

        Raises
        ------
        CancelledError
            If ``stop`` was called.
        """
        if self._stopped.is_set():
            raise CancelledError(
                f"Stopped after {done} of {total} steps.", remedy="Start it again when needed."
            )
        if self.on_progress is not None:
            self.on_progress(done, total)
