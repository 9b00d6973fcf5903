"""The tables, as the newest migration leaves them (``migrations/versions``; a test compares)."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from core.persistence.records import (
    ComparisonVerdict,
    MissCause,
    OperatingPoint,
    Promotion,
    Retirement,
)

REVISION = "0006"  # what this release reads and writes
VERSION_TABLE = "alembic_version"


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC: SQLite keeps no time zone, so that every value is turned into UTC first."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as it is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData()


def _table(name: str, *columns: sa.Column[object]) -> sa.Table:
    # AUTOINCREMENT: a sequence number is never given twice, whatever happens to a row.
    return sa.Table(
        name,
        metadata,
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), unique=True, nullable=True),
        *columns,
        sqlite_autoincrement=True,
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _bounds(name: str) -> list[sa.Column[object]]:
    return [_number(f"{name}_{part}", nullable=True) for part in ("value", "low", "high")]


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, UtcTime, nullable=False)


operating_point = _table(
    "operating_point",
    _text("task"),
    _text("model_version"),
    _text("version_digest"),
    _text("class_name"),
    _number("threshold"),
    _number("sensitivity_asked"),
    _text("rule"),
    _text("run"),
    _text("chosen_on"),
    *_bounds("sensitivity"),
    *_bounds("specificity"),
    sa.Column("n_positive", sa.Integer, nullable=False),
    sa.Column("n_groups", sa.Integer, nullable=True),
    _number("lower_bound_one_sided_95", nullable=True),
    sa.Column("claim_holds", sa.Boolean, nullable=True),
    _number("prevalence"),
    _text("signed_by"),
    _time("signed_at"),
)
miss_cause = _table(
    "miss_cause",
    _text("task"),
    _text("run"),
    _text("run_digest"),
    _text("file"),
    _text("y_true"),
    _text("called"),
    _text("kind"),
    _text("cause"),
    _text("note"),
    _text("recorded_by"),
    _time("recorded_at"),
)
comparison = _table(
    "comparison",
    _text("task"),
    _text("run_a"),
    _text("run_b"),
    _text("version_a", nullable=True),
    _text("version_b", nullable=True),
    _text("class_name"),
    _number("margin"),
    _text("verdict"),
    sa.Column("facts", sa.JSON, nullable=False),
    _text("recorded_by"),
    _time("recorded_at"),
)
promotion = _table(
    "promotion",
    _text("task"),
    _text("version"),
    _text("digest"),
    _text("previous", nullable=True),
    _text("verdict"),
    _text("override", nullable=True),
    _text("promoted_by"),
    _time("promoted_at"),
)
retirement = _table(
    "retirement",
    _text("task"),
    _text("version"),
    _text("digest"),
    _text("state"),
    _text("reason"),
    _text("recorded_by"),
    _time("recorded_at"),
)

sa.Index("operating_point_of_version", operating_point.c.version_digest, operating_point.c.sequence)
sa.Index("miss_cause_of_run", miss_cause.c.run_digest, miss_cause.c.sequence)
sa.Index("comparison_of_task", comparison.c.task, comparison.c.sequence)
sa.Index("promotion_of_task", promotion.c.task, promotion.c.sequence)
sa.Index("retirement_of_task", retirement.c.task, retirement.c.sequence)

TABLES: dict[type, sa.Table] = {
    OperatingPoint: operating_point,
    MissCause: miss_cause,
    ComparisonVerdict: comparison,
    Promotion: promotion,
    Retirement: retirement,
}
# What a record is about: of the records on one subject, the latest is in force.
SUBJECTS: dict[type, tuple[str, ...]] = {
    OperatingPoint: ("version_digest", "class_name"),
    MissCause: ("run_digest", "file", "kind"),
    ComparisonVerdict: ("task", "run_a", "run_b", "class_name"),
    Promotion: ("task",),
    Retirement: ("task", "version"),
}
TIMES: dict[type, str] = {
    OperatingPoint: "signed_at",
    MissCause: "recorded_at",
    ComparisonVerdict: "recorded_at",
    Promotion: "promoted_at",
    Retirement: "recorded_at",
}
