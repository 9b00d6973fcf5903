"""Versions out of use: the latest row of a version is in force.

A revision is a picture of its time: it names no table of ``core.persistence.tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.persistence.migrations.append_only import forbid_changes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; its rows are only ever added."""
    texts = ("task", "version", "digest", "state", "reason", "recorded_by")
    op.create_table(
        "retirement",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), unique=True, nullable=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("retirement_of_task", "retirement", ["task", "sequence"])
    forbid_changes("retirement")
