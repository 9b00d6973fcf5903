"""Where the database is, and whether there is one: answered without SQLAlchemy."""

from __future__ import annotations

from pathlib import Path

from core.config import settings

FILE = "second_look.db"


def database_file() -> Path | None:
    """Return the SQLite file inside the home; None where another database is named by URL."""
    return None if settings().database_url else settings().home / FILE


def database_exists() -> bool:
    """Return whether anything may have been recorded: a file is there, or a URL names a server."""
    path = database_file()
    return path is None or path.exists()
