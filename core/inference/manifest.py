"""``manifest.json`` of a model version: the SHA-256 and size of every file, and its own digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ModelVersionError
from core.inference.patterns import SHA256_PATTERN

MANIFEST = "manifest.json"
CHUNK = 1 << 20
INSTALL_AGAIN = "Install the model version again; it is not used as it is."


class FileEntry(BaseModel):
    """One file of a model version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str = Field(pattern=SHA256_PATTERN)
    n_bytes: int = Field(ge=1)


class _ManifestFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    manifest: int = Field(1, ge=1, le=1)
    files: dict[str, FileEntry] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class FileManifest:
    """The files of a version, and ``digest``: the SHA-256 of manifest.json's own bytes."""

    files: Mapping[str, FileEntry]
    digest: str


def is_inside(name: str) -> bool:
    """Whether a relative POSIX path stays inside the version's folder."""
    path = PurePosixPath(name)
    plain = "\\" not in name and ":" not in name and "\x00" not in name
    return plain and bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def manifest_bytes(folder: Path) -> bytes:
    """Return the bytes of ``manifest.json`` over every file now in the folder, sorted by name."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            files[name] = {"sha256": sha256_of(path), "n_bytes": path.stat().st_size}
    return (json.dumps({"manifest": 1, "files": files}, indent=1) + "\n").encode("utf-8")


def read_manifest_file(folder: Path) -> FileManifest:
    """Read ``manifest.json`` of a version's folder.

    Raises
    ------
    ModelVersionError
        If it is missing or damaged, or names a file outside the folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelVersionError(
            f"Model version {folder.name} has no {MANIFEST}.", remedy=INSTALL_AGAIN
        )
    text = path.read_bytes()
    try:
        content = _ManifestFile.model_validate_json(text)
    except ValidationError:
        raise ModelVersionError(
            f"{MANIFEST} of model version {folder.name} is damaged.", remedy=INSTALL_AGAIN
        ) from None
    for name in content.files:
        if not is_inside(name):
            raise ModelVersionError(
                f"{MANIFEST} of model version {folder.name} names a file outside its folder.",
                remedy=INSTALL_AGAIN,
            )
    return FileManifest(files=content.files, digest=hashlib.sha256(text).hexdigest())


def check_file(folder: Path, name: str, entry: FileEntry) -> None:
    """Compare one file with its entry: there, not empty, whole, unchanged.

    Raises
    ------
    ModelVersionError
        With its own sentence for each of the four.
    """
    path = folder / name
    where = f"{name} of model version {folder.name}"
    # A link could lead out of the folder: what is hashed must be what lies here.
    if path.is_symlink() or not path.is_file():
        raise ModelVersionError(f"{where} is missing.", remedy=INSTALL_AGAIN)
    n_bytes = path.stat().st_size
    if n_bytes == 0:
        raise ModelVersionError(f"{where} is empty (zero bytes).", remedy=INSTALL_AGAIN)
    if n_bytes < entry.n_bytes:
        raise ModelVersionError(
            f"{where} is cut short: {n_bytes} of {entry.n_bytes} bytes.", remedy=INSTALL_AGAIN
        )
    if n_bytes != entry.n_bytes or sha256_of(path) != entry.sha256:
        raise ModelVersionError(
            f"{where} was changed: its SHA-256 is not the one in {MANIFEST}.",
            remedy=INSTALL_AGAIN,
        )
