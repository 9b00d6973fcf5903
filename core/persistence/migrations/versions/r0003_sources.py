"""Which DICOM instance a case was made of, apart from the case.

A revision is a picture of its time: it names no table of ``core.persistence.case_tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.persistence.migrations.append_only import forbid_changes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; its rows are only ever added, one a case."""
    op.create_table(
        "case_source",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, unique=True, nullable=True),
        sa.Column(
            "case_id",
            sa.Text,
            sa.ForeignKey("review_case.case_id"),
            unique=True,
            nullable=False,
        ),
        sa.Column("source", sa.JSON, nullable=False),
        sa.Column("linked_by", sa.Text, nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    forbid_changes("case_source", unique=("case_id",))
