"""Who may do what: roles, the latest row of a name in force.

A revision is a picture of its time: it names no table of ``core.persistence.case_tables``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.persistence.migrations.append_only import forbid_changes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; its rows are only ever added."""
    op.create_table(
        "user_role",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, unique=True, nullable=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("user_role_of_name", "user_role", ["name", "sequence"])
    forbid_changes("user_role")
