"""What people recorded: causes of misses, operating points, comparisons, promotions.

The values stand in ``core.persistence.records``; SQLAlchemy enters with the first record that is
written, or read where a database exists. Recording the same thing twice in a row (a double click,
a rerun) stores one row: the second call returns the first record.
"""

from __future__ import annotations

from core.persistence.records import (
    Bounds,
    Cause,
    ComparisonVerdict,
    MissCause,
    MissKind,
    OperatingPoint,
    Promotion,
    Retirement,
)
from core.workflows.users import Role, require

__all__ = [
    "Bounds",
    "Cause",
    "ComparisonVerdict",
    "MissCause",
    "MissKind",
    "OperatingPoint",
    "Promotion",
    "Retirement",
    "causes",
    "champion_row",
    "comparisons",
    "operating_points",
    "record_cause",
    "record_comparison",
    "record_operating_point",
    "record_promotion",
    "record_retirement",
    "retirements",
]


def record_operating_point(point: OperatingPoint, *, key: str | None = None) -> OperatingPoint:
    """Store an operating point and return it with time and sequence number.

    Parameters
    ----------
    point : OperatingPoint
    key : str or None
        Names this very act (at most 64 characters), so that repeating it later stores nothing.

    Raises
    ------
    PersistenceError
        If it was not stored; the message says why and what to do.
    """
    require(point.signed_by, Role.VALIDATOR)
    from core.persistence.store import store

    return store().add(point, key=key)


def operating_points(version_digest: str) -> dict[str, OperatingPoint]:
    """Return the operating point in force of each class of a version, by class name.

    Raises
    ------
    PersistenceError
        If there is a database that cannot be read.
    """
    from core.persistence.place import database_exists

    if not database_exists():
        return {}
    from core.persistence.store import store

    return store().operating_points(version_digest)


def record_cause(cause: MissCause, *, key: str | None = None) -> MissCause:
    """Store a cause and return it with time and sequence number; as for operating points."""
    require(cause.recorded_by, Role.READER)
    from core.persistence.store import store

    return store().add(cause, key=key)


def causes(run_digest: str) -> list[MissCause]:
    """Return the cause in force of each file and kind of a run, oldest first."""
    from core.persistence.place import database_exists

    if not database_exists():
        return []
    from core.persistence.store import store

    return store().causes(run_digest)


def record_comparison(verdict: ComparisonVerdict, *, key: str | None = None) -> ComparisonVerdict:
    """Store a verdict and return it with time and sequence number; as for operating points."""
    require(verdict.recorded_by, Role.VALIDATOR)
    from core.persistence.store import store

    return store().add(verdict, key=key)


def comparisons(task: str) -> list[ComparisonVerdict]:
    """Return every verdict of a task, newest first."""
    from core.persistence.place import database_exists

    if not database_exists():
        return []
    from core.persistence.store import store

    return store().comparisons(task)


def record_promotion(promotion: Promotion, *, key: str | None = None) -> Promotion:
    """Store a promotion and return it with time and sequence number; as for operating points."""
    require(promotion.promoted_by, Role.VALIDATOR)
    from core.persistence.store import store

    return store().add(promotion, key=key)


def champion_row(task: str) -> Promotion | None:
    """Return the latest promotion of a task; None where none was ever recorded."""
    from core.persistence.place import database_exists

    if not database_exists():
        return None
    from core.persistence.store import store

    return store().champion(task)


def record_retirement(row: Retirement) -> Retirement:
    """Store that a version is out of use, or in use again; as for operating points."""
    require(row.recorded_by, Role.VALIDATOR)
    from core.persistence.store import store

    return store().add(row)


def retirements(task: str) -> list[Retirement]:
    """Return what is in force of each version of a task that was ever retired.

    Raises
    ------
    PersistenceError
        If there is a database that cannot be read.
    """
    from core.persistence.place import database_exists

    if not database_exists():
        return []
    from core.persistence.store import store

    return store().retirements(task)
