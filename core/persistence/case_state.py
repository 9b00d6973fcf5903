"""Where a case stands and what it waits for: derived from what is recorded, by one rule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.persistence.case_records import (
    NOT_ASSESSABLE,
    CaseAnswer,
    CaseRead,
    CaseState,
    Consensus,
    Need,
    Stage,
)

_UNANSWERED = {"refused": CaseState.REFUSED, "error": CaseState.FAILED}


@dataclass(frozen=True, slots=True)
class Standing:
    """State, what is still needed, and the verdict that stands (None: none yet)."""

    state: CaseState
    needs: Need | None
    verdict: str | None


def standing(
    case_id: str,
    answer: CaseAnswer | None,
    reads: Sequence[CaseRead],
    consensus: Sequence[Consensus],
    *,
    share: float | None,
) -> Standing:
    """Return where a case stands.

    Parameters
    ----------
    case_id : str
    answer : CaseAnswer or None
        The latest.
    reads, consensus : sequence
        All of the case, oldest first.
    share : float in [0, 1] or None
        Of cases that are read a second time whatever the first reader says; cases where reader
        and model differ come on top. None: no second reads are asked for; readers who differ are
        adjudicated all the same.
    """
    final = final_reads(reads)
    if not final:
        status = "error" if answer is None else answer.status
        state = CaseState.IN_REVIEW if reads else _UNANSWERED.get(status, CaseState.NEW)
        return Standing(state, None, None)
    verdicts = {read.verdict for read in final.values()}
    latest = consensus[-1] if consensus else None
    numbers = {read.sequence for read in final.values()}
    if latest is not None and numbers <= set(latest.reads):
        return Standing(_closed(latest.verdict), None, latest.verdict)
    if len(verdicts) > 1:
        return Standing(CaseState.IN_REVIEW, Need.ADJUDICATION, None)
    verdict = verdicts.pop()
    if len(final) == 1 and _is_second_wanted(case_id, answer, verdict, share):
        return Standing(CaseState.IN_REVIEW, Need.SECOND_READ, verdict)
    return Standing(_closed(verdict), None, verdict)


def final_reads(reads: Sequence[CaseRead]) -> dict[str, CaseRead]:
    """Return the read in force of each reader: what was said before the reveal is not final."""
    return {read.reader: read for read in reads if read.stage is not Stage.BEFORE_REVEAL}


def is_sampled(case_id: str, share: float) -> bool:
    """Return whether a case belongs to the share that is read twice: fixed once for all.

    >>> is_sampled("c1", 0.0), is_sampled("c1", 1.0)
    (False, True)
    """
    digest = hashlib.sha256(f"second read of {case_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _is_second_wanted(
    case_id: str, answer: CaseAnswer | None, verdict: str, share: float | None
) -> bool:
    if share is None:
        return False
    predicted = None if answer is None else answer.predicted
    return is_sampled(case_id, share) or (predicted is not None and predicted != verdict)


def _closed(verdict: str) -> CaseState:
    return CaseState.NOT_ASSESSABLE if verdict == NOT_ASSESSABLE else CaseState.DONE
