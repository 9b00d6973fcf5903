"""One file with everything that people made: database, pictures, settings, and a manifest.

The database is copied by SQLite's own backup while writing goes on. The pictures come after it:
one that a row of the copy names was on the disk before that row.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from core.config import masked
from core.errors import PersistenceError
from core.persistence import pictures
from core.persistence.chain import Head, parse_head, write_head_file
from core.persistence.database import Database, database
from core.persistence.place import FILE, HEAD_FILE, head_file
from core.persistence.sqlite_file import connect, sync
from core.persistence.tables import REVISION
from core.persistence.verifying import verify
from core.persistence.worklist_store import picture_names

MANIFEST = "manifest.json"
SETTINGS = "settings.json"
FORMAT = "second look backup 1"
NOT_DATA = ("logs", "batches")  # what a home may hold and be empty still
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupFile:
    """What a backup holds: ``head`` of the audit chain, and how many rows and pictures."""

    path: Path
    head: str
    rows: int
    n_pictures: int
    at: str


def write_backup(out: Path, *, settings_told: Mapping[str, Any]) -> BackupFile:
    """Write a backup of the current home; the file is there whole or not at all.

    Parameters
    ----------
    out : Path
        A file that does not exist yet.
    settings_told : mapping
        Settings as they are told to people, passwords masked.

    Raises
    ------
    PersistenceError
        If the file exists, nothing was ever recorded, the database is a server's, the audit chain
        does not hold, or the file cannot be written.
    """
    source = database()
    if source.file is None:
        raise PersistenceError(
            f"The database {masked(source.url)} is a server's.",
            remedy="Back it up with the server's own tool (pg_dump), and copy the folder pictures "
            "and the file audit_head of the home afterwards.",
        )
    if out.exists():
        raise PersistenceError(f"{out.name} exists.", remedy="Name a file that does not exist.")
    draft = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".second-look-") as folder:
            made = _write(source, draft, Path(folder), dict(settings_told))
        sync(draft)
        draft.rename(out)
        sync(out.parent)
    except (OSError, sqlite3.Error) as error:
        raise PersistenceError(
            f"The backup was not written ({type(error).__name__}).",
            remedy="Check that its folder may be written and the disk has room.",
        ) from None
    finally:
        with suppress(NotADirectoryError):  # then there is no draft
            draft.unlink(missing_ok=True)
    return BackupFile(out, made["head"], made["rows"], made["n_pictures"], made["at"])


def _write(source: Database, draft: Path, folder: Path, settings_told: Any) -> dict[str, Any]:
    with source.reading():
        pass  # created, checked and migrated, where that has to be
    copy = folder / FILE
    with (
        closing(connect(Path(str(source.file)), "mode=ro")) as live,
        closing(sqlite3.connect(copy)) as target,
    ):
        live.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    with Database(f"sqlite:///{copy}").reading() as connection:
        checked = verify(connection)
        named = picture_names(connection)
    if not checked.ok:
        raise PersistenceError(
            f"The audit chain does not hold: {checked.problem}",
            remedy="`python -m core audit verify` says where; a backup of it would hide that.",
        )
    digests: dict[str, str] = {}
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        _add(archive, FILE, copy, digests)
        lost = sorted(name for name in named if pictures.find(name) is None)
        if lost:
            raise PersistenceError(
                f"{len(lost)} of {len(named)} pictures are not in the store, such as "
                f"{lost[0][:8]}.",
                remedy="Put the folder pictures of an older backup back, then try again.",
            )
        names = [path.relative_to(pictures.pictures_folder()) for path in pictures.files()]
        for name in names:
            path = pictures.pictures_folder() / name
            _add(archive, f"{pictures.FOLDER}/{name.as_posix()}", path, digests)
        text = json.dumps(settings_told, indent=1, allow_nan=False).encode()
        archive.writestr(SETTINGS, text)
        digests[SETTINGS] = hashlib.sha256(text).hexdigest()
        manifest = {
            "format": FORMAT,
            "revision": REVISION,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "head": checked.head,
            "rows": checked.rows,
            "n_pictures": len(names),
            "files": digests,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return manifest


def _add(archive: zipfile.ZipFile, name: str, path: Path, digests: dict[str, str]) -> None:
    digest = hashlib.sha256()
    info = zipfile.ZipInfo(name)
    with path.open("rb") as stream, archive.open(info, "w", force_zip64=True) as target:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    digests[name] = digest.hexdigest()


def restore_backup(path: Path, home: Path, *, replace: bool = False) -> BackupFile:
    """Put a backup in place: unpacked aside in the home, verified before anything is replaced.

    What stood there is moved into ``replaced-TIME`` in the home, never removed.

    Raises
    ------
    PersistenceError
        If the file is no backup of ours, damaged or does not verify, the home is not empty and
        ``replace`` is not given, or it cannot be written.
    """
    if database().file != home.absolute() / FILE:
        raise PersistenceError(
            "SECOND_LOOK_DATABASE_URL names another database than that of the home.",
            remedy="Unset it, restore, and point it at the restored file if need be.",
        )
    held = sorted(item.name for item in home.iterdir()) if home.is_dir() else []
    if not replace and set(held) - set(NOT_DATA):
        raise PersistenceError(
            f"The home {home} is not empty: it holds {', '.join(held[:5])}.",
            remedy="Restore into an empty home, or give --replace: what is there is moved aside.",
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
            found = _unpacked(path, Path(folder))
            _put_in_place(Path(folder), home, Head() if found is None else parse_head(found.head))
    except (OSError, sqlite3.Error, zipfile.BadZipFile) as error:
        raise _refused(type(error).__name__) from None
    return found


def _unpacked(path: Path, folder: Path) -> BackupFile:
    """Unpack into a folder what the manifest names, and nothing else; verify all of it."""
    with zipfile.ZipFile(path) as archive:
        manifest = _manifest(archive)
        for name, digest in manifest["files"].items():
            parts = PurePosixPath(name).parts
            if ".." in parts or name.startswith(("/", "\\")) or "\\" in name or ":" in name:
                raise _refused(f"it names {name!r}")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                found = _unpack(archive, name, target)
            except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
                raise _refused(f"{name} is damaged or missing") from None
            if found != digest:
                raise _refused(f"{name} is not what the manifest says")
    with Database(f"sqlite:///{folder / FILE}").reading() as connection:
        checked = verify(connection, heads=(parse_head(str(manifest["head"])),))
    if not checked.ok:
        raise _refused(f"its audit chain does not hold: {checked.problem}")
    for left in folder.glob(f"{FILE}-*"):
        left.unlink()
    return BackupFile(
        path, checked.head, checked.rows, int(manifest["n_pictures"]), str(manifest["at"])
    )


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
        is_ours = manifest["format"] == FORMAT and FILE in manifest["files"]
        known = {"revision", "head", "rows", "n_pictures", "at"} <= set(manifest)
    except (KeyError, ValueError, TypeError, RuntimeError):
        raise _refused("it has no manifest") from None
    if not (is_ours and known):
        raise _refused("its manifest is of another kind")
    return dict(manifest)


def _unpack(archive: zipfile.ZipFile, name: str, target: Path) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as stream, target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _put_in_place(folder: Path, home: Path, head: Head) -> None:
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = home / f"replaced-{at}"
    old = (FILE, f"{FILE}-wal", f"{FILE}-shm", HEAD_FILE, pictures.FOLDER, SETTINGS)
    for name in old:
        if (home / name).exists():
            aside.mkdir(exist_ok=True)
            shutil.move(home / name, aside / name)
    for name in (pictures.FOLDER, SETTINGS):
        if (folder / name).exists():
            shutil.move(folder / name, home / name)
    with closing(connect(folder / FILE, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    write_head_file(head_file(), head)
    shutil.move(folder / FILE, home / FILE)  # last: with it the home is whole
    sync(home / FILE)
    sync(home)


def _refused(why: str) -> PersistenceError:
    return PersistenceError(
        f"Nothing was restored: the backup cannot be used ({why}).",
        remedy="Use another backup; the home is as it was.",
    )
