"""Whether the audit chain holds, and what it records still stands as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.persistence.canonical import sha256_of
from core.persistence.case_tables import (
    audit,
    case_answer,
    case_read,
    case_source,
    consensus,
    review_case,
    user_role,
)
from core.persistence.chain import START, Head, read_head_file, record_digest
from core.persistence.tables import metadata

# Every row of these has a row in the chain.
WITNESSED = (review_case, case_source, case_answer, case_read, consensus, user_role)
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Verified:
    """What the check found; ``problem`` is one sentence, None where all holds.

    ``first_bad`` is the number of the first row of the chain that does not hold: for rows cut off
    at the end, the first that is missing.
    """

    rows: int
    ok: bool
    first_bad: int | None
    head: str
    problem: str | None


def verify(connection: Connection, *, heads: tuple[Head, ...] = ()) -> Verified:
    """Check every row, the heads known from elsewhere, and every record that the chain names.

    Parameters
    ----------
    connection : Connection
    heads : tuple of Head
        Heads that this chain had at some time: of the home's file, of a backup, of a notebook.
    """
    hashes: dict[int, str] = {0: START}
    witnessed: dict[tuple[str, int], tuple[str, int]] = {}
    head = Head()
    for row in _rows(connection, audit):
        problem = _broken(row, head)
        if problem:
            return Verified(head.number, False, head.number + 1, str(head), problem)
        head = Head(row["sequence"], row["row_hash"])
        hashes[head.number] = head.row_hash
        if "digest" in row["facts"]:
            about = (str(row["facts"]["table"]), int(row["facts"]["sequence"]))
            witnessed[about] = (row["facts"]["digest"], head.number)
    bad = _cut_off(heads, hashes, head) or _changed_record(connection, witnessed)
    if bad is not None:
        return Verified(head.number, False, bad[0], str(head), bad[1])
    return Verified(head.number, True, None, str(head), None)


def known_heads(given: Head | None) -> tuple[Head, ...]:
    """Return the head of the home's file and the one given, where there are such.

    Raises
    ------
    PersistenceError
        If the file holds no head.
    """
    return tuple(head for head in (read_head_file(), given) if head is not None)


def _rows(connection: Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows in order, a thousand in memory at a time.

    A row that cannot be read any more (a moment or JSON that is none) has its number alone.
    """
    last = -1
    while True:
        batch = table.c.sequence > last
        try:
            rows = _read(connection, sa.select(table).where(batch), table)
        except (ValueError, TypeError):
            found = _read(connection, sa.select(table.c.sequence).where(batch), table)
            rows = [_row_alone(connection, table, row["sequence"]) for row in found]
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1]["sequence"]


def _read(connection: Connection, found: sa.Select[Any], table: sa.Table) -> list[dict[str, Any]]:
    ordered = found.order_by(table.c.sequence).limit(_AT_ONCE)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _row_alone(connection: Connection, table: sa.Table, number: int) -> dict[str, Any]:
    try:
        return _read(connection, sa.select(table).where(table.c.sequence == number), table)[0]
    except (ValueError, TypeError):
        return {"sequence": number}


def _broken(row: dict[str, Any], before: Head) -> str | None:
    number = before.number + 1
    if row["sequence"] != number:
        return f"Row {number} of the audit chain is missing."
    if "row_hash" not in row:
        return f"Row {number} cannot be read any more."
    if row["previous_hash"] != before.row_hash:
        return f"Row {number} does not follow the row before it."
    said = {name: value for name, value in row.items() if name not in ("key", "row_hash")}
    if sha256_of(said) != row["row_hash"]:
        return f"Row {number} was changed after it was written."
    return None


def _cut_off(heads: tuple[Head, ...], hashes: dict[int, str], head: Head) -> tuple[int, str] | None:
    for known in heads:
        if known.number > head.number:
            missing = f"Rows {head.number + 1} to {known.number} were cut off at the end."
            return head.number + 1, missing
        if hashes[known.number] != known.row_hash:
            return known.number, f"Row {known.number} is another than the one that was kept."
    return None


def _changed_record(
    connection: Connection, witnessed: dict[tuple[str, int], tuple[str, int]]
) -> tuple[int | None, str] | None:
    """Return the row of the chain, and a sentence, for a record that is not as it was recorded."""
    waiting = dict(witnessed)
    names = {name for name, _ in witnessed} | {table.name for table in WITNESSED}
    must = {table.name for table in WITNESSED}
    for name in sorted(names & set(metadata.tables)):
        for row in _rows(connection, metadata.tables[name]):
            known = waiting.pop((name, row["sequence"]), None)
            if known is None and name in must:
                return None, f"Row {row['sequence']} of {name} stands in no row of the chain."
            if known is not None and record_digest(row) != known[0]:
                return known[1], f"Row {row['sequence']} of {name} was changed."
    if waiting:
        (name, number), (_, place) = min(waiting.items(), key=lambda item: item[1][1])
        return place, f"Row {number} of {name} is gone."
    return None
