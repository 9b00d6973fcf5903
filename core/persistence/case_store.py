"""The repository of the review: cases, answers, reads, consensus, each with its row in the chain.

Every write goes with a row of the audit chain and the case's line of the worklist, in one
transaction: all of it is stored, or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.config import settings
from core.domain import SourceInstance
from core.errors import CaseError, ConflictError, PersistenceError
from core.persistence.case_records import (
    AuditRow,
    Case,
    CaseAnswer,
    CaseFile,
    CaseRead,
    Consensus,
    Stage,
)
from core.persistence.case_rows import TABLES, TIMES, Recorded, from_row, grouped, rows_of, to_row
from core.persistence.case_sources import link, source_of
from core.persistence.case_state import final_reads, standing
from core.persistence.case_tables import audit, case_read, review_case
from core.persistence.chain import Recorder, recording
from core.persistence.database import Database, database
from core.persistence.worklist_store import rebuild, refresh

_SAME = ("case_id", "reader", "verdict", "confidence", "comment", "stage")


class CaseStore:
    """Cases and what was said of them; ``share`` of second reads as in ``standing``."""

    def __init__(self, where: Database, *, share: float | None = None) -> None:
        self.database = where
        self.share = share

    def add_case(
        self, case: Case, answer: CaseAnswer, *, source: SourceInstance | None = None
    ) -> tuple[Case, bool]:
        """Store a case with its first answer; return it and whether it is new.

        A picture that is there already gives the case that holds it, and stores nothing.
        ``source`` is the DICOM instance, where it was one.

        Raises
        ------
        PersistenceError
            If it was not stored.
        """
        with recording(self.database) as recorder:
            known = _case(recorder.connection, case.case_id)
            if known is not None:
                return known, False
            stored = self._store(recorder, case, action="case_added", who=case.added_by)
            self._store(recorder, answer, action="case_answered", who=answer.answered_by)
            if source is not None:
                link(recorder, case.case_id, source, who=case.added_by)
            self._refresh(recorder.connection, case.case_id)
        return stored, True

    def link(self, case_id: str, source: SourceInstance, *, who: str) -> bool:
        """Store which DICOM instance a case was made of; False where that is known already."""
        with self.database.reading() as connection:
            if source_of(connection, case_id) is not None:
                return False
        with recording(self.database) as recorder:
            _needed(recorder.connection, case_id)
            return link(recorder, case_id, source, who=who)

    def source(self, case_id: str) -> SourceInstance | None:
        """Return the DICOM instance that a case was made of; None where none is known."""
        with self.database.reading() as connection:
            return source_of(connection, case_id)

    def add_answer(self, answer: CaseAnswer) -> CaseAnswer:
        """Store another answer of a case: of another version; the reads stay."""
        with recording(self.database) as recorder:
            _needed(recorder.connection, answer.case_id)
            stored = self._store(recorder, answer, action="case_answered", who=answer.answered_by)
            self._refresh(recorder.connection, answer.case_id)
        return stored

    def add_read(self, read: CaseRead, *, key: str, based_on: int | None = None) -> CaseRead:
        """Store a read; a later one of the same reader corrects the earlier.

        Said before the reveal and said after it are two reads, and neither corrects the other.

        Parameters
        ----------
        read : CaseRead
        key : str
            Names this act: repeated with the same content, it stores nothing and returns the
            first.
        based_on : int or None
            Number of the case's newest read that the reader had seen (0: none); None: not known.

        Raises
        ------
        ConflictError
            If another reader decided since; nothing is stored.
        CaseError
            If there is no such case.
        PersistenceError
            If it was not stored.
        """
        with recording(self.database) as recorder:
            connection = recorder.connection
            known = (
                connection.execute(sa.select(case_read).where(case_read.c.key == key))
                .mappings()
                .first()
            )
            if known is not None:
                return _same_act(from_row(CaseRead, known), read)
            _needed(connection, read.case_id)
            reads = rows_of(connection, CaseRead, read.case_id)
            _refuse_stale(reads, read, based_on)
            own = [r for r in reads if r.reader == read.reader and _is_same_act(r, read)]
            corrected = replace(read, corrects=own[-1].sequence if own else None)
            action = "read_corrected" if own else "read"
            stored = self._store(recorder, corrected, action=action, who=read.reader, key=key)
            self._refresh(connection, read.case_id)
        return stored

    def add_consensus(self, decided: Consensus) -> Consensus:
        """Store what stands after reads that differ; the reads themselves stay.

        Raises
        ------
        CaseError
            If there is no such case, or it has fewer than two readers.
        ConflictError
            If the reads in force are not those that were judged.
        PersistenceError
            If it was not stored.
        """
        with recording(self.database) as recorder:
            _needed(recorder.connection, decided.case_id)
            final = final_reads(rows_of(recorder.connection, CaseRead, decided.case_id))
            if len(final) < 2:
                raise CaseError(
                    f"Case {decided.case_id} has {len(final)} reader, so there is nothing to "
                    "adjudicate.",
                    remedy="Have a second reader read it first.",
                )
            if {read.sequence for read in final.values()} != set(decided.reads):
                raise ConflictError(
                    "Not saved: a reader changed a verdict of this case meanwhile.",
                    remedy="Open the case again; what you wrote is still in the form.",
                )
            stored = self._store(recorder, decided, action="consensus", who=decided.adjudicator)
            self._refresh(recorder.connection, decided.case_id)
        return stored

    def note(
        self, action: str, *, who: str, facts: Mapping[str, Any], case_id: str | None = None
    ) -> None:
        """Write a row of the chain alone: something was shown, or refused."""
        with recording(self.database) as recorder:
            if case_id is not None:
                _needed(recorder.connection, case_id)
            recorder.append(action, who=who, facts=facts, case_id=case_id)

    def find(self, case_id: str) -> CaseFile:
        """Return everything that is recorded of a case.

        Raises
        ------
        CaseError
            If there is no such case.
        """
        with self.database.reading() as connection:
            return self._file(connection, case_id)

    def history(self, case_id: str) -> list[AuditRow]:
        """Return the rows of the chain about a case, oldest first."""
        with self.database.reading() as connection:
            found = sa.select(audit).where(audit.c.case_id == case_id).order_by(audit.c.sequence)
            return [from_row(AuditRow, row) for row in connection.execute(found).mappings()]

    def same_patient(self, case: Case) -> list[Case]:
        """Return the other cases of a pseudonym, the latest added first."""
        mine = (review_case.c.pseudonym == case.pseudonym) & (review_case.c.case_id != case.case_id)
        found = sa.select(review_case).where(mine).order_by(review_case.c.sequence.desc())
        with self.database.reading() as connection:
            return [from_row(Case, row) for row in connection.execute(found).mappings()]

    def files(self, task: str) -> list[CaseFile]:
        """Return every case of a task with all that was said, in the order of adding."""
        with self.database.reading() as connection:
            return list(self._files(connection, review_case.c.task == task))

    def rebuild(self) -> int:
        """Make the worklist anew from what is recorded; return its length."""
        with self.database.writing() as connection:
            return rebuild(connection, self._files(connection, sa.true()))

    def _files(self, connection: Connection, wanted: sa.ColumnElement[bool]) -> Iterator[CaseFile]:
        """Yield the cases wanted: one question a table, not one a case."""
        names = sa.select(review_case.c.case_id).where(wanted)
        answers = grouped(connection, CaseAnswer, names)
        reads = grouped(connection, CaseRead, names)
        decided = grouped(connection, Consensus, names)
        cases = sa.select(review_case).where(wanted).order_by(review_case.c.sequence)
        for row in connection.execute(cases).mappings().all():
            case = from_row(Case, row)
            name = case.case_id
            yield self._standing(
                case, answers.get(name, ()), reads.get(name, ()), decided.get(name, ())
            )

    def _file(self, connection: Connection, case_id: str) -> CaseFile:
        case = _needed(connection, case_id)
        return self._standing(
            case,
            rows_of(connection, CaseAnswer, case_id),
            rows_of(connection, CaseRead, case_id),
            rows_of(connection, Consensus, case_id),
        )

    def _standing(
        self,
        case: Case,
        answers: Sequence[CaseAnswer],
        reads: Sequence[CaseRead],
        decided: Sequence[Consensus],
    ) -> CaseFile:
        last = answers[-1] if answers else None
        found = standing(case.case_id, last, reads, decided, share=self.share)
        said = (tuple(answers), tuple(reads), tuple(decided))
        return CaseFile(case, *said, found.state, found.needs)

    def _refresh(self, connection: Connection, case_id: str) -> None:
        refresh(connection, self._file(connection, case_id))

    def _store(
        self,
        recorder: Recorder,
        record: Recorded,
        *,
        action: str,
        who: str,
        key: str | None = None,
    ) -> Recorded:
        kind = type(record)
        time = TIMES[kind]
        row = to_row(record) | {"key": key, time: getattr(record, time) or recorder.now}
        return from_row(kind, recorder.store(TABLES[kind], row, action=action, who=who))


def case_store() -> CaseStore:
    """Return the repository of the current settings."""
    return CaseStore(database(), share=settings().second_read_share)


def _case(connection: Connection, case_id: str) -> Case | None:
    found = sa.select(review_case).where(review_case.c.case_id == case_id)
    row = connection.execute(found).mappings().first()
    return None if row is None else from_row(Case, row)


def _needed(connection: Connection, case_id: str) -> Case:
    case = _case(connection, case_id)
    if case is None:
        raise CaseError(
            f"There is no case {case_id[:80]!r}.",
            remedy="`python -m core cases list` names them.",
            column="case_id",
        )
    return case


def _same_act(known: CaseRead, read: CaseRead) -> CaseRead:
    if any(getattr(known, name) != getattr(read, name) for name in _SAME):
        raise PersistenceError(
            "Not saved: this key was used before for another verdict.",
            remedy="Give every verdict a key of its own; repeat a key only with the same verdict.",
            column="key",
        )
    return known


def _is_same_act(earlier: CaseRead, later: CaseRead) -> bool:
    before = Stage.BEFORE_REVEAL
    return (earlier.stage is before) == (later.stage is before)


def _refuse_stale(reads: list[CaseRead], read: CaseRead, based_on: int | None) -> None:
    others = [item for item in reads if item.reader != read.reader]
    newest = others[-1] if others else None
    if based_on is None or newest is None or (newest.sequence or 0) <= based_on:
        return
    raise ConflictError(
        f"Not saved: {newest.reader} decided this case on {newest.read_at:%d %b %Y, %H:%M} UTC, "
        "after you opened it.",
        remedy="Open the case again, then decide; nothing was overwritten and your text is kept.",
    )
