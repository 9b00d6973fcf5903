"""``bench review``: a page of a long worklist and its filtered total beside ``SELECT 1``.

All three go through SQLAlchemy and the product's own way to the database, a connection included,
on a database of its own that is removed afterwards.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import PersistenceError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from core.persistence.database import Database

N_CASES = 100_000
PAGE_TARGET, TOTAL_TARGET = 20.0, 100.0
SEED = 7
_AT_ONCE = 5_000
_FINDINGS = ("cyst", "normal", "stone", "tumor")

Row = dict[str, Any]
Progress = Callable[[str], None]


def run_review_bench(
    *,
    n_cases: int = N_CASES,
    rounds: int = 50,
    url: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Row]:
    """Return the speed figures of the worklist, with raw samples.

    Parameters
    ----------
    n_cases : int
        Lines of the worklist; the promise is for 100,000.
    rounds : int
        Turns; in each, ours and ``SELECT 1`` take turns.
    url : str or None
        An empty database to fill; a file of its own otherwise.
    progress : callable or None
        Told what is measured next.

    Returns
    -------
    dict of name to {ratio, target, met, ours_s, theirs_s}
        ``first_page``, ``middle_page`` (after half of the list) and ``filtered_page`` (50 rows by
        risk) and ``filtered_total``, each over ``SELECT 1``: medians.

    Raises
    ------
    PersistenceError
        If that database holds cases, or cannot be used.
    """
    from core.persistence.case_records import CaseState
    from core.persistence.database import Database
    from core.persistence.worklist_store import WorklistQuery, count, read_page

    tell = progress or (lambda _: None)
    with tempfile.TemporaryDirectory(prefix="second-look-bench-") as folder:
        database = Database(url or f"sqlite:///{Path(folder) / 'bench.db'}")
        with database.reading() as connection:
            if count(connection, WorklistQuery()):
                raise PersistenceError(
                    "The database to measure on is not empty.",
                    remedy="Name one that nobody uses; the measured lines stay in it.",
                )
        tell(f"a worklist of {n_cases:,} cases")
        middle = _fill(database, n_cases)
        plain = WorklistQuery(task="kidney_ct")
        asked: dict[str, tuple[Callable[[Connection], object], float]] = {
            "first_page": (lambda c: read_page(c, plain), PAGE_TARGET),
            "middle_page": (
                lambda c: read_page(c, WorklistQuery(task="kidney_ct", after=middle)),
                PAGE_TARGET,
            ),
            "filtered_page": (
                lambda c: read_page(c, WorklistQuery(task="kidney_ct", finding="stone")),
                PAGE_TARGET,
            ),
            "filtered_total": (
                lambda c: count(c, WorklistQuery(task="kidney_ct", state=CaseState.NEW)),
                TOTAL_TARGET,
            ),
        }
        rows = {}
        for name, (ours, target) in asked.items():
            tell(name.replace("_", " "))
            rows[name] = _measured(database, ours, target, rounds=rounds)
    return rows


def _measured(
    database: Database, ours: Callable[[Connection], object], target: float, *, rounds: int
) -> Row:
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for work, kept in zip((ours, _select_one), times, strict=True):
            start = time.perf_counter()
            with database.reading() as connection:
                work(connection)
            if turn:  # the first compiles the statement
                kept.append(time.perf_counter() - start)
    ratio = float(np.median(times[0]) / np.median(times[1]))
    return {
        "ratio": ratio,
        "target": target,
        "met": ratio < target,
        "ours_s": times[0],
        "theirs_s": times[1],
    }


def _select_one(connection: Connection) -> object:
    return connection.exec_driver_sql("SELECT 1").scalar_one()


def _fill(database: Database, n_cases: int) -> tuple[float, int]:
    """Write the worklist's lines; return the key of the line in its middle."""
    from core.persistence.case_records import CaseState
    from core.persistence.worklist_store import insert_lines

    draw = np.random.default_rng(SEED)
    risks = draw.random(n_cases)
    called = draw.choice(_FINDINGS, n_cases)
    states = draw.choice([state.value for state in CaseState], n_cases)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        {
            "number": number,
            "case_id": f"c{number:016x}",
            "task": "kidney_ct",
            "state": str(states[number - 1]),
            "finding": str(called[number - 1]),
            "risk": float(risks[number - 1]),
            "uncertainty": float(risks[-number]),
            "priority": number % 3,
            "waiting_since": start + timedelta(seconds=number),
            "needs": None,
        }
        for number in range(1, n_cases + 1)
    ]
    for first in range(0, n_cases, _AT_ONCE):
        with database.writing() as connection:
            insert_lines(connection, lines[first : first + _AT_ONCE])
    middle = int(np.argsort(risks)[n_cases // 2])
    return float(risks[middle]), middle + 1
