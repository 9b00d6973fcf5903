"""Take a version out of use, and back: its files stay, and everything measured of it."""

from __future__ import annotations

from core.errors import ArgumentError, ModelVersionError
from core.inference import package
from core.tasks import load_task
from core.workflows.champions import champion_name
from core.workflows.records import Retirement, record_retirement, retirements

RETIRED, IN_USE = "retired", "in use"


def retired_versions(task: str) -> dict[str, Retirement]:
    """Return the versions of a task that are out of use, by name.

    A version of the same name with other files is another one: it is in use.

    Raises
    ------
    PersistenceError
        If there is a database that cannot be read.
    """
    return {row.version: row for row in retirements(task) if row.state == RETIRED}


def retire(task: str, version: str, *, why: str, by: str) -> Retirement:
    """Take a version out of use; the champion first has to be replaced.

    Raises
    ------
    ArgumentError
        If there is no reason, or nobody's name.
    ModelVersionError
        If there is no such version, it is the champion, or the champion cannot be known.
    PersistenceError
        If it could not be recorded.
    """
    for value, name, what in ((why, "why", "No reason"), (by, "by", "Nobody's name")):
        if not value.strip():
            raise ArgumentError(f"{what} was given.", remedy="Give both.", column=name)
    key = load_task(task).key
    if champion_name(key) == version:
        raise ModelVersionError(
            f"{version} is the champion of {key}: without it no version answers.",
            remedy="Promote another one first.",
        )
    return _record(key, version, RETIRED, why=why, by=by)


def take_back(task: str, version: str, *, by: str) -> Retirement:
    """Put a retired version into use again.

    Raises
    ------
    ArgumentError
        If nobody's name is given.
    ModelVersionError, PersistenceError
        As ``retire``.
    """
    if not by.strip():
        raise ArgumentError("Nobody's name was given.", remedy="Say who.", column="by")
    return _record(load_task(task).key, version, IN_USE, why="", by=by)


def _record(task: str, version: str, state: str, *, why: str, by: str) -> Retirement:
    digest = package.find_version(task, version).digest
    row = Retirement(task, version, digest, state, why.strip(), by.strip())
    return record_retirement(row)
