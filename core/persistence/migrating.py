"""Make a database, or bring one to this release: whole or not at all, a copy of the old one first.

Alembic's revisions, run in one transaction that no other writer can enter.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from core.errors import PersistenceError
from core.persistence.sqlite_file import connect, engine, sync

if TYPE_CHECKING:
    from core.persistence.database import Database

FOLDER = Path(__file__).parent / "migrations"
BACKUPS = "backups"


def create(path: Path) -> None:
    """Make an empty database of this release beside ``path`` and name it so when it is complete.

    Where another process was quicker, its database stays. A file that is there is never touched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    draft.unlink(missing_ok=True)
    try:
        made = engine(lambda: connect(draft, "mode=rwc"), begin=lambda _: "BEGIN IMMEDIATE")
        with made.begin() as connection:
            _upgrade(connection, None)
        with closing(connect(draft, "mode=rw")) as plain:
            plain.execute("PRAGMA journal_mode=WAL")  # kept in the file
        sync(draft)
        _name_new(draft, path)
        sync(path.parent)
    finally:
        for left in (draft, *draft.parent.glob(f"{draft.name}-*")):
            left.unlink(missing_ok=True)


def _name_new(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            draft.rename(path)


def migrate(database: Database, revision: str | None) -> None:
    """Bring a database to this release; its file is copied to ``backups`` first.

    Raises
    ------
    PersistenceError
        If its schema is of a release that this one does not know.
    """
    known = [item.revision for item in _scripts().walk_revisions()]
    if revision is not None and revision not in known:
        raise PersistenceError(
            f"The database was made by another release (schema {revision}; this one knows "
            f"{', '.join(sorted(known))}); it was left as it is.",
            remedy="Use the release that made it, or put a copy from the folder backups beside it "
            "in its place (docs/settings.md, The database).",
        )
    if database.file is not None:
        back_up(database.file, label=f"schema-{revision}")
    with database.connected(writes=True) as connection:
        # Another process may have done it since.
        context = MigrationContext.configure(connection)
        _upgrade(connection, context.get_current_revision())


def back_up(path: Path, *, label: str) -> Path:
    """Copy a database with all it holds at one moment to ``backups`` beside it; return the copy.

    SQLite's own backup: right while others write, and with what still stands in the log.
    """
    folder = path.parent / BACKUPS
    folder.mkdir(exist_ok=True)
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = folder / f"{path.stem}-{at}-{label}{path.suffix}"
    draft = target.with_name(f".{target.name}.part")
    try:
        with closing(connect(path, "mode=ro")) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
        sync(draft)
        draft.rename(target)
        sync(folder)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: Connection, revision: str | None) -> None:
    scripts = _scripts()
    context = MigrationContext.configure(connection)
    ahead = list(scripts.iterate_revisions("head", revision or "base"))
    with Operations.context(context):
        for item in reversed(ahead):
            item.module.upgrade()
            context.stamp(scripts, item.revision)
