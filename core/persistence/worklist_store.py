"""The worklist: one line a case, derived, paged by key and never by counting.

A page begins after the last line of the one before, ``(sort value, number)``, so that page 2,000
costs what page 1 does. The total is a question of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from core.errors import CaseError
from core.persistence.case_records import CaseFile, CaseState, Need, Page, WorklistRow
from core.persistence.case_tables import SORTS, review_case, worklist

UNKNOWN = 1.0  # risk and uncertainty of what has no answer: looked at first
PAGE = 50


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What is asked of the worklist.

    ``sort`` is risk, uncertainty or priority (largest first) or waiting_since (longest first);
    lines that are equal stand newest first, of waiting_since oldest first. ``after`` is
    ``Page.after`` of the page before.
    """

    task: str | None = None
    state: CaseState | None = None
    finding: str | None = None
    needs: Need | None = None
    sort: str = "risk"
    after: tuple[float | int | datetime, int] | None = None
    rows: int = PAGE


def read_page(connection: Connection, query: WorklistQuery) -> Page:
    """Return a page.

    Raises
    ------
    CaseError
        If there is no such order.
    """
    if query.sort not in SORTS:
        raise CaseError(
            f"The worklist has no order {query.sort!r}.", remedy=f"Orders: {', '.join(SORTS)}."
        )
    column, number = worklist.c[query.sort], worklist.c.number
    rising = query.sort == "waiting_since"
    found = sa.select(worklist).where(*_conditions(query))
    if query.after is not None:
        here = sa.tuple_(column, number)
        last = sa.tuple_(sa.literal(query.after[0], column.type), sa.literal(query.after[1]))
        found = found.where(here > last if rising else here < last)
    order = (column, number) if rising else (column.desc(), number.desc())
    rows = connection.execute(found.order_by(*order).limit(query.rows)).mappings().all()
    after = (rows[-1][query.sort], rows[-1]["number"]) if len(rows) == query.rows else None
    return Page(tuple(map(_line, rows)), after)


def count(connection: Connection, query: WorklistQuery) -> int:
    """Return how many lines the filters leave, all pages together."""
    found = sa.select(sa.func.count()).select_from(worklist).where(*_conditions(query))
    return int(connection.execute(found).scalar_one())


def refresh(connection: Connection, file: CaseFile) -> None:
    """Write the line of one case anew."""
    connection.execute(worklist.delete().where(worklist.c.number == file.case.sequence))
    connection.execute(worklist.insert().values(**line_of(file)))


def rebuild(connection: Connection, files: Iterable[CaseFile]) -> int:
    """Make the whole worklist anew from what is recorded; return its length."""
    lines = [line_of(file) for file in files]
    connection.execute(worklist.delete())
    if lines:
        insert_lines(connection, lines)
    return len(lines)


def insert_lines(connection: Connection, lines: list[dict[str, Any]]) -> None:
    """Write many lines at once, as ``line_of`` makes them."""
    connection.execute(worklist.insert(), lines)


def picture_names(connection: Connection) -> set[str]:
    """Return the digest of every case's picture."""
    return set(connection.execute(sa.select(review_case.c.picture_sha256)).scalars())


def line_of(file: CaseFile) -> dict[str, Any]:
    """Return the worklist's line of a case."""
    answer = file.answers[-1] if file.answers else None
    risk = UNKNOWN if answer is None or answer.risk is None else answer.risk
    unsure = UNKNOWN if answer is None or answer.uncertainty is None else answer.uncertainty
    since = file.reads[-1].read_at if file.reads and file.needs else file.case.added_at
    return {
        "number": file.case.sequence,
        "case_id": file.case.case_id,
        "task": file.case.task,
        "state": file.state.value,
        "finding": answer.predicted if answer else None,
        "risk": risk,
        "uncertainty": unsure,
        "priority": file.case.priority,
        "waiting_since": since,
        "needs": file.needs.value if file.needs else None,
    }


def _conditions(query: WorklistQuery) -> list[sa.ColumnElement[bool]]:
    wanted = {
        "task": query.task,
        "state": query.state and query.state.value,
        "finding": query.finding,
        "needs": query.needs and query.needs.value,
    }
    return [worklist.c[name] == value for name, value in wanted.items() if value is not None]


def _line(row: RowMapping) -> WorklistRow:
    is_answered = row["finding"] is not None
    return WorklistRow(
        case_id=row["case_id"],
        number=row["number"],
        task=row["task"],
        state=CaseState(row["state"]),
        finding=row["finding"],
        risk=row["risk"] if is_answered else None,
        uncertainty=row["uncertainty"] if is_answered else None,
        priority=row["priority"],
        waiting_since=row["waiting_since"],
        needs=Need(row["needs"]) if row["needs"] else None,
    )
