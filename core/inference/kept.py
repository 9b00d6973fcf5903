"""A few loaded things kept between calls: each loaded once, however many threads ask."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from core.inference.package import ModelVersion

T = TypeVar("T")


class Kept(Generic[T]):
    """What was loaded of versions, by digest and folder; the one used longest ago goes first.

    Parameters
    ----------
    at_most : int
        How many are kept.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._values: OrderedDict[object, T] = OrderedDict()
        self._locks: dict[object, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, version: ModelVersion, load: Callable[[], T]) -> T:
        """Return what is kept of a version; the first call for it loads, others wait for that."""
        # The folder too: a copy elsewhere has files of its own to verify.
        key = (version.digest, version.path)
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            value = load()
            with self._guard:
                self._values[key] = value
                while len(self._values) > self._at_most:
                    self._values.popitem(last=False)
            return value
