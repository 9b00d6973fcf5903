"""An index on the pseudonym: a case's priors are found without reading every case.

A revision is a picture of its time: it names no table of ``core.persistence.case_tables``.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("review_case_of_pseudonym", "review_case", ["pseudonym", "sequence"])
