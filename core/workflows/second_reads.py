"""Second reads: who reads what blind, what waits for adjudication, and how readers agree."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain import Figure
from core.errors import CaseError
from core.evaluation.agreement import Switches, cohen_kappa, fleiss_kappa, switches
from core.persistence.case_records import (
    NOT_ASSESSABLE,
    CaseFile,
    CaseRead,
    Need,
    Page,
    Stage,
)
from core.persistence.case_state import final_reads, standing
from core.persistence.place import database_exists
from core.tasks import load_task
from core.workflows.cases import worklist_page, worklist_query
from core.workflows.users import Role, require

_SHOWN = "answer_shown"


@dataclass(frozen=True, slots=True)
class BlindCase:
    """What a second reader may see: the case without the answer and without the other's read."""

    case_id: str
    task: str
    picture_sha256: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How readers agreed on the cases of a task, and what the reveal did.

    ``pairs`` : Cohen's kappa of each two readers on the cases that both read; ``fleiss`` over the
    cases with exactly two readers, whoever they were; ``n_second`` of these; ``switches`` over
    cases with a verdict before and after the reveal and a consensus or agreement to hold it to.
    """

    pairs: dict[tuple[str, str], Figure]
    fleiss: Figure
    n_second: int
    switches: Switches


def second_read_queue(task: str, *, rows: int = 50) -> Page:
    """Return the cases that wait for a second reader, longest first."""
    return worklist_page(
        worklist_query(task=task, needs=Need.SECOND_READ, sort="waiting_since", rows=rows)
    )


def adjudication_queue(task: str, *, rows: int = 50) -> Page:
    """Return the cases whose readers differ, longest first."""
    return worklist_page(
        worklist_query(task=task, needs=Need.ADJUDICATION, sort="waiting_since", rows=rows)
    )


def open_blind(case_id: str, *, reader: str) -> BlindCase:
    """Return what a second reader sees of a case, and write that it was shown.

    Raises
    ------
    CaseError
        If there is no such case, or this reader has read it already.
    PersistenceError
        If the showing was not stored: then nothing is shown.
    """
    from core.persistence.case_store import case_store

    require(reader, Role.READER)
    store = case_store()
    found = store.find(case_id)
    if reader.strip() in {read.reader for read in found.reads}:
        raise CaseError(
            f"{reader} has read case {case_id} already.",
            remedy="A second read is another reader's.",
        )
    facts = {"picture_sha256": found.case.picture_sha256, "hidden": ["answer", "reads"]}
    store.note("second_read_opened", who=reader, facts=facts, case_id=case_id)
    return BlindCase(case_id, found.case.task, found.case.picture_sha256)


def has_seen_answer(case_id: str, *, reader: str) -> bool:
    """Whether it is recorded that this reader was shown the answer before they decided."""
    from core.persistence.case_store import case_store

    who = reader.strip()
    return bool(who) and any(
        row.action == _SHOWN and row.who == who for row in case_store().history(case_id)
    )


def note_answer_shown(case_id: str, *, reader: str) -> None:
    """Write that an undecided reader was shown the answer: no blind second reader any more.

    Raises
    ------
    PersistenceError
        If it was not stored.
    """
    from core.persistence.case_store import case_store

    store = case_store()
    picture = store.find(case_id).case.picture_sha256
    facts = {"picture_sha256": picture, "shown": ["answer"]}
    store.note(_SHOWN, who=reader.strip(), facts=facts, case_id=case_id)


def reference_of(found: CaseFile) -> str | None:
    """Return the verdict that stands for a case: of all readers, or of the adjudication.

    None where nobody decided, readers differ, or it cannot be assessed.
    """
    verdict = standing(found.case.case_id, None, found.reads, found.consensus, share=None).verdict
    return None if verdict == NOT_ASSESSABLE else verdict


def agreement(task: str) -> Agreement:
    """Return kappa of the readers of a task and what they did at the reveal.

    Raises
    ------
    TaskError
        If there is no such task.
    PersistenceError
        If the database cannot be read.
    """
    names = (*load_task(task).class_names, NOT_ASSESSABLE)
    files = case_files(task)
    final = [final_reads(found.reads) for found in files]
    twice = [list(reads.values()) for reads in final if len(reads) == 2]
    table = np.zeros((len(twice), len(names)), np.int64)
    for row, reads in enumerate(twice):
        for read in reads:
            table[row, names.index(read.verdict)] += 1
    return Agreement(_pairs(final), fleiss_kappa(table), len(twice), _switches(files))


def case_files(task: str) -> list[CaseFile]:
    """Return every case of a task with all that was said, in the order of adding."""
    if not database_exists():
        return []
    from core.persistence.case_store import case_store

    return case_store().files(task)


def _pairs(final: Sequence[dict[str, CaseRead]]) -> dict[tuple[str, str], Figure]:
    said: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for reads in final:
        for one, other in itertools.combinations(sorted(reads), 2):
            first, second = said.setdefault((one, other), ([], []))
            first.append(reads[one].verdict)
            second.append(reads[other].verdict)
    return {readers: cohen_kappa(*verdicts) for readers, verdicts in said.items()}


def _switches(files: Sequence[CaseFile]) -> Switches:
    before, after, called, reference = [], [], [], []
    for found in files:
        truth = reference_of(found)
        answer = found.answers[-1] if found.answers else None
        if truth is None or answer is None or answer.predicted is None:
            continue
        for (reader, stage), read in found.in_force.items():
            then = found.in_force.get((reader, Stage.WITH_AI))
            if stage is Stage.BEFORE_REVEAL and then is not None:
                before.append(read.verdict)
                after.append(then.verdict)
                called.append(answer.predicted)
                reference.append(truth)
    return switches(before, after, called, reference)
