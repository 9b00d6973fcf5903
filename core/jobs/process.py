"""A process that outlives whoever started it, told apart from a later one of the same number."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SAME_START_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
LAST_SECONDS = 5.0
NICENESS = 5  # the pages that show a run must stay quick while it works

# Ended children stay as zombies until their parent asks; a server that started them does so here.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process: its number, and when it started (seconds since 1970, as the system tells it)."""

    pid: int
    started_at: float


def spawn(command: Sequence[str], *, folder: Path, log: Path) -> ProcessMark:
    """Start a command in a session of its own; what it prints goes to ``log``.

    It keeps running when the process that called this ends, and when a terminal is closed.

    Raises
    ------
    OSError
        If it cannot be started, or the log cannot be written.
    """
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    _children[process.pid] = process
    started_at = 0.0
    with suppress(psutil.Error):
        found = psutil.Process(process.pid)
        started_at = found.create_time()
        found.nice(NICENESS)
    return ProcessMark(process.pid, started_at)


def own_mark() -> ProcessMark:
    """Return the mark of the process that asks."""
    return ProcessMark(os.getpid(), psutil.Process().create_time())


def is_alive(mark: ProcessMark) -> bool:
    """Return whether this very process runs: the number may belong to another one by now."""
    _bury_children()
    try:
        process = psutil.Process(mark.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(abs(process.create_time() - mark.started_at) <= SAME_START_SECONDS)
    except psutil.Error:
        return False


def end(mark: ProcessMark, *, patience: float = PATIENCE_SECONDS) -> bool:
    """Ask a process and what it started to end, then make it; return whether it has ended.

    Raises
    ------
    PermissionError
        If it belongs to somebody else.
    """
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, LAST_SECONDS)):
        if not is_alive(mark):
            return True
        with suppress(ProcessLookupError):
            if os.getpgid(mark.pid) == mark.pid:  # the session that spawn() made
                os.killpg(mark.pid, number)
            else:
                os.kill(mark.pid, number)
        _wait(mark, seconds)
    return not is_alive(mark)


def _wait(mark: ProcessMark, seconds: float) -> None:
    child = _children.get(mark.pid)
    with suppress(subprocess.TimeoutExpired, psutil.Error):
        if child is not None:
            child.wait(seconds)
        else:
            psutil.Process(mark.pid).wait(seconds)


def _bury_children() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
