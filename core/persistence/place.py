"""Where the database is, and whether there is one: answered without SQLAlchemy."""

from __future__ import annotations

from pathlib import Path

from core.config import settings

FILE = "second_look.db"
HEAD_FILE = "audit_head"
_SQLITE = "sqlite:///"


def database_url() -> str:
    """Return the address of the database: the setting, else a file in the product's home."""
    return settings().database_url or f"{_SQLITE}{settings().home.absolute() / FILE}"


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite address; None for a server.

    >>> database_file("sqlite:////srv/lens/second_look.db"), database_file("postgresql://db/lens")
    (PosixPath('/srv/lens/second_look.db'), None)
    """
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def head_file() -> Path:
    """Return the file that keeps the audit chain's head outside the database."""
    return settings().home.absolute() / HEAD_FILE


def database_exists() -> bool:
    """Return whether anything may have been recorded: a file is there, or a server is named.

    A folder that cannot be entered may hold a database, too: whoever opens it is told.
    """
    path = database_file(database_url())
    if path is None:
        return True
    try:
        return path.exists() or path.with_name(f"{path.name}-wal").exists()
    except OSError:
        return True
