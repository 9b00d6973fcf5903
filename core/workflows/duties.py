"""What a reader may see and do with a case: one rule for the page, derived from what is recorded.

Nobody reads a case a second time with the answer or the other's verdict on the screen, and nobody
adjudicates with the answer on the screen: what becomes the reference must not be the model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.persistence.case_records import CaseFile, CaseRead, CaseState, Need, Stage, WorklistRow
from core.persistence.case_state import final_reads


class Work(StrEnum):
    """What is to be done: read first, read with the answer, read blind, adjudicate, or nothing."""

    READ_FIRST = "read_first"
    READ = "read"
    READ_BLIND = "read_blind"
    ADJUDICATE = "adjudicate"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Duty:
    """What one reader may do with one case.

    ``stage`` under which a verdict would be recorded; ``shows_answer`` and ``shows_reads`` what may
    be on the screen; ``own`` the reader's final read, which a verdict would correct, and ``first``
    the one before the reveal; ``seen`` the number of the newest read when the case was opened.
    """

    work: Work
    stage: Stage
    shows_answer: bool
    shows_reads: bool
    own: CaseRead | None
    first: CaseRead | None
    seen: int


def duty_of(found: CaseFile, reader: str, *, read_first: bool, has_seen: bool = False) -> Duty:
    """Return what a reader may do with a case.

    Parameters
    ----------
    found : CaseFile
    reader : str
        Empty where nobody said who they are: then nothing more is shown than to a new reader.
    read_first : bool
        Whether a first read comes before the reveal.
    has_seen : bool
        Whether this reader was shown the answer already, before a verdict of theirs.
    """
    reader = reader.strip()
    final = final_reads(found.reads)
    own, first = final.get(reader), found.in_force.get((reader, Stage.BEFORE_REVEAL))
    is_first = read_first and not final
    work, stage = _work(found, own, first, is_first=is_first, has_seen=has_seen)
    answer_hidden = work in (Work.READ_FIRST, Work.READ_BLIND, Work.ADJUDICATE)
    others = any(read.reader != reader for read in found.reads)
    reads_hidden = work in (Work.READ_FIRST, Work.READ_BLIND) or (work is Work.READ and others)
    return Duty(
        work=work,
        stage=stage,
        shows_answer=not answer_hidden,
        shows_reads=not reads_hidden,
        own=own,
        first=first,
        seen=max((read.sequence or 0 for read in found.reads), default=0),
    )


def hides_answer(row: WorklistRow, *, read_first: bool) -> bool:
    """Whether the worklist keeps the model's finding of a line back: it is to be read without it.

    Whoever waits for a second reader is read blind, and so is everything that nobody has read yet
    where reading comes first.
    """
    unread = row.state in (CaseState.NEW, CaseState.IN_REVIEW)
    return row.needs is not None or (read_first and unread)


def _work(
    found: CaseFile,
    own: CaseRead | None,
    first: CaseRead | None,
    *,
    is_first: bool,
    has_seen: bool,
) -> tuple[Work, Stage]:
    if found.needs is Need.ADJUDICATION:
        return Work.ADJUDICATE, Stage.WITH_AI
    if own is not None:
        return Work.LOOK, Stage.WITH_AI
    if first is not None or (has_seen and found.needs is Need.SECOND_READ):
        return Work.READ, Stage.WITH_AI  # has seen the answer: cannot be blind any more
    if found.needs is Need.SECOND_READ:
        return Work.READ_BLIND, Stage.SECOND_BLIND
    if final_reads(found.reads):
        return Work.LOOK, Stage.WITH_AI
    return (Work.READ_FIRST, Stage.BEFORE_REVEAL) if is_first else (Work.READ, Stage.WITH_AI)
