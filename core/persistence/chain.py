"""The audit chain: every row holds the hash of the one before, and the head is kept outside.

``row_hash`` is the SHA-256 of the canonical JSON of the row with ``previous_hash`` in it. A row is
written in the transaction that stores what it records; the head (``N:HASH``) goes to a file of the
home after the commit, so that rows cut off at the end are noticed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.errors import PersistenceError
from core.persistence.canonical import as_stored, sha256_of
from core.persistence.case_tables import audit
from core.persistence.database import Database
from core.persistence.place import head_file

START = "0" * 64
_WIDTH = 20  # digits of a head's number: one write of one length, never longer than a disk sector


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain: its number and its hash; 0 and zeros where there is none."""

    number: int = 0
    row_hash: str = START

    def __str__(self) -> str:
        return f"{self.number}:{self.row_hash}"


@dataclass(slots=True)
class Recorder:
    """A unit of work that writes rows of the chain; make one with ``recording``."""

    connection: Connection
    now: datetime
    head: Head | None = None
    may_move: bool = field(default=True)

    def append(
        self, action: str, *, who: str, facts: Mapping[str, Any], case_id: str | None = None
    ) -> Head:
        """Add a row to the chain.

        Raises
        ------
        PersistenceError
            If nobody is named.
        """
        if not who.strip():
            raise PersistenceError(
                "Not saved: nobody's name stands under it.", remedy="Say who you are.", column="who"
            )
        if self.head is None:
            self.head = head_of(self.connection)
            self.may_move = _may_move(self.connection)
        row = as_stored(
            audit,
            {
                "sequence": self.head.number + 1,
                "at": self.now,
                "who": who.strip(),
                "action": action,
                "case_id": case_id,
                "facts": facts,
                "previous_hash": self.head.row_hash,
            },
        )
        row_hash = sha256_of(row)
        self.connection.execute(audit.insert().values(**row, row_hash=row_hash))
        self.head = Head(row["sequence"], row_hash)
        return self.head

    def store(
        self,
        table: sa.Table,
        row: Mapping[str, Any],
        *,
        action: str,
        who: str,
        is_told: bool = True,
    ) -> dict[str, Any]:
        """Insert a row and say so in the chain; return it as stored, with its number.

        ``is_told`` False: the chain holds the digest of the row, and not what it says.
        """
        stored = as_stored(table, {column.name: None for column in table.c} | dict(row))
        del stored["sequence"]
        number = self.connection.execute(
            table.insert().values(**stored).returning(table.c.sequence)
        ).scalar_one()
        stored |= {"sequence": number}
        said = {name: value for name, value in stored.items() if name not in ("sequence", "key")}
        facts = {
            "table": table.name,
            "sequence": stored["sequence"],
            "digest": record_digest(stored),
            **({"row": said} if is_told else {}),
        }
        self.append(action, who=who, facts=facts, case_id=stored.get("case_id"))
        return stored


def record_digest(row: Mapping[str, Any]) -> str:
    """Return the digest of a stored row: every column."""
    return sha256_of(dict(row))


@contextmanager
def recording(database: Database) -> Iterator[Recorder]:
    """Give a unit of work that alone may write; the head goes to its file after the commit.

    Raises
    ------
    PersistenceError
        If it was not stored.
    """
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            connection.exec_driver_sql(f"LOCK TABLE {audit.name} IN EXCLUSIVE MODE")
        recorder = Recorder(connection, datetime.now(UTC))
        yield recorder
    if recorder.head is not None and recorder.may_move:
        # What was committed is stored whatever becomes of this file: a head that lags is still
        # on the chain.
        with contextlib.suppress(OSError):
            _move_head_file(head_file(), recorder.head)


def head_of(connection: Connection) -> Head:
    """Return the last row's number and hash."""
    last = sa.select(audit.c.sequence, audit.c.row_hash).order_by(audit.c.sequence.desc()).limit(1)
    found = connection.execute(last).first()
    return Head() if found is None else Head(*found)


def parse_head(text: str) -> Head:
    """Read ``N:HASH``.

    Raises
    ------
    PersistenceError
        If it is something else.

    >>> parse_head("7:" + "a" * 64).number
    7
    """
    number, _, row_hash = text.strip().partition(":")
    is_hash = len(row_hash) == len(START) and set(row_hash) <= set("0123456789abcdef")
    if not (number.isascii() and number.isdecimal() and is_hash):
        raise PersistenceError(
            f"{text.strip()[:80]!r} is no head of an audit chain.",
            remedy="Give N:HASH as audit verify prints it: a number and 64 hexadecimal digits.",
        )
    return Head(int(number), row_hash)


def read_head_file() -> Head | None:
    """Return the head kept outside the database; None where there is none, or an empty file.

    A kill between making the file and writing it leaves an empty one.

    Raises
    ------
    PersistenceError
        If the file is there and holds no head.
    """
    try:
        kept = head_file().read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    return parse_head(kept) if kept else None


def write_head_file(path: Path, head: Head) -> None:
    """Write the head, flushed to the disk."""
    with path.open("wb") as stream:
        stream.write(_line(head))
        stream.flush()
        os.fsync(stream.fileno())


def _line(head: Head) -> bytes:
    return f"{head.number:0{_WIDTH}d}:{head.row_hash}\n".encode("ascii")


def _move_head_file(path: Path, head: Head) -> None:
    # Written in place, in one write: there is no half head, and nothing to tidy up after a kill.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        kept = os.read(handle, _WIDTH)
        if kept.isdigit() and int(kept) >= head.number:
            return  # another process was quicker with a later row
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, _line(head))
        os.fsync(handle)
    finally:
        os.close(handle)


def _may_move(connection: Connection) -> bool:
    """Return whether the kept head is of this chain; a foreign or damaged one is evidence."""
    try:
        head = read_head_file()
    except PersistenceError:
        return False
    if head is None or head.number == 0:
        return True
    found = sa.select(audit.c.row_hash).where(audit.c.sequence == head.number)
    return connection.execute(found).scalar_one_or_none() == head.row_hash
