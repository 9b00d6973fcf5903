"""What a job tells, as JSON lines in a file: written by one process, read by others meanwhile.

A line that is not yet whole is left for the next reading, so that a reader never sees half of one.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = dict[str, Any]
MAX_FOLLOWED = 256


class LineWriter:
    """Appends lines; where the disk does not take them it says so once and the work goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_on = True

    def write(self, kind: str, **facts: Any) -> None:
        """Append one line: ``kind``, ``at`` (seconds since 1970, UTC) and the facts.

        Numbers that are none (NaN, infinity) become null.
        """
        if not self._is_on:
            return
        line = json.dumps({"kind": kind, "at": round(time.time(), 3), **_finite(facts)})
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
        except OSError as error:
            self._is_on = False
            print(
                f"Warning: progress cannot be written ({error.strerror}); the work goes on.",
                file=sys.stderr,
            )


def _finite(facts: Mapping[str, Any]) -> Line:
    """Return the facts with null for what JSON has no number for.

    >>> _finite({"loss": float("nan"), "epoch": 2})
    {'loss': None, 'epoch': 2}
    """
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in facts.items()
    }


@dataclass(slots=True)
class _Followed:
    """How far a file was read, and what stood there."""

    offset: int = 0
    lines: list[Line] = field(default_factory=list)


_followed: OrderedDict[Path, _Followed] = OrderedDict()
_lock = threading.Lock()


def read_lines(path: Path) -> tuple[Line, ...]:
    """Return every whole line so far; only what was added since the last call is read.

    Lines that are no JSON object (a disk that was full, a hand that wrote) are passed over.
    """
    with _lock:
        known = _followed.setdefault(path, _Followed())
        _followed.move_to_end(path)
        try:
            if path.stat().st_size < known.offset:  # another file under the same name
                known = _followed[path] = _Followed()
            with path.open("rb") as stream:
                stream.seek(known.offset)
                added = stream.read()
        except OSError:
            return ()
        whole = added[: added.rfind(b"\n") + 1]
        known.offset += len(whole)
        known.lines += [line for raw in whole.splitlines() if (line := _parsed(raw)) is not None]
        while len(_followed) > MAX_FOLLOWED:
            _followed.popitem(last=False)
        return tuple(known.lines)


def _parsed(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("kind"), str) else None
