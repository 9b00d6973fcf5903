"""A lock that one process holds at a time; the system gives it back however the process ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from core.jobs.job import cannot_write


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a file while the block runs; the file goes with it.

    What a killed process leaves behind is a file that nobody holds, which stands in nobody's way.

    Raises
    ------
    BlockingIOError
        If it is held already, by this process or another.
    JobError
        If the file cannot be written.
    """
    with _taken(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is held: it can be nobody else's


def _taken(path: Path) -> TextIOWrapper:
    """Return the open file that holds the lock."""
    while True:
        stream = _opened(path)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
            raise
        except OSError:  # a file system without locks: nobody can be kept out there
            return stream
        if _is_of(path, stream):
            return stream
        stream.close()  # its last holder took it away meanwhile


def _opened(path: Path) -> TextIOWrapper:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise cannot_write(error, path.parent) from None


def _is_of(path: Path, stream: TextIOWrapper) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
