"""The database: one connection a unit of work, checked before it is used, never made anew over one.

SQLite in the product's home (write-ahead log, every commit on the disk before it is told), or a
server by URL. A unit of work that writes takes the only writer's place at its beginning
(``BEGIN IMMEDIATE``), so that what it reads cannot change before it writes.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

from core.config import masked
from core.errors import PersistenceError
from core.persistence import sqlite_file
from core.persistence.failures import damaged, told
from core.persistence.place import database_file, database_url
from core.persistence.tables import REVISION, VERSION_TABLE

HEADER = b"SQLite format 3\0"
_WRITES = "second_look_writes"
_opening = threading.Lock()


class Database:
    """One database by its address; make one with ``database()``.

    Attributes
    ----------
    url : str
    file : Path or None
        The SQLite file; None for a server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.file = _sqlite_path(url)
        self._engine = _engine(url, self.file)
        self._lock = threading.Lock()
        self._checked: tuple[int, int] | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database.

        Raises
        ------
        PersistenceError
            If the database cannot be read, is damaged, or is not of this release.
        """
        with told(self.url, writing=False):
            self._make_ready()
            with self._connected(writes=False) as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that alone may write; committed at the end, or nothing is.

        Raises
        ------
        PersistenceError
            If it was not stored; the message begins with "Not saved" where trying again helps.
        """
        with told(self.url, writing=True):
            self._make_ready()
            with self._connected(writes=True) as connection:
                yield connection

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Connection]:
        with self.connected(writes=writes) as connection:
            if revision_of(connection) != REVISION:
                raise PersistenceError(
                    "The database was changed by another release while this one was running.",
                    remedy="Start the product again.",
                )
            yield connection

    @contextmanager
    def connected(self, *, writes: bool) -> Iterator[Connection]:
        """Give a connection in a transaction, whatever the schema is."""
        with self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: writes})
            if not writes and connection.dialect.name == "postgresql":
                # Its default shows every statement another state; who writes takes a lock instead.
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def _make_ready(self) -> None:
        """Create, check and migrate what has to be; at once where this file was seen before."""
        with self._lock:
            if self.file is not None and not self.file.exists():
                self._create(self.file)
            found = self._identity()
            if self._checked == found:
                return
            if self.file is not None:
                self._check_file(self.file)
            with self.connected(writes=False) as connection:
                revision = revision_of(connection)
            if revision != REVISION:
                from core.persistence.migrating import migrate  # noqa: PLC0415 - alembic is slow

                migrate(self, revision)
            self._checked = found

    def _identity(self) -> tuple[int, int]:
        if self.file is None:
            return (0, 0)
        state = self.file.stat()
        return (state.st_ino, state.st_dev)

    def _create(self, path: Path) -> None:
        if path.with_name(f"{path.name}-wal").exists():
            raise damaged(path, "is missing while its log is still there")
        from core.persistence.migrating import create  # noqa: PLC0415 - alembic is slow

        create(path)

    def _check_file(self, path: Path) -> None:
        with path.open("rb") as stream:
            # A log beside the file may still hold the first page, and hide that the file is gone.
            if stream.read(len(HEADER)) != HEADER:
                raise damaged(path, "is not an SQLite database")
        with self.connected(writes=False) as connection:
            said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
            if said != "ok":
                raise damaged(path, "is damaged")
            if revision_of(connection) is None:
                raise damaged(path, "is not a database of this product")


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema; None where there is no schema of ours."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found.scalar_one_or_none()


def database() -> Database:
    """Return the database of the current settings; every thread gets the same one."""
    with _opening:  # a cache alone lets two threads make two, each with a lock of its own
        return _database(database_url())


@functools.lru_cache(maxsize=8)
def _database(url: str) -> Database:
    return Database(url)


def _sqlite_path(url: str) -> Path | None:
    path = database_file(url)
    if url.startswith("sqlite") and (path is None or path.name in ("", ":memory:")):
        raise PersistenceError(
            f"SECOND_LOOK_DATABASE_URL is {url}, which names no file.",
            remedy="Use sqlite:////folder/file.db, or unset it.",
        )
    return path


def _engine(url: str, path: Path | None) -> Engine:
    if path is None:
        return _server(url)
    return sqlite_file.engine(functools.partial(sqlite_file.open_there, path), begin=_begin)


def _begin(connection: Connection) -> str:
    writes: Any = connection.get_execution_options().get(_WRITES)
    return "BEGIN IMMEDIATE" if writes else "BEGIN"


def _server(url: str) -> Engine:
    try:
        return sa.create_engine(url, poolclass=NullPool)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise PersistenceError(
            f"SECOND_LOOK_DATABASE_URL is {masked(url)}: {type(error).__name__}.",
            remedy="Use sqlite:////folder/file.db, or install the driver of that database.",
        ) from None
