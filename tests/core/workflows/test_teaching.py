"""Teaching cases: for the drawn task only, as a person would have uploaded them."""

from __future__ import annotations

import hashlib

from core.intake import read_study
from core.workflows.teaching import teaching_cases


def test_only_a_task_that_reads_the_phantoms_has_teaching_cases():
    assert teaching_cases("kidney_ct") == ()
    assert teaching_cases("phantom_ct")


def test_every_case_is_a_readable_file_with_its_own_key_and_lesson():
    cases = teaching_cases("phantom_ct")
    assert len({case.key for case in cases}) == len({case.sha256 for case in cases}) == len(cases)
    for case in cases:
        assert hashlib.sha256(case.data).hexdigest() == case.sha256
        assert min(read_study(case.data).pixels.shape[:2]) >= 64
        assert case.lesson.strip()
