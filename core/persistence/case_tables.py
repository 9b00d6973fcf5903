"""The tables of the review, as the newest migration leaves them: cases, reads, audit, worklist."""

from __future__ import annotations

import sqlalchemy as sa

from core.persistence.tables import UtcTime, metadata

JSON = sa.JSON(none_as_null=True)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, JSON, nullable=nullable)


def _of_case() -> sa.Column[object]:
    return sa.Column("case_id", sa.Text, sa.ForeignKey("review_case.case_id"), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, UtcTime, nullable=False)


def _table(name: str, *columns: sa.Column[object]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, unique=True, nullable=True),
        *columns,
        sqlite_autoincrement=True,
    )


review_case = _table(  # CASE is a word of SQL
    "review_case",
    sa.Column("case_id", sa.Text, unique=True, nullable=False),
    _text("task"),
    _text("pseudonym"),
    _text("picture_sha256"),
    _json("picture"),
    _text("study_date", nullable=True),
    sa.Column("priority", sa.Integer, nullable=False),
    _text("added_by"),
    _time("added_at"),
)
case_source = _table(  # apart from the case: see core.persistence.case_sources
    "case_source",
    sa.Column(
        "case_id", sa.Text, sa.ForeignKey("review_case.case_id"), unique=True, nullable=False
    ),
    _json("source"),
    _text("linked_by"),
    _time("linked_at"),
)
case_answer = _table(
    "case_answer",
    _of_case(),
    _text("status"),
    _text("reason", nullable=True),
    _text("model_version"),
    _text("version_digest"),
    _json("calibrator"),
    _json("operating_points"),
    _json("gate", nullable=True),
    _json("probabilities", nullable=True),
    _text("predicted", nullable=True),
    _json("flagged"),
    sa.Column("risk", sa.Double, nullable=True),
    sa.Column("uncertainty", sa.Double, nullable=True),
    _json("steps"),
    _text("answered_by"),
    _time("answered_at"),
)
case_read = _table(
    "case_read",
    _of_case(),
    _text("reader"),
    _text("verdict"),
    sa.Column("confidence", sa.Double, nullable=True),
    _text("comment"),
    _text("stage"),
    _json("shown"),
    sa.Column("corrects", sa.Integer, sa.ForeignKey("case_read.sequence"), nullable=True),
    _time("read_at"),
)
consensus = _table(
    "consensus",
    _of_case(),
    _text("verdict"),
    _json("reads"),
    _text("adjudicator"),
    _text("comment"),
    _time("decided_at"),
)
audit = _table(
    "audit",
    _time("at"),
    _text("who"),
    _text("action"),
    _text("case_id", nullable=True),
    _json("facts"),
    _text("previous_hash"),
    _text("row_hash"),
)
user_role = _table(
    "user_role",
    _text("name"),
    _text("role"),
    _text("given_by"),
    _time("given_at"),
)
# Derived from the tables above, so it may change; ``rebuild`` makes it anew. What has no answer
# stands at risk and uncertainty 1: nobody has judged it yet.
worklist = sa.Table(
    "worklist",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.Text, unique=True, nullable=False),
    _text("task"),
    _text("state"),
    _text("finding", nullable=True),
    sa.Column("risk", sa.Double, nullable=False),
    sa.Column("uncertainty", sa.Double, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    _time("waiting_since"),
    _text("needs", nullable=True),
)

SORTS = ("risk", "uncertainty", "waiting_since", "priority")
FILTERS = ((), ("task",), ("task", "state"), ("task", "finding"))
for _sort in SORTS:
    for _filter in FILTERS:
        _columns = [worklist.c[name] for name in (*_filter, _sort, "number")]
        sa.Index("_".join(("worklist_by", _sort, *_filter)), *_columns)
sa.Index("worklist_by_needs", worklist.c.task, worklist.c.needs, worklist.c.number)
sa.Index("review_case_of_pseudonym", review_case.c.pseudonym, review_case.c.sequence)
sa.Index("case_answer_of_case", case_answer.c.case_id, case_answer.c.sequence)
sa.Index("case_read_of_case", case_read.c.case_id, case_read.c.sequence)
sa.Index("consensus_of_case", consensus.c.case_id, consensus.c.sequence)
sa.Index("user_role_of_name", user_role.c.name, user_role.c.sequence)
sa.Index("audit_of_case", audit.c.case_id, audit.c.sequence)
