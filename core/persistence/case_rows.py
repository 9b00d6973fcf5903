"""From the records of the review to rows of their tables and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.persistence.case_records import (
    AuditRow,
    Case,
    CaseAnswer,
    CaseRead,
    Consensus,
    Stage,
)
from core.persistence.case_tables import audit, case_answer, case_read, consensus, review_case

Recorded = TypeVar("Recorded", Case, CaseAnswer, CaseRead, Consensus, AuditRow)
TABLES: dict[type, sa.Table] = {
    Case: review_case,
    CaseAnswer: case_answer,
    CaseRead: case_read,
    Consensus: consensus,
    AuditRow: audit,
}
TIMES: dict[type, str] = {
    Case: "added_at",
    CaseAnswer: "answered_at",
    CaseRead: "read_at",
    Consensus: "decided_at",
}
_TUPLES = ("flagged", "reads")


def to_row(record: Case | CaseAnswer | CaseRead | Consensus | AuditRow) -> dict[str, Any]:
    """Return the columns of a record, without its number."""
    row = {item.name: getattr(record, item.name) for item in fields(record)}
    del row["sequence"]
    if "stage" in row:
        row["stage"] = row["stage"].value
    return row


def from_row(kind: type[Recorded], row: Mapping[Any, Any]) -> Recorded:
    """Return the record that a row holds."""
    values = {item.name: row[item.name] for item in fields(kind)}
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    if "stage" in values:
        values["stage"] = Stage(values["stage"])
    return kind(**values)


def rows_of(connection: Connection, kind: type[Recorded], case_id: str) -> list[Recorded]:
    """Return all records of one kind of a case, oldest first."""
    table = TABLES[kind]
    found = sa.select(table).where(table.c.case_id == case_id).order_by(table.c.sequence)
    return [from_row(kind, row) for row in connection.execute(found).mappings()]


def grouped(
    connection: Connection, kind: type[Recorded], case_ids: sa.Select[Any]
) -> dict[str, list[Recorded]]:
    """Return all records of one kind by case, oldest first, of the cases that a question names."""
    table = TABLES[kind]
    found = sa.select(table).where(table.c.case_id.in_(case_ids)).order_by(table.c.sequence)
    records: dict[str, list[Recorded]] = {}
    for row in connection.execute(found).mappings():
        records.setdefault(row["case_id"], []).append(from_row(kind, row))
    return records
