"""Which version of a task answers by default: the one place that decides it.

The latest promotion in the product's home, else the name that was shipped in
``models/<task>/champion``, else the only version installed. A promotion is never passed over in
silence: where it cannot be read or followed, no version answers until a person has named one.
"""

from __future__ import annotations

from core.errors import ChampionError, PersistenceError
from core.inference import package
from core.inference.package import ModelVersion, champion_of, models_folder, version_names
from core.workflows.records import Promotion, champion_row

_NAME_ONE = "name a version with --version, or promote one: python -m core promote."


def champion_name(task_key: str) -> str | None:
    """Return the name of the version that answers by default; None where none is named.

    It may not be installed: ``find_version`` refuses it then. Without a database it costs a look
    at two files.

    Raises
    ------
    ChampionError
        If there is a database that cannot be read: it may name another than the shipped one.
    """
    promoted = promotion(task_key)
    if promoted is not None:
        return promoted.version
    shipped = champion_of(task_key)
    installed = version_names(task_key)
    return installed[0] if shipped is None and len(installed) == 1 else shipped


def promotion(task_key: str) -> Promotion | None:
    """Return the promotion that made the champion; None where the shipped choice is in force.

    Raises
    ------
    ChampionError
        If there is a database that cannot be read.
    """
    try:
        return champion_row(task_key)
    except PersistenceError as error:
        raise ChampionError(
            f"Which version of {task_key} answers is not known: {error.problem}",
            remedy=f"{error.remedy} Until then a command answers for a version named by --version.",
        ) from None


def find_version(task_key: str, version: str | None = None) -> ModelVersion:
    """Return a version of a task: the one named, else the champion.

    Raises
    ------
    ModelMissingError
        If none is installed, or the named one is not.
    ChampionError
        If the promoted version is not installed, is not the one that was promoted, or cannot be
        known.
    ModelVersionError
        If there is no champion among several, or its card or manifest is damaged.
    """
    promoted = promotion(task_key) if version is None else None
    if promoted is None:
        return package.find_version(task_key, version)
    installed = version_names(task_key)
    if promoted.version not in installed:
        others = f" Installed: {', '.join(installed)}." if installed else ""
        raise ChampionError(
            f"{promoted.version} is the champion of {task_key} ({promotion_said(promoted)}) and is "
            "not installed.",
            remedy=f"Put it back into {models_folder() / task_key}, or {_NAME_ONE}{others}",
        )
    found = package.find_version(task_key, promoted.version)
    if found.digest != promoted.digest:
        raise ChampionError(
            f"{promoted.version} is not the version that was promoted: its files are others.",
            remedy=f"Put the promoted one back into {models_folder() / task_key}, or {_NAME_ONE}",
        )
    return found


def is_champion(task_key: str, version: str) -> bool:
    """Return whether a version answers by default; no version does where that is not known."""
    try:
        return champion_name(task_key) == version
    except ChampionError:
        return False


def promotion_said(promoted: Promotion) -> str:
    """Return who promoted, when and on which ground, in one line.

    >>> promotion_said(Promotion("t", "v", "d", None, "may replace", None, "A. Reader"))
    'promoted by A. Reader; verdict: may replace'
    """
    at = f" on {promoted.promoted_at:%d %b %Y, %H:%M} UTC" if promoted.promoted_at else ""
    instead = f" in place of {promoted.previous}" if promoted.previous else ""
    if promoted.override is None:
        return f"promoted by {promoted.promoted_by}{at}{instead}; verdict: {promoted.verdict}"
    return (
        f"promoted by {promoted.promoted_by}{at}{instead} against the check "
        f"(verdict: {promoted.verdict}): {promoted.override}"
    )
