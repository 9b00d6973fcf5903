"""The frozen value of a report: parts that do not belong together are refused."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import datetime

import numpy as np
import pytest

from core.domain import Prediction, Status
from core.errors import ReportError
from core.reporting import case_words as words
from core.reporting.case_report import Read
from tests.core.reporting.reports import (
    AT,
    MODEL,
    ct_slice,
    dicom_case,
    picture,
    raster_case,
    refused,
    series_case,
)


def test_a_report_cannot_be_changed():
    report = raster_case()
    with pytest.raises(FrozenInstanceError):
        report.case_id = "other"
    with pytest.raises(ValueError, match="read-only"):
        report.pictures[0].pixels[0, 0] = 1


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": ()},
        {"pictures": (picture(), picture(1))},
        {"made_at": datetime(2026, 1, 1)},
        {"verdict": Read("R. Rao", AT, "fracture")},
        {"model": replace(MODEL, thresholds={"fracture": 0.5})},
        {"reads": (Read("R. Rao", AT, "fracture"),)},
        {"pictures": (replace(picture(), prediction=Prediction({"stone": 1.0}, "stone", ())),)},
    ],
)
def test_parts_that_do_not_belong_together_are_refused(changes: dict[str, object]):
    with pytest.raises(ReportError, match="do not belong together"):
        raster_case(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"overlay": np.zeros((10, 10, 3), np.uint8)},
        {"prediction": None},
        {"status": Status.REFUSED},
        {"pixels": np.zeros((10, 10), np.uint8), "overlay": None},
    ],
)
def test_a_picture_agrees_with_its_overlay_its_source_and_its_status(changes: dict[str, object]):
    with pytest.raises(ReportError, match="do not belong together"):
        replace(picture(source=ct_slice()), **changes)


def test_the_slice_that_stands_for_a_series_is_the_strongest_in_what_was_flagged():
    report = series_case()
    assert report.answering is report.pictures[3]
    answer = report.prediction
    assert answer is not None
    both = replace(answer, flagged=("cyst", "stone"))  # cyst, the weaker one, is named before
    weaker_first = replace(report, series=replace(report.series, prediction=both))
    assert weaker_first.answering is report.pictures[3]
    unanswered = replace(report, series=replace(report.series, prediction=None))
    assert unanswered.prediction is None
    assert words.headline(unanswered) == "No answer for the series."


def test_a_refusal_never_reads_like_an_answer():
    report = raster_case(pictures=(refused(),))
    assert words.headline(report).startswith("No answer: outside intended use.")
    assert "Normal" not in words.headline(report)


def test_words_say_threshold_flags_and_who():
    report = dicom_case()
    assert words.threshold_said(report) == "Stone >= 0.23"
    assert words.headline(report) == "Flagged: Stone. Largest probability: Stone, 72.0 %."
    assert words.read_said(report, report.reads[1]) == (
        "second read, blind: not assessable (B. Okafor, 2026-11-21T08:30:00Z). Motion."
    )
    argmax = replace(report, model=replace(report.model, thresholds={}))
    assert words.threshold_said(argmax) == "none (the largest probability decides)"
