"""Write a model version once: temporary folder beside it, every file on disk, one rename."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from core.errors import ModelVersionError
from core.inference.card import Card, parse_card
from core.inference.manifest import MANIFEST, is_inside, manifest_bytes
from core.inference.patterns import VERSION_PATTERN

REQUIRED_FILES = (
    "model.keras",
    "engine.xml",
    "engine.bin",
    "card.yaml",
    "calibration.yaml",
    "gate.npz",
    "golden.npz",
)
MEMBERS = "members"  # folder of an ensemble's members
MEMBER_FILES = tuple(name for name in REQUIRED_FILES if name != "model.keras")
ENSEMBLE_FILES = ("card.yaml", "calibration.yaml", "ensemble.npz", "golden.npz")


def required_files(card: Card) -> tuple[str, ...]:
    """Return the files without which a version is none; an ensemble holds those of its members."""
    if card.ensemble is None:
        return REQUIRED_FILES
    of_members = (
        f"{MEMBERS}/{member.name}/{name}"
        for member in card.ensemble.members
        for name in MEMBER_FILES
    )
    return (*ENSEMBLE_FILES, *of_members)


def write_version(folder_of_task: Path, version: str, *, files: Mapping[str, bytes | Path]) -> Path:
    """Write ``folder_of_task/version`` with its manifest, all or nothing.

    Parameters
    ----------
    folder_of_task : Path
        ``models/<task>``; made where it is missing.
    version : str
        Name of the version: letters, digits, dot, dash and underscore, at most 64.
    files : mapping of str to bytes or Path
        Relative POSIX path -> content, or a file to copy, or a folder to copy with all its files.
        Must hold those of ``required_files``; ``manifest.json`` is made here.

    Returns
    -------
    Path
        The folder of the version.

    Raises
    ------
    ModelVersionError
        If the version exists (it never changes), a file is missing or empty, a name leaves the
        folder, or the card belongs to another version.
    """
    target = folder_of_task / version
    _refuse(target, version, files)
    folder_of_task.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(folder_of_task)
    prefix = f".{version}.{os.getpid()}."
    temporary = Path(tempfile.mkdtemp(prefix=prefix, suffix=".tmp", dir=folder_of_task))
    try:
        for name, content in files.items():
            _put(temporary / name, content)
        (temporary / MANIFEST).write_bytes(manifest_bytes(temporary))
        _check_content(temporary, version)
        _sync_tree(temporary)
        temporary.chmod(0o755)
        _rename_new(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _sync(folder_of_task)
    return target


def _remove_left_behind(folder_of_task: Path) -> None:
    """Delete what writers that were killed have left: hidden folders of processes long gone."""
    for path in folder_of_task.glob(".*.tmp"):
        owner = path.name.split(".")[-3]
        if path.is_dir() and owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def set_champion(folder_of_task: Path, version: str) -> None:
    """Name the version that answers by default, in one step (a reader sees old or new).

    Raises
    ------
    ModelVersionError
        If there is no such version.
    """
    if not re.match(VERSION_PATTERN, version) or not (folder_of_task / version).is_dir():
        raise ModelVersionError(
            f"Model version {version!r} does not exist.", remedy="Write the version first."
        )
    temporary = folder_of_task / f".champion.{os.getpid()}.tmp"
    temporary.write_text(version + "\n", encoding="utf-8")
    _sync(temporary)
    temporary.replace(folder_of_task / "champion")
    _sync(folder_of_task)


def _refuse(target: Path, version: str, files: Mapping[str, bytes | Path]) -> None:
    if not re.match(VERSION_PATTERN, version):
        raise ModelVersionError(
            f"{version!r} cannot be the name of a model version.",
            remedy="Use letters, digits, dot, dash and underscore, at most 64.",
        )
    if target.exists():
        raise ModelVersionError(
            f"Model version {version} exists already and never changes.",
            remedy="Write the new one under another name.",
        )
    missing = [name for name in _required(files) if name not in files]
    if missing:
        raise ModelVersionError(
            f"Model version {version} lacks {', '.join(missing)}.", remedy="Add every file."
        )
    for name in files:
        if not is_inside(name) or name == MANIFEST:
            raise ModelVersionError(
                f"{name!r} cannot be a file of a model version.",
                remedy="Use a relative path inside the version's folder.",
            )


def _required(files: Mapping[str, bytes | Path]) -> tuple[str, ...]:
    given = files.get("card.yaml")
    if given is None:
        return REQUIRED_FILES
    return required_files(parse_card(given if isinstance(given, bytes) else given.read_bytes()))


def _put(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content.is_dir():
        shutil.copytree(content, path, dirs_exist_ok=True)
    else:
        shutil.copyfile(content, path)


def _check_content(folder: Path, version: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size == 0:
            name = path.relative_to(folder).as_posix()
            raise ModelVersionError(
                f"{name} of model version {version} would be empty.", remedy="Write it first."
            )
    card = parse_card((folder / "card.yaml").read_bytes())
    if card.version != version:
        raise ModelVersionError(
            f"The card says version {card.version}, the folder {version}.",
            remedy="Give both the same name.",
        )


def _rename_new(temporary: Path, target: Path) -> None:
    # On POSIX a rename onto a folder that holds files fails: of two writers one wins, whole.
    try:
        temporary.rename(target)
    except OSError:
        if not target.exists():
            raise
        raise ModelVersionError(
            f"Model version {target.name} exists already and never changes.",
            remedy="Write the new one under another name.",
        ) from None


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk (folders cannot be opened on Windows)."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
