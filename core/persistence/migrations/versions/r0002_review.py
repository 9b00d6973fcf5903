"""Cases, answers, reads, consensus, the audit chain and the worklist that is derived from them.

A revision is a picture of its time: it names no table of ``core.persistence.case_tables``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.persistence.migrations.append_only import forbid_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SORTS = ("risk", "uncertainty", "waiting_since", "priority")
_FILTERS: tuple[tuple[str, ...], ...] = ((), ("task",), ("task", "state"), ("task", "finding"))


def upgrade() -> None:
    """Make the tables; rows of all but the worklist are only ever added."""
    _create(
        "review_case",
        sa.Column("case_id", sa.Text, unique=True, nullable=False),
        *_texts("task", "pseudonym", "picture_sha256"),
        *_json("picture"),
        *_texts("study_date", nullable=True),
        sa.Column("priority", sa.Integer, nullable=False),
        *_texts("added_by"),
        _time("added_at"),
    )
    _answers_and_reads()
    _create(
        "audit",
        _time("at"),
        *_texts("who", "action"),
        *_texts("case_id", nullable=True),
        *_json("facts"),
        *_texts("previous_hash", "row_hash"),
    )
    op.create_index("audit_of_case", "audit", ["case_id", "sequence"])
    _worklist()


def _answers_and_reads() -> None:
    _create(
        "case_answer",
        _of_case(),
        *_texts("status"),
        *_texts("reason", nullable=True),
        *_texts("model_version", "version_digest"),
        *_json("calibrator", "operating_points"),
        *_json("gate", "probabilities", nullable=True),
        *_texts("predicted", nullable=True),
        *_json("flagged"),
        sa.Column("risk", sa.Double, nullable=True),
        sa.Column("uncertainty", sa.Double, nullable=True),
        *_json("steps"),
        *_texts("answered_by"),
        _time("answered_at"),
    )
    _create(
        "case_read",
        _of_case(),
        *_texts("reader", "verdict"),
        sa.Column("confidence", sa.Double, nullable=True),
        *_texts("comment", "stage"),
        *_json("shown"),
        sa.Column("corrects", sa.Integer, sa.ForeignKey("case_read.sequence"), nullable=True),
        _time("read_at"),
    )
    _create(
        "consensus",
        _of_case(),
        *_texts("verdict"),
        *_json("reads"),
        *_texts("adjudicator", "comment"),
        _time("decided_at"),
    )
    for table in ("case_answer", "case_read", "consensus"):
        op.create_index(f"{table}_of_case", table, ["case_id", "sequence"])


def _worklist() -> None:
    op.create_table(
        "worklist",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Text, unique=True, nullable=False),
        *_texts("task", "state"),
        *_texts("finding", nullable=True),
        sa.Column("risk", sa.Double, nullable=False),
        sa.Column("uncertainty", sa.Double, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        _time("waiting_since"),
        *_texts("needs", nullable=True),
    )
    for sort in _SORTS:
        for columns in _FILTERS:
            name = "_".join(("worklist_by", sort, *columns))
            op.create_index(name, "worklist", [*columns, sort, "number"])
    op.create_index("worklist_by_needs", "worklist", ["task", "needs", "number"])


def _create(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, unique=True, nullable=True),
        *columns,
        sqlite_autoincrement=True,
    )
    forbid_changes(name, unique=("case_id",) if name == "review_case" else ())


def _of_case() -> sa.Column[object]:
    return sa.Column("case_id", sa.Text, sa.ForeignKey("review_case.case_id"), nullable=False)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _json(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON, nullable=nullable) for name in names]


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
