"""What a reader may see of a case: the table of all situations."""

from __future__ import annotations

import pytest

from core.persistence.case_records import CaseFile, CaseState, Need, Stage
from core.persistence.case_state import standing
from core.workflows.duties import Work, duty_of
from tests.core.persistence.case_examples import answer, case, read

A, B, C = "A. First", "B. Second", "C. Third"
BEFORE, WITH, BLIND = Stage.BEFORE_REVEAL, Stage.WITH_AI, Stage.SECOND_BLIND


def file_of(*said: tuple[str, str, Stage], share: float | None = 1.0) -> CaseFile:
    reads = tuple(
        read(1, reader=who, verdict=verdict, stage=stage, sequence=number)
        for number, (who, verdict, stage) in enumerate(said, start=1)
    )
    found = standing("c1", answer(1), reads, (), share=share)
    return CaseFile(case(1), (answer(1),), reads, (), found.state, found.needs)


@pytest.mark.parametrize(
    ("said", "reader", "read_first", "work", "stage", "shown"),
    [
        ([], A, False, Work.READ, WITH, (True, True)),
        ([], "", False, Work.READ, WITH, (True, True)),
        ([], A, True, Work.READ_FIRST, BEFORE, (False, False)),
        ([], "", True, Work.READ_FIRST, BEFORE, (False, False)),
        ([(A, "stone", BEFORE)], A, True, Work.READ, WITH, (True, True)),
        ([(A, "stone", BEFORE)], B, True, Work.READ_FIRST, BEFORE, (False, False)),
        ([(A, "stone", BEFORE)], B, False, Work.READ, WITH, (True, False)),
        ([(A, "stone", WITH)], A, False, Work.LOOK, WITH, (True, True)),
        ([(A, "stone", WITH)], B, False, Work.READ_BLIND, BLIND, (False, False)),
        ([(A, "stone", WITH)], B, True, Work.READ_BLIND, BLIND, (False, False)),
        ([(A, "stone", WITH)], "", False, Work.READ_BLIND, BLIND, (False, False)),
        # who saw the answer at the reveal cannot be blind any more
        ([(A, "stone", BEFORE), (B, "cyst", WITH)], A, True, Work.READ, WITH, (True, False)),
        ([(A, "stone", WITH), (B, "cyst", BLIND)], A, False, Work.ADJUDICATE, WITH, (False, True)),
        ([(A, "stone", WITH), (B, "cyst", BLIND)], C, True, Work.ADJUDICATE, WITH, (False, True)),
        ([(A, "stone", WITH), (B, "stone", BLIND)], C, True, Work.LOOK, WITH, (True, True)),
        ([(A, "stone", WITH), (B, "stone", BLIND)], B, False, Work.LOOK, WITH, (True, True)),
    ],
)  # fmt: skip
def test_what_a_reader_may_see_follows_from_what_is_recorded(
    said, reader, read_first, work, stage, shown
):
    duty = duty_of(file_of(*said), reader, read_first=read_first)
    assert (duty.work, duty.stage) == (work, stage)
    assert (duty.shows_answer, duty.shows_reads) == shown
    assert duty.seen == len(said)


def test_who_was_shown_the_answer_while_nobody_had_decided_is_not_read_blind():
    duty = duty_of(file_of((A, "stone", WITH)), B, read_first=False, has_seen=True)
    assert (duty.work, duty.stage) == (Work.READ, WITH)
    assert (duty.shows_answer, duty.shows_reads) == (True, False)


def test_a_case_without_a_second_read_asked_for_is_only_looked_at_by_others():
    found = file_of((A, "stone", WITH), share=None)
    assert (found.state, found.needs) == (CaseState.DONE, None)
    assert duty_of(found, B, read_first=True).work is Work.LOOK
    assert file_of((A, "stone", WITH)).needs is Need.SECOND_READ
