"""The installed model versions: which there are, their cards, whether they may answer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from core.errors import ChampionError, ModelVersionError, PersistenceError
from core.inference.card import Card, check_card_fits_task, parse_card
from core.inference.package import (
    ModelVersion,
    compared_folder,
    models_folder,
    read_version,
    verify,
    version_names,
)
from core.tasks import load_task, load_tasks
from core.workflows.champions import find_version, is_champion, promotion, promotion_said
from core.workflows.compared_versions import CARD
from core.workflows.records import Retirement
from core.workflows.retiring import retired_versions


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """One folder of a task that claims to be a version.

    ``card`` and ``digest`` are None where the card cannot be read; ``problem`` is the sentence
    that says why the version may not answer, None where it may. ``retired`` says who took it out
    of use and why; None where it is in use.
    """

    task: str
    name: str
    is_champion: bool
    card: Card | None
    digest: str | None
    n_bytes: int
    problem: str | None
    retired: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it may answer."""
        return self.problem is None


NO_WEIGHTS = "Its figures are kept and its weights are not: it cannot answer."
# What was hashed, by digest: sizes and times of the files then. A changed file is hashed again.
_verified: dict[str, tuple[tuple[str, int, int], ...]] = {}


def champion(task: str) -> ModelVersion:
    """Return the version that answers by default, every file verified.

    Raises
    ------
    TaskError
        If there is no such task.
    ModelMissingError
        If none is installed.
    ModelVersionError
        If it is damaged, changed, or does not fit the task.
    """
    return verified_version(task)


def verified_version(task: str, version: str | None = None) -> ModelVersion:
    """Return a version, every file verified; cheap while the files stay as they are.

    Raises
    ------
    TaskError, ModelVersionError
        As ``champion``.
    """
    found = find_version(load_task(task).key, version)
    _check(found, task)
    return found


def list_models(task: str | None = None) -> tuple[InstalledVersion, ...]:
    """Return every installed version of a task, or of all tasks, champions first, retired last.

    A damaged one is listed with its problem: it must not vanish from a person's sight.
    """
    keys = [load_task(task).key] if task is not None else list(load_tasks())
    rows = [row for key in keys for row in _rows(key)]
    order = {key: place for place, key in enumerate(keys)}
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                order[row.task],
                not row.is_champion,
                row.retired is not None,
                row.name,
            ),
        )
    )


def list_kept(task: str) -> tuple[InstalledVersion, ...]:
    """Return the versions of a task whose card and figures are kept and whose weights are not.

    None of them may answer. One that is installed as well, or whose card cannot be read, is left
    out.
    """
    folder, installed = compared_folder(task), set(version_names(task))
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    rows = []
    for path in paths:
        with contextlib.suppress(OSError, ModelVersionError):
            card = parse_card((path / CARD).read_bytes())
            rows.append(InstalledVersion(task, path.name, False, card, None, 0, NO_WEIGHTS))
    return tuple(row for row in rows if row.name not in installed)


def _rows(task: str) -> list[InstalledVersion]:
    try:
        retired = retired_versions(task)
    except PersistenceError:
        retired = {}  # whoever asks for the champion is told that the database cannot be read
    rows = [_row(task, name) for name in version_names(task)]
    return [
        replace(row, retired=_retired_said(retired[row.name]))
        if row.name in retired and retired[row.name].digest == row.digest
        else row
        for row in rows
    ]


def _retired_said(row: Retirement) -> str:
    at = f" on {row.recorded_at:%d %b %Y}" if row.recorded_at else ""
    return f"Retired by {row.recorded_by}{at}: {row.reason}"


def _row(task: str, name: str) -> InstalledVersion:
    folder = models_folder() / task / name
    card, digest, problem, n_bytes = None, None, None, 0
    try:
        found = read_version(folder)
        card, digest = found.card, found.digest
        n_bytes = sum(entry.n_bytes for entry in found.manifest.files.values())
        _check(found, task)
    except ModelVersionError as error:
        problem = str(error)
    return InstalledVersion(task, name, is_champion(task, name), card, digest, n_bytes, problem)


def champion_said(task: str) -> str | None:
    """Return who made which version the champion, when and why.

    None where the shipped choice is in force, or what is in force cannot be read: the version's
    own state says that.
    """
    try:
        promoted = promotion(task)
    except ChampionError:
        return None
    return f"Champion {promoted.version}: {promotion_said(promoted)}" if promoted else None


def _check(version: ModelVersion, task: str) -> None:
    check_card_fits_task(version.card, load_task(task))
    now = _signature(version)
    if _verified.get(version.digest) != now:
        verify(version)
        _verified[version.digest] = now


def _signature(version: ModelVersion) -> tuple[tuple[str, int, int], ...]:
    rows = []
    for name in version.manifest.files:
        path = version.path / name
        state = path.stat() if path.is_file() else None
        rows.append((str(path), state.st_size if state else -1, state.st_mtime_ns if state else 0))
    return tuple(rows)
