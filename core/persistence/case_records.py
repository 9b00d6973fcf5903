"""Cases, answers, reads and consensus as frozen values: no database is needed to make one.

A record is never changed and never deleted; a correction is a later record. Numbers and times
(UTC) are given by the store. No name of a patient has a place here: a case has a pseudonym.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

NOT_ASSESSABLE = "not_assessable"


class CaseState(StrEnum):
    """Where a case stands. A failed or refused one has no answer and never looks normal."""

    NEW = "new"
    IN_REVIEW = "in_review"
    DONE = "done"
    NOT_ASSESSABLE = "not_assessable"
    FAILED = "failed"
    REFUSED = "refused"


class Stage(StrEnum):
    """What the reader knew: nothing of the AI, the AI (once revealed), or neither AI nor reader."""

    BEFORE_REVEAL = "before_reveal"
    WITH_AI = "with_ai"
    SECOND_BLIND = "second_blind"


class Need(StrEnum):
    """What a case waits for after its first read."""

    SECOND_READ = "second_read"
    ADJUDICATION = "adjudication"


@dataclass(frozen=True, slots=True)
class Case:
    """A picture that waits for, or has, a verdict.

    Attributes
    ----------
    case_id : str
        Of the task and the pixels: the same picture is the same case.
    task, pseudonym : str
        The pseudonym names the patient within the product: what a split keeps whole.
    picture_sha256 : str
        Digest of the decoded values; names the picture in the store.
    picture : mapping
        What is needed to show it again, and nothing that identifies: size, window, modality, …
    study_date : str or None
        ISO date, where a person gave one.
    priority : int
        0 routine, 1 soon, 2 urgent.
    added_by : str
    """

    case_id: str
    task: str
    pseudonym: str
    picture_sha256: str
    picture: Mapping[str, Any]
    added_by: str
    study_date: str | None = None
    priority: int = 0
    added_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """What a model version said of a case.

    ``status`` is ok, refused or error, with ``reason``; ``probabilities`` by class, None without an
    answer; ``risk`` in [0, 1]: probability that any finding is there; ``uncertainty`` in [0, 1]:
    entropy over that of even odds; ``calibrator``, ``operating_points`` and ``gate`` as in force
    then; ``steps`` the recipe steps that the picture carried already, ran and left out.
    """

    case_id: str
    status: str
    reason: str | None
    model_version: str
    version_digest: str
    calibrator: Mapping[str, Any]
    operating_points: Mapping[str, float]
    gate: Mapping[str, Any] | None
    probabilities: Mapping[str, float] | None
    predicted: str | None
    flagged: tuple[str, ...]
    risk: float | None
    uncertainty: float | None
    steps: Mapping[str, Any]
    answered_by: str
    answered_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class CaseRead:
    """What one reader said of a case: a class or ``not_assessable``.

    ``confidence`` in [0, 1] or None; ``corrects`` the number of the same reader's read that this
    one corrects; ``shown`` what was on the screen (answer, map, window, …), JSON values.
    """

    case_id: str
    reader: str
    verdict: str
    confidence: float | None = None
    comment: str = ""
    stage: Stage = Stage.WITH_AI
    shown: Mapping[str, Any] = field(default_factory=dict)
    corrects: int | None = None
    read_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """What stands as reference standard after two reads that differ; both reads stay.

    ``reads`` are the numbers of the reads in force that were judged.
    """

    case_id: str
    verdict: str
    reads: tuple[int, ...]
    adjudicator: str
    comment: str = ""
    decided_at: datetime | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One line of the worklist; ``risk`` and ``uncertainty`` are None without an answer."""

    case_id: str
    number: int
    task: str
    state: CaseState
    finding: str | None
    risk: float | None
    uncertainty: float | None
    priority: int
    waiting_since: datetime
    needs: Need | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the worklist; ``after`` is the key of the next one, None on the last."""

    rows: tuple[WorklistRow, ...]
    after: tuple[float | int | datetime, int] | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything that is recorded of one case, oldest first."""

    case: Case
    answers: tuple[CaseAnswer, ...]
    reads: tuple[CaseRead, ...]
    consensus: tuple[Consensus, ...]
    state: CaseState
    needs: Need | None

    @property
    def in_force(self) -> dict[tuple[str, Stage], CaseRead]:
        """The latest read of each reader at each stage."""
        return {(read.reader, read.stage): read for read in self.reads}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the chain: ``row_hash`` covers all of it and the hash before.

    ``facts`` holds what was decided or shown; where a row of another table was stored, its
    ``table``, ``sequence`` and ``digest`` too.
    """

    sequence: int
    at: datetime
    who: str
    action: str
    case_id: str | None
    facts: Mapping[str, Any]
    previous_hash: str
    row_hash: str
