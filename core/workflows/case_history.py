"""The history of a case in words: who did what, when, and what a correction corrects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import TaskError
from core.persistence.case_records import NOT_ASSESSABLE, AuditRow
from core.tasks import load_task
from core.workflows.cases import history

_STAGES = {
    "before_reveal": "before the answer was shown",
    "with_ai": "with the answer shown",
    "second_blind": "second read, blind",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a case's history, oldest first by ``number``; ``at`` in UTC."""

    number: int
    at: datetime
    who: str
    what: str


def told_history(case_id: str, task: str) -> list[Told]:
    """Return everything that happened to a case, oldest first, in words.

    Raises
    ------
    PersistenceError
        If the database cannot be read.
    """
    rows = history(case_id)
    earlier = {_number(row): row for row in rows if row.action in ("read", "read_corrected")}
    told = []
    for row in rows:
        say = _SAYINGS.get(row.action)
        words = row.action.replace("_", " ") if say is None else say(row.facts, task)
        corrects = _row(row).get("corrects")
        if corrects in earlier:
            before = earlier[corrects]
            verdict = title_of(task, str(_row(before)["verdict"]))
            words += f"; corrects {verdict} of {before.at:%d %b %Y, %H:%M}"
        told.append(Told(row.sequence, row.at, row.who, words))
    return told


def title_of(task: str, verdict: str) -> str:
    """Return a class of a task, or not_assessable, as people say it."""
    if verdict == NOT_ASSESSABLE:
        return "Not assessable"
    try:
        return load_task(task).class_spec(verdict).title
    except (TaskError, KeyError):
        return verdict


def _row(row: AuditRow) -> Mapping[str, Any]:
    return row.facts.get("row") or {}


def _number(row: AuditRow) -> Any:
    return row.facts.get("sequence")


def _added(facts: Mapping[str, Any], task: str) -> str:
    return "added the picture"


def _answered(facts: Mapping[str, Any], task: str) -> str:
    row = facts["row"]
    if row["status"] != "ok":
        return f"{row['model_version']} gave no answer: {row['reason']}"
    share = float(row["probabilities"][row["predicted"]])
    return (
        f"{row['model_version']} answered {title_of(task, row['predicted'])}, {share * 100:.0f} %"
    )


def _read(facts: Mapping[str, Any], task: str) -> str:
    row = facts["row"]
    words = f"read {title_of(task, row['verdict'])}"
    if row["confidence"] is not None:
        words += f", sure to {float(row['confidence']) * 100:.0f} %"
    words += f" ({_STAGES.get(row['stage'], row['stage'])})"
    return f"{words}: {row['comment']}" if row["comment"] else words


def _consensus(facts: Mapping[str, Any], task: str) -> str:
    row = facts["row"]
    words = f"adjudicated: {title_of(task, row['verdict'])}"
    return f"{words}: {row['comment']}" if row["comment"] else words


_SAYINGS: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "case_added": _added,
    "case_answered": _answered,
    "read": _read,
    "read_corrected": _read,
    "consensus": _consensus,
    "answer_shown": lambda facts, task: "was shown the answer before a verdict",
    "context_shown": lambda facts, task: "was shown the patient context",
    "second_read_opened": lambda facts, task: "opened it for a second read, without the answer",
}
