"""An SQLite file: opened with every pragma, never made by opening it, flushed to the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

BUSY_SECONDS = 5.0
PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",  # a commit is on the disk before it is told
    "PRAGMA fullfsync=ON",
    "PRAGMA recursive_triggers=ON",  # without it a REPLACE deletes past the triggers
    "PRAGMA trusted_schema=OFF",
)


def engine(
    opened: Callable[[], sqlite3.Connection], *, begin: Callable[[Connection], str]
) -> Engine:
    """Return an engine with a connection a unit of work, whose transactions begin as we say.

    Parameters
    ----------
    opened : callable
        Opens a connection of the driver.
    begin : callable
        The statement that begins a transaction on this connection.
    """
    made = sa.create_engine("sqlite://", creator=opened, poolclass=NullPool)
    sa.event.listen(made, "begin", lambda conn: conn.exec_driver_sql(begin(conn)) and None)
    return made


def connect(path: Path, query: str) -> sqlite3.Connection:
    """Return a connection of the driver with every pragma set; it begins no transaction itself.

    ``query`` says how, as in an SQLite URI: ``mode=rw`` (must be there), ``mode=rwc``, ``mode=ro``.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # opening alone reads nothing
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_there(path: Path) -> sqlite3.Connection:
    """Open a file that exists; in a folder that nobody may write, read it as it lies there."""
    try:
        return connect(path, "mode=rw")
    except sqlite3.Error as error:
        # The index of the log cannot be made there. With a log it would be needed.
        refused = error.sqlite_errorcode & 0xFF in (
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        )
        log = path.with_name(f"{path.name}-wal")
        if not refused or (log.exists() and log.stat().st_size):
            raise
        return connect(path, "mode=ro&immutable=1")


def sync(path: Path) -> None:
    """Flush a file or folder to the disk (folders cannot be opened on Windows)."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
