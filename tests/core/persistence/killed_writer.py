"""Kill a writer (SIGKILL) at random moments, again and again; print what became of its rows.

``python -m tests.core.persistence.killed_writer TIMES`` in an empty SECOND_LOOK_HOME. Children are
forked, so that each needs no imports: a kill costs a tenth of a second.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from core.persistence import migrating  # noqa: F401 - loaded before the children are made
from core.persistence.place import database_file, database_url
from core.persistence.store import store
from tests.core.persistence.conftest import CAUSE

NOTE = "n" * 3000  # nearly a page: half a row would be seen


def write_until_killed(tell: int) -> None:
    """Record causes and tell the number of each only after it was stored."""
    while True:
        stored = store().add(replace(CAUSE, file=f"{random.random()}.png", note=NOTE))
        os.write(tell, f"{stored.sequence} {stored.file}\n".encode())


def kill_one(
    after_rows: int, then: float, *, write: Callable[[int], None] = write_until_killed
) -> dict[int, str]:
    """Return what a writer told before it was killed, so many rows and seconds after its start."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        write(tell)
    os.close(tell)
    told: dict[int, str] = {}
    with os.fdopen(hear, "rb") as stream:
        for _ in range(after_rows):
            told |= row_of(stream.readline())
        time.sleep(then)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for line in stream:
            told |= row_of(line)
    return told


def row_of(line: bytes) -> dict[int, str]:
    """Return number and file of a whole line; a pipe's last one may be cut."""
    if not line.endswith(b"\n"):
        return {}
    number, file = line.decode().split()
    return {int(number): file}


def main(times: int) -> None:
    """Kill, then read every row back; the first child makes the database, too."""
    random.seed(times)
    told: dict[int, str] = {}
    for _ in range(times):
        told |= kill_one(random.randrange(4), random.uniform(0.0, 0.03))
    path = database_file(database_url())
    found = store().causes(CAUSE.run_digest)
    kept = {cause.sequence: cause.file for cause in found}
    with closing(sqlite3.connect(path)) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    counted = {
        "kills": times,
        "told": len(told),
        "lost": sum(kept.get(number) != file for number, file in told.items()),
        "torn": sum(cause.note != NOTE for cause in found) + (not sound),
        "gaps": len(set(range(1, len(kept) + 1)) - set(kept)),
        "drafts": len(list(path.parent.glob(".*.part*"))),
    }
    json.dump(counted, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
