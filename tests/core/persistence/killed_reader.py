"""Kill a writer of cases and verdicts (SIGKILL) again and again; print what became of them.

``python -m tests.core.persistence.killed_reader TIMES`` in an empty SECOND_LOOK_HOME. Each turn of
the writer stores a picture and its case, then a verdict on it, and tells a verdict only after it
was stored.
"""

import json
import os
import random
import sqlite3
import sys
from contextlib import closing
from itertools import count

import numpy as np

from core.config import settings
from core.persistence import (
    migrating,  # noqa: F401 - loaded before the children are made
    pictures,
)
from core.persistence.case_store import case_store
from core.persistence.case_tables import SORTS
from core.persistence.verifying import known_heads, verify
from core.persistence.worklist_store import WorklistQuery, read_page
from tests.core.persistence.case_examples import answer, case, read
from tests.core.persistence.killed_writer import kill_one

COMMENT = "n" * 3000  # nearly a page: half a row would be seen


def write_until_killed(tell: int) -> None:
    """Store cases with a verdict each; tell ``sequence key`` of a verdict only afterwards."""
    store, draw = case_store(), random.Random(os.getpid())
    for _ in count():
        number = draw.getrandbits(60)
        values = np.full((64, 64), number % 2**20, np.float32)
        digest = pictures.keep(values + np.arange(64, dtype=np.float32))
        store.add_case(case(number, picture_sha256=digest), answer(number))
        key = f"k{number}"
        stored = store.add_read(read(number, comment=COMMENT), key=key)
        os.write(tell, f"{stored.sequence} {key}\n".encode())


def main(times: int) -> None:
    """Kill, then read everything back; the first child makes the database, too."""
    random.seed(times)
    told: dict[int, str] = {}
    for _ in range(times):
        told |= kill_one(random.randrange(3), random.uniform(0.0, 0.05), write=write_until_killed)
    store = case_store()
    with closing(sqlite3.connect(settings().home / "second_look.db")) as connection:
        kept = dict(connection.execute("SELECT sequence, key FROM case_read"))
        comments = {
            text for (text,) in connection.execute("SELECT DISTINCT comment FROM case_read")
        }
        named = {text for (text,) in connection.execute("SELECT picture_sha256 FROM review_case")}
        sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with store.database.reading() as connection:
        checked = verify(connection, heads=known_heads(None))
        asked = WorklistQuery(sort=SORTS[0], rows=10**6)
        before = {row.case_id: row.state for row in read_page(connection, asked).rows}
    store.rebuild()
    with store.database.reading() as connection:
        after = {row.case_id: row.state for row in read_page(connection, asked).rows}
    counted = {
        "kills": times,
        "told": len(told),
        "lost": sum(kept.get(number) != key for number, key in told.items()),
        "torn": len(comments - {COMMENT}) + (not sound),
        "chain_holds": checked.ok,
        "worklist_differs": sum(before[name] != after[name] for name in after)
        + len(set(before) ^ set(after)),
        "pictures_gone": sum(not is_whole(digest) for digest in named),
        "cases": len(named),
    }
    json.dump(counted, sys.stdout)


def is_whole(digest: str) -> bool:
    """Return whether a picture is there and is what was stored."""
    return pictures.find(digest) is not None and pictures.digest_of(pictures.read(digest)) == digest


if __name__ == "__main__":
    main(int(sys.argv[1]))
