"""How far a batch of files is: a small file a batch, so that a server that ended can be told of.

Counts alone. A file's bytes, its pixels and its name stay in memory until they are a case: nothing
of a patient is written before that.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from core.config import settings

FOLDER = "batches"
LIVES_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class BatchJournal:
    """A batch of ``n`` files as it stands; ``counts`` of those that are done, by what became of it.

    ``pid`` and ``started_at`` (seconds since 1970) tell the process that works on it;
    ``begun_at`` is in seconds since 1970, too.
    """

    batch_id: str
    task: str
    by: str
    n: int
    counts: Mapping[str, int]
    begun_at: float
    pid: int
    started_at: float

    @property
    def n_done(self) -> int:
        """How many files are done."""
        return sum(self.counts.values())


def keep(journal: BatchJournal) -> None:
    """Keep how far a batch is.

    Where the disk does not take it the batch goes on: the cases themselves are what counts, and
    theirs is the refusal that is told.
    """
    target = _path(journal.batch_id)
    part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(journal)), encoding="utf-8")
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def forget(batch_id: str) -> None:
    """Remove the journal of a batch that is done, or whose end was read."""
    with contextlib.suppress(OSError):
        _path(batch_id).unlink(missing_ok=True)


def journals() -> list[BatchJournal]:
    """Return what is kept, the latest begun first; those that nobody touched for 30 days go."""
    found = []
    oldest = time.time() - LIVES_S
    for path in _folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                continue
            found.append(_read(path))
    return sorted(found, key=lambda item: item.begun_at, reverse=True)


def _read(path: Path) -> BatchJournal:
    told = json.loads(path.read_text(encoding="utf-8"))
    values = {item.name: told[item.name] for item in fields(BatchJournal)}
    counts = {str(status): int(number) for status, number in told["counts"].items()}
    return BatchJournal(**(values | {"counts": counts}))


def _folder() -> Path:
    return settings().home.absolute() / FOLDER


def _path(batch_id: str) -> Path:
    return _folder() / f"{batch_id}.json"
