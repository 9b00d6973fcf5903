"""The teaching cases are complete, drawable and told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from core.config import ROOT
from core.errors import PhantomError
from core.phantoms import (
    phantom_pixels,
    teaching_case,
    teaching_cases,
    teaching_image,
    teaching_png,
)
from core.phantoms.foreign import FOREIGN_FILES
from core.phantoms.series import LABELS

CASES = teaching_cases()


def test_there_are_eight_cases_of_which_two_must_be_refused():
    assert len({case.key for case in CASES}) == len(CASES) == 8
    assert sum(case.must_be_refused for case in CASES) == 2
    assert {case.label for case in CASES} == {None, "cyst", "normal", "stone", "tumor"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_case_shows_what_it_says(case):
    assert case.title and case.what_to_notice.endswith(".")
    if case.must_be_refused:
        assert case.file_id in FOREIGN_FILES and case.label is None
    else:
        assert phantom_pixels(case.file_id).label == case.label


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_the_png_of_a_case_shows_the_pixels_of_its_image(case):
    decoded = cv2.imdecode(np.frombuffer(teaching_png(case), np.uint8), cv2.IMREAD_UNCHANGED)
    image = teaching_image(case)
    shown = decoded[:, :, ::-1] if decoded.ndim == 3 else decoded
    assert np.array_equal(shown, image.pixels)
    assert "synthetic" in image.notes[0]


def test_the_known_miss_is_one_in_the_stored_run_of_the_shipped_version():
    (case,) = [case for case in CASES if case.known_miss]
    folder = ROOT / "models" / "phantom_ct"
    version = folder / (folder / "champion").read_text(encoding="utf-8").strip()
    run = pd.read_parquet(version / "evaluation" / "test" / "predictions.parquet")
    row = run[run["file"] == case.file_id].iloc[0]
    called = max(LABELS, key=lambda label: row[f"p_{label}"])
    assert row["y_true"] == case.label
    assert called == "normal"
    assert not row["refused"]


def test_a_case_is_found_by_its_key_and_an_unknown_one_refused():
    assert teaching_case(CASES[0].key) is CASES[0]
    with pytest.raises(PhantomError, match="no teaching case"):
        teaching_case("nobody")
