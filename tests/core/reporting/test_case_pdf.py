"""The PDF of a case: everything is said, in every script, on pages that can be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pypdfium2

from core.reporting.case_pdf import render_case_pdf
from core.reporting.case_report import USE, CaseReport, Read
from tests.core.reporting.reports import (
    AT,
    MODEL,
    STUDY,
    dicom_case,
    picture,
    predicted,
    raster_case,
    refused,
    series_case,
)

HEADER = "Case K-0042 · version 2026.11-a (digest abababababababab) · threshold Stone >= 0.23"


def pages(report: CaseReport) -> list[str]:
    document = pypdfium2.PdfDocument(render_case_pdf(report))
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def drawn(report: CaseReport, page: int = 0) -> np.ndarray:
    document = pypdfium2.PdfDocument(render_case_pdf(report))
    return document[page].render(scale=2).to_numpy()[:, :, :3].astype(int)


def test_every_page_says_which_case_version_digest_and_threshold_and_what_it_is_not():
    shown = pages(series_case(120))
    assert len(shown) > 2
    for number, text in enumerate(shown, 1):
        assert HEADER in text
        assert USE in text
        assert f"Page {number}" in text


def test_a_case_says_answer_gate_reads_and_what_it_rests_on():
    (text,) = pages(dicom_case(shows_context=True))
    for said in (
        "Flagged: Stone. Largest probability: Stone, 72.0 %.",
        "Verdict: first read, before the AI was shown: Stone, confidence 80.0 %",
        "inside what the model was trained on (distance 0.41, threshold 0.9)",
        "operating point 23.0 %",
        "second read, blind not assessable",
        "Motion.",
        MODEL.digest,
        MODEL.calibrator,
        MODEL.training_data,
        "Small tumours are called normal.",
        "left edge R, top edge A",
        "0.7031 x 0.6836 mm a pixel",
        "Study UID 1.2.826.0.1.1 ",
        "A map shows where the score is sensitive, not where disease is.",
    ):
        assert said in text


def test_study_date_and_uids_are_named_only_where_that_was_asked_for():
    (text,) = pages(dicom_case())
    assert not [word for word in (STUDY, "2026-01-02", "UID") if word in text]
    (asked,) = pages(dicom_case(shows_context=True))
    assert STUDY in asked
    assert "2026-01-02" in asked


def test_without_an_operating_point_nothing_is_called_flagged():
    seen = picture()
    plain = replace(predicted(), flagged=("stone",), thresholds={})
    report = raster_case(
        pictures=(replace(seen, prediction=plain),),
        model=replace(MODEL, thresholds={}, operating_point=""),
    )
    (text,) = pages(report)
    assert "Called: Stone, 72.0 %." in text
    assert "lagged" not in text
    assert "Operating point none (the largest probability decides)" in text


def test_readers_who_differ_leave_no_verdict_and_the_page_says_so():
    (text,) = pages(raster_case(verdict=None))
    assert "No verdict is in force: readers differ" in text


def test_a_refused_picture_has_no_figures():
    (text,) = pages(raster_case(pictures=(refused(),), reads=(), verdict=None))
    assert "No answer: outside intended use. The picture looks like a chest film." in text
    assert "No verdict has been recorded." in text
    assert "72.0 %" not in text
    assert "Largest" not in text


def test_a_series_lists_every_slice_and_shows_the_strongest():
    text = " ".join(pages(series_case(5)))
    assert "Stone strongest: slice 4, 90.0 %" in text
    assert "Slice 4 of 5" in text
    assert "5, of which 1 have no answer" in text
    assert "2 No answer: outside intended use. The picture looks like a chest film." in text


def test_hostile_words_are_printed_as_the_text_that_they_are():
    comment = "<b>x</b> <img src=x onerror=1> =1+1 \u202eevil Пётр Ελένη 中 ไ " + "w" * 300
    read = Read("<script>", AT, "stone", 0.5, comment, "first\nread")
    text = " ".join(pages(raster_case(reads=(read,), verdict=read)))
    assert "<b>x</b> <img src=x onerror=1> =1+1 evil Пётр Ελένη" in text
    assert "<script>" in text
    assert "⟨U+0E44⟩" in text
    assert "\u202e" not in text


def test_nothing_in_the_file_leads_anywhere():
    content = render_case_pdf(dicom_case())
    assert [w for w in (b"/URI", b"/JavaScript", b"/Launch", b"/OpenAction") if w in content] == []


def test_the_page_shows_the_overlay_and_the_class_colours():
    page = drawn(dicom_case())
    orange = (abs(page - [0, 159, 230]).sum(axis=2) < 12).sum()  # the bar of stone, as BGR
    assert orange > 200
    without = replace(dicom_case().pictures[0], overlay=None, overlay_said="no positive evidence")
    assert (page != drawn(dicom_case(pictures=(without,)))).any()


def test_letters_that_the_font_lacks_are_drawn_and_cost_no_other_text():
    def shown(comment: str) -> np.ndarray:
        read = Read("R. Rao", AT, "stone", None, comment)
        return drawn(raster_case(reads=(read,), verdict=None))

    chinese, other, none = shown("左肾结石 end"), shown("右肾结石 end"), shown("end")
    assert (chinese != none).any()
    assert (chinese != other).any()
    (text,) = pages(raster_case(reads=(Read("山", AT, None, None, "左肾 end"),), verdict=None))
    assert "end" in text
    assert "⟨" not in text
