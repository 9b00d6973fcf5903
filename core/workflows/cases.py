"""The worklist and one case, read: for pages and the command line.

Patient context (pseudonym, study date) is left out unless somebody asks for it by name, and then
the asking is a row of the audit chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.domain import StudyImage
from core.persistence.case_records import (
    NOT_ASSESSABLE,
    AuditRow,
    Case,
    CaseAnswer,
    CaseFile,
    CaseRead,
    CaseState,
    Consensus,
    Need,
    Page,
    Stage,
    WorklistRow,
)
from core.persistence.place import database_exists
from core.workflows.case_pictures import image_of
from core.workflows.users import Role, require

if TYPE_CHECKING:
    from core.persistence.worklist_store import WorklistQuery

__all__ = [
    "NOT_ASSESSABLE",
    "AuditRow",
    "Case",
    "CaseAnswer",
    "CaseFile",
    "CaseRead",
    "CaseState",
    "Consensus",
    "Need",
    "Page",
    "Stage",
    "WorklistRow",
    "case_file",
    "case_image",
    "history",
    "priors",
    "rebuild_worklist",
    "show_context",
    "worklist_page",
    "worklist_query",
    "worklist_total",
]


def worklist_query(**asked: Any) -> WorklistQuery:
    """Return what is asked of the worklist: see ``core.persistence.worklist_store``."""
    from core.persistence.worklist_store import WorklistQuery

    return WorklistQuery(**asked)


def worklist_page(query: WorklistQuery) -> Page:
    """Return a page of the worklist; ``query.after`` is ``Page.after`` of the page before.

    Raises
    ------
    CaseError
        If there is no such order.
    PersistenceError
        If the database cannot be read.
    """
    if not database_exists():
        return Page((), None)
    from core.persistence.database import database
    from core.persistence.worklist_store import read_page

    with database().reading() as connection:
        return read_page(connection, query)


def worklist_total(query: WorklistQuery) -> int:
    """Return how many cases the filters leave; asked apart, for it counts."""
    if not database_exists():
        return 0
    from core.persistence.database import database
    from core.persistence.worklist_store import count

    with database().reading() as connection:
        return count(connection, query)


def rebuild_worklist() -> int:
    """Make the worklist anew from what is recorded; return its length."""
    require(None, Role.ADMIN)
    from core.persistence.case_store import case_store

    return case_store().rebuild()


def case_file(case_id: str) -> CaseFile:
    """Return everything recorded of a case.

    Raises
    ------
    CaseError
        If there is no such case.
    """
    from core.persistence.case_store import case_store

    return case_store().find(case_id)


def case_image(case: Case) -> StudyImage:
    """Return the picture of a case, checked against its digest.

    Raises
    ------
    PersistenceError
        If it is gone or damaged.
    """
    return image_of(case.picture_sha256, case.picture)


def priors(case: Case) -> list[Case]:
    """Return the other cases of the same pseudonym, the latest added first.

    A case that was given no pseudonym has one of its own, and no prior.

    Raises
    ------
    PersistenceError
        If the database cannot be read.
    """
    if case.pseudonym == f"P-{case.case_id}":
        return []
    from core.persistence.case_store import case_store

    return case_store().same_patient(case)


def history(case_id: str) -> list[AuditRow]:
    """Return the audit rows about a case, oldest first."""
    from core.persistence.case_store import case_store

    return case_store().history(case_id)


def show_context(case_id: str, *, who: str) -> Mapping[str, Any]:
    """Return pseudonym and study date; that they were shown, and to whom, is stored first.

    Raises
    ------
    CaseError
        If there is no such case.
    PersistenceError
        If the showing was not stored: then nothing is shown.
    """
    from core.persistence.case_store import case_store

    require(who, Role.READER)
    store = case_store()
    case = store.find(case_id).case
    facts = {"shown": ["pseudonym", "study_date"], "picture_sha256": case.picture_sha256}
    store.note("context_shown", who=who, facts=facts, case_id=case_id)
    return {"pseudonym": case.pseudonym, "study_date": case.study_date}
