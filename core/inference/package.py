"""A model version on disk: find it, list them, verify every file before one of them is opened.

``models/<task>/<version>/`` holds the files of ``required_files``, optional evaluation runs and
``manifest.json``; ``models/<task>/champion`` names the version that answers by default. Nothing
in a version changes once it is written (``core.inference.writer``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.config import settings
from core.errors import ModelMissingError, ModelVersionError, TrainingError
from core.inference.card import Card, parse_card
from core.inference.manifest import (
    INSTALL_AGAIN,
    FileManifest,
    check_file,
    read_manifest_file,
)
from core.inference.patterns import VERSION_PATTERN
from core.inference.writer import REQUIRED_FILES, required_files, set_champion, write_version

__all__ = [
    "AUDITS",
    "CHAMPION",
    "COMPARED",
    "REQUIRED_FILES",
    "ModelVersion",
    "champion_of",
    "check_new_name",
    "compared_folder",
    "find_version",
    "list_versions",
    "models_folder",
    "names_in",
    "read_version",
    "set_champion",
    "verify",
    "version_names",
    "write_version",
]

CHAMPION = "champion"
AUDITS = "audits"  # beside the versions of a task: what was measured of their maps
COMPARED = "compared"  # beside them, too: figures of versions whose weights are not kept
_NO_VERSIONS = (CHAMPION, AUDITS, COMPARED)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version: its folder, its card, its manifest.

    ``digest`` (SHA-256 of manifest.json) identifies it in caches, runs, audits and promotions.
    """

    path: Path
    card: Card
    manifest: FileManifest

    @property
    def digest(self) -> str:
        """SHA-256 of ``manifest.json``."""
        return self.manifest.digest

    @property
    def name(self) -> str:
        """The version's name, which is its folder's."""
        return self.card.version

    def file(self, name: str) -> Path:
        """Return the path of a file that the manifest lists.

        Raises
        ------
        ModelVersionError
            If the manifest does not list it: what is not listed is never opened.
        """
        if name not in self.manifest.files:
            raise ModelVersionError(
                f"Model version {self.name} has no {name}.", remedy=INSTALL_AGAIN
            )
        return self.path / name


def models_folder() -> Path:
    """Return the folder of model versions (setting SECOND_LOOK_MODELS)."""
    return settings().models


def version_names(task_key: str) -> tuple[str, ...]:
    """Return the names of the folders that may be versions of a task, sorted."""
    return names_in(models_folder() / task_key)


def names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the folders in a task's folder that may be versions, sorted."""
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir()
            and path.name not in _NO_VERSIONS
            and re.match(VERSION_PATTERN, path.name)
        )
    )


def check_new_name(task_key: str, name: str, *, option: str) -> None:
    """Refuse a name that no new version of a task can have, before anything is computed for it.

    ``option`` is how a person gives another one, such as ``--version``.

    Raises
    ------
    TrainingError
        If it is no name of a folder, stands for something else there, or is taken.
    """
    column = option.lstrip("-")
    if not re.fullmatch(VERSION_PATTERN, name):
        raise TrainingError(
            f"{name!r} cannot name a model version.",
            remedy=f"Give {option} 1 to 64 letters, digits, dots, dashes and underscores, a letter "
            "or digit first.",
            column=column,
        )
    if name.casefold() in _NO_VERSIONS:
        raise TrainingError(
            f"{name!r} cannot name a model version: the models' folder keeps something else there.",
            remedy=f"Choose another {option}; taken are {', '.join(_NO_VERSIONS)}.",
            column=column,
        )
    if name in version_names(task_key):
        raise TrainingError(
            f"Model version {name} of task {task_key} exists already and never changes.",
            remedy=f"Choose another {option}.",
            column=column,
        )


def compared_folder(task_key: str) -> Path:
    """Return where the figures of versions without weights lie, one folder each."""
    return models_folder() / task_key / COMPARED


def champion_of(task_key: str) -> str | None:
    """Return the name in ``models/<task>/champion``, or None where there is no such file."""
    path = models_folder() / task_key / CHAMPION
    if not path.is_file():
        return None
    return path.read_text(encoding="utf-8", errors="replace").strip() or None


def read_version(folder: Path) -> ModelVersion:
    """Read manifest and card of a version's folder; nothing else is opened.

    Raises
    ------
    ModelVersionError
        If manifest or card are missing, damaged or changed, or do not belong to the folder.
    """
    if not folder.is_dir():
        raise ModelMissingError(
            f"Model version {folder.name} is not installed.",
            remedy=f"Put it into {folder.parent} or name another version.",
        )
    manifest = read_manifest_file(folder)
    _require(folder, manifest, ("card.yaml",))
    check_file(folder, "card.yaml", manifest.files["card.yaml"])
    card = parse_card((folder / "card.yaml").read_bytes())
    _require(folder, manifest, required_files(card))
    if card.version != folder.name:
        raise ModelVersionError(
            f"The folder {folder.name} holds the card of model version {card.version}.",
            remedy="Give the folder its own name back.",
        )
    return ModelVersion(path=folder, card=card, manifest=manifest)


def _require(folder: Path, manifest: FileManifest, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in manifest.files:
            raise ModelVersionError(
                f"The manifest of model version {folder.name} does not list {name}.",
                remedy=INSTALL_AGAIN,
            )


def find_version(task_key: str, version: str | None = None) -> ModelVersion:
    """Return a version of a task: the one named, else the champion, else the only one.

    Raises
    ------
    ModelMissingError
        If none is installed, or the named one is not.
    ModelVersionError
        If there is no champion among several, or its card or manifest is damaged.
    """
    installed = version_names(task_key)
    if not installed:
        raise ModelMissingError(
            f"No model version of task {task_key} is installed.",
            remedy=f"Put one into {models_folder() / task_key} or train one: "
            f"python -m core train --task {task_key} --architecture mobilenet.",
        )
    name = version or champion_of(task_key)
    if name is None and len(installed) == 1:
        name = installed[0]
    if name is None:
        raise ModelVersionError(
            f"Task {task_key} has no champion among its model versions {', '.join(installed)}.",
            remedy=f"Name one with --version, or write its name into {CHAMPION}.",
        )
    if name not in installed:
        raise ModelMissingError(
            f"Model version {name!r} of task {task_key} is not installed.",
            remedy=f"Installed: {', '.join(installed)}.",
        )
    return read_version(models_folder() / task_key / name)


def list_versions(task_key: str | None = None) -> tuple[ModelVersion, ...]:
    """Return every version whose card and manifest can be read, by task and name.

    A damaged one is left out here; ``core.workflows.models`` names it with its reason.
    """
    folder = models_folder()
    if task_key is not None:
        tasks = [task_key]
    else:
        tasks = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    found = []
    for task in tasks:
        for name in version_names(task):
            try:
                found.append(read_version(folder / task / name))
            except ModelVersionError:
                continue
    return tuple(found)


def verify(version: ModelVersion) -> None:
    """Compare every file with the manifest, and the manifest with the version's digest.

    Raises
    ------
    ModelVersionError
        For the first file that is missing, empty, cut short or changed, or a changed manifest.
    """
    now = read_manifest_file(version.path)
    if now.digest != version.digest:
        raise ModelVersionError(
            f"The manifest of model version {version.name} was changed.", remedy=INSTALL_AGAIN
        )
    for name, entry in version.manifest.files.items():
        check_file(version.path, name, entry)
