"""Backup and restore of the home: what people recorded, the pictures of cases, the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.config import setting_rows, settings
from core.errors import PersistenceError
from core.persistence.place import database_exists
from core.workflows.users import Role, require

if TYPE_CHECKING:
    from core.persistence.backup import BackupFile


def back_up(out: Path) -> BackupFile:
    """Write a backup of the home as one file, while writing goes on.

    Raises
    ------
    PersistenceError
        If there is nothing to back up, or it was not written.
    """
    require(None, Role.ADMIN)
    from core.persistence.backup import write_backup

    if not database_exists():
        raise PersistenceError(
            f"The home {settings().home} holds no database yet: there is nothing to back up.",
            remedy="Record something first.",
        )
    told = {row.name: {"value": row.value, "source": row.source} for row in setting_rows()}
    return write_backup(out.absolute(), settings_told=told)


def restore(path: Path, *, replace: bool = False) -> BackupFile:
    """Put a backup in place, verified before anything is replaced.

    Settings are not changed: they come from the environment; the backup's stand in settings.json.

    Raises
    ------
    PersistenceError
        If nothing was restored.
    """
    if database_exists():  # into an empty home: whoever may write it
        require(None, Role.ADMIN)
    from core.persistence.backup import restore_backup

    return restore_backup(path, settings().home.absolute(), replace=replace)
