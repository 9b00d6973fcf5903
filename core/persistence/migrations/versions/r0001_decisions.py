"""Operating points, causes of misses, verdicts of comparisons, promotions.

A revision is a picture of its time: it names no table of ``core.persistence.tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.persistence.migrations.append_only import forbid_changes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the four tables; rows are only ever added."""
    _create(
        "operating_point",
        *_texts("task", "model_version", "version_digest", "class_name"),
        *_numbers("threshold", "sensitivity_asked"),
        *_texts("rule", "run", "chosen_on"),
        *_bounds("sensitivity"),
        *_bounds("specificity"),
        sa.Column("n_positive", sa.Integer, nullable=False),
        sa.Column("n_groups", sa.Integer, nullable=True),
        sa.Column("lower_bound_one_sided_95", sa.Double, nullable=True),
        sa.Column("claim_holds", sa.Boolean, nullable=True),
        *_numbers("prevalence"),
        *_texts("signed_by"),
        _time("signed_at"),
    )
    _create(
        "miss_cause",
        *_texts("task", "run", "run_digest", "file", "y_true", "called"),
        *_texts("kind", "cause", "note", "recorded_by"),
        _time("recorded_at"),
    )
    _create(
        "comparison",
        *_texts("task", "run_a", "run_b"),
        *_texts("version_a", "version_b", nullable=True),
        *_texts("class_name"),
        *_numbers("margin"),
        *_texts("verdict"),
        sa.Column("facts", sa.JSON, nullable=False),
        *_texts("recorded_by"),
        _time("recorded_at"),
    )
    _create(
        "promotion",
        *_texts("task", "version", "digest"),
        *_texts("previous", nullable=True),
        *_texts("verdict"),
        *_texts("override", nullable=True),
        *_texts("promoted_by"),
        _time("promoted_at"),
    )
    op.create_index("operating_point_of_version", "operating_point", ["version_digest", "sequence"])
    op.create_index("miss_cause_of_run", "miss_cause", ["run_digest", "sequence"])
    op.create_index("comparison_of_task", "comparison", ["task", "sequence"])
    op.create_index("promotion_of_task", "promotion", ["task", "sequence"])


def _create(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), unique=True, nullable=True),
        *columns,
        sqlite_autoincrement=True,
    )
    forbid_changes(name)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _numbers(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Double, nullable=False) for name in names]


def _bounds(name: str) -> list[sa.Column[object]]:
    return [sa.Column(f"{name}_{part}", sa.Double) for part in ("value", "low", "high")]


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
