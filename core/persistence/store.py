"""Repositories of what people decided: rows are only added; the latest on a subject is in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from core.errors import PersistenceError
from core.persistence.chain import recording
from core.persistence.database import Database, database
from core.persistence.records import (
    ComparisonVerdict,
    MissCause,
    OperatingPoint,
    Promotion,
    Retirement,
)
from core.persistence.rows import Record, from_row, to_row
from core.persistence.tables import SUBJECTS, TABLES, TIMES

_SIGNED = ("signed_by", "recorded_by", "promoted_by")


class Store:
    """Causes, operating points, verdicts, promotions and retirements of one database."""

    def __init__(self, where: Database) -> None:
        self._database = where

    def add(self, record: Record, *, key: str | None = None) -> Record:
        """Store a record and return it with time and sequence number.

        Parameters
        ----------
        record : OperatingPoint, MissCause, ComparisonVerdict or Promotion
        key : str or None
            Names this act: repeated with the same content, it stores nothing and returns the
            first record. Without one, a record that says what is in force already is that one.

        Raises
        ------
        PersistenceError
            If it was not stored, or the key was used for something else.
        """
        kind = type(record)
        table, time = TABLES[kind], TIMES[kind]
        at = getattr(record, time) or datetime.now(UTC)
        row = to_row(record) | {time: at.astimezone(UTC)}
        _refuse_unsigned(row)
        with recording(self._database) as recorder:
            connection = recorder.connection
            if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
                connection.exec_driver_sql(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")
            known = _known(connection, table, row, subject=SUBJECTS[kind], key=key)
            if known is not None and _content(known, time) == _content(row, time):
                return from_row(kind, known)
            if known is not None and key is not None and known["key"] == key:
                raise PersistenceError(
                    "Not saved: this was recorded before with other content.",
                    remedy="Open the page again and record it anew.",
                )
            who = next(row[name] for name in _SIGNED if name in row)
            stored = recorder.store(table, row | {"key": key}, action=table.name, who=who)
        return from_row(kind, row | {"sequence": stored["sequence"]})

    def operating_points(self, version_digest: str) -> dict[str, OperatingPoint]:
        """Return the operating point in force of each class of a version, by class name."""
        table = TABLES[OperatingPoint]
        rows = self._latest(OperatingPoint, table.c.version_digest == version_digest)
        return {point.class_name: point for point in rows}

    def causes(self, run_digest: str) -> list[MissCause]:
        """Return the cause in force of each file and kind of a run, oldest first."""
        return self._latest(MissCause, TABLES[MissCause].c.run_digest == run_digest)

    def comparisons(self, task: str) -> list[ComparisonVerdict]:
        """Return every verdict of a task, newest first."""
        table = TABLES[ComparisonVerdict]
        found = sa.select(table).where(table.c.task == task).order_by(table.c.sequence.desc())
        return self._read(ComparisonVerdict, found)

    def champion(self, task: str) -> Promotion | None:
        """Return the latest promotion of a task; None where there was none."""
        table = TABLES[Promotion]
        found = (
            sa.select(table).where(table.c.task == task).order_by(table.c.sequence.desc()).limit(1)
        )
        return next(iter(self._read(Promotion, found)), None)

    def retirements(self, task: str) -> list[Retirement]:
        """Return what is in force of each version of a task that was ever retired."""
        return self._latest(Retirement, TABLES[Retirement].c.task == task)

    def _latest(self, kind: type[Record], where: sa.ColumnElement[bool]) -> list[Record]:
        table = TABLES[kind]
        subject = [table.c[name] for name in SUBJECTS[kind]]
        newest = sa.select(sa.func.max(table.c.sequence)).where(where).group_by(*subject)
        return self._read(
            kind, sa.select(table).where(table.c.sequence.in_(newest)).order_by(table.c.sequence)
        )

    def _read(self, kind: type[Record], query: sa.Select[Any]) -> list[Record]:
        with self._database.reading() as connection:
            return [from_row(kind, row) for row in connection.execute(query).mappings()]


def store() -> Store:
    """Return the store of the current settings."""
    return Store(database())


def _known(
    connection: Connection,
    table: sa.Table,
    row: dict[str, Any],
    *,
    subject: tuple[str, ...],
    key: str | None,
) -> RowMapping | None:
    """Return the row of this key, else the one in force on the same subject."""
    if key is not None:
        same_act = connection.execute(sa.select(table).where(table.c.key == key)).mappings().first()
        if same_act is not None:
            return same_act
    about = [table.c[name] == row[name] for name in subject]
    found = sa.select(table).where(*about).order_by(table.c.sequence.desc()).limit(1)
    return connection.execute(found).mappings().first()


def _content(row: RowMapping | dict[str, Any], time: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("sequence", "key", time)}


def _refuse_unsigned(row: dict[str, Any]) -> None:
    for name in _SIGNED:
        if name in row and not str(row[name]).strip():
            raise PersistenceError(
                "Not saved: nobody's name stands under it.", remedy="Say who you are.", column=name
            )
