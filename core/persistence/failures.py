"""What a database's refusal means for a person: whether anything was saved, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.config import masked
from core.errors import PersistenceError
from core.persistence.place import database_file

_PRIMARY = 0xFF  # an extended result code holds the primary one in its last byte


@contextmanager
def told(url: str, *, writing: bool) -> Iterator[None]:
    """Turn what the database raises into a sentence.

    Raises
    ------
    PersistenceError
        Instead of any error of SQLAlchemy, of the driver or of the file system.
    """
    try:
        yield
    except DBAPIError as error:
        raise _said(url, error.orig, writing=writing) from None
    except (sqlite3.Error, SQLAlchemyError, OSError) as error:
        raise _said(url, error, writing=writing) from None


def damaged(path: Path, what: str) -> PersistenceError:
    """Return the refusal of a file that is not, or no longer, our database."""
    return PersistenceError(
        f"The database {path} {what}; it was left as it is.",
        remedy=f"Stop the product, move that file aside and put a copy from "
        f"{path.parent / 'backups'} or from your own backup in its place "
        "(docs/settings.md, The database).",
    )


def _said(url: str, error: BaseException | None, *, writing: bool) -> PersistenceError:
    begin = "Not saved: " if writing else ""
    path = database_file(url)
    if path is None:
        return PersistenceError(
            _sentence(begin, f"the database {masked(url)} refused ({type(error).__name__})"),
            remedy="Check SECOND_LOOK_DATABASE_URL and that the server runs, then try again.",
        )
    if isinstance(error, sqlite3.Error):
        return _said_of_sqlite(path, error, begin)
    name = type(error).__name__
    return PersistenceError(
        _sentence(begin, f"{path} cannot be used ({name})"),
        remedy="Check that SECOND_LOOK_HOME is a folder that you may write, then try again.",
    )


def _said_of_sqlite(path: Path, error: sqlite3.Error, begin: str) -> PersistenceError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, "is damaged")
    what, remedy = {
        sqlite3.SQLITE_BUSY: (
            "another program is writing to the database",
            "Try again in a moment.",
        ),
        sqlite3.SQLITE_LOCKED: ("the database is locked", "Try again in a moment."),
        sqlite3.SQLITE_READONLY: (
            f"the database {path} is read-only",
            "Give the product the right to write it and its folder, then try again.",
        ),
        sqlite3.SQLITE_FULL: (
            f"the disk of {path.parent} is full",
            "Make room on it, then try again.",
        ),
        sqlite3.SQLITE_CANTOPEN: (
            f"the database {path} cannot be opened",
            "Check that the file is there and that you may read and write its folder.",
        ),
    }.get(
        code,
        (
            f"the database {path} refused ({getattr(error, 'sqlite_errorname', 'unknown')})",
            "Check the disk that holds it, then try again.",
        ),
    )
    return PersistenceError(_sentence(begin, what), remedy=remedy)


def _sentence(begin: str, what: str) -> str:
    text = f"{begin}{what}."
    return text[:1].upper() + text[1:]
