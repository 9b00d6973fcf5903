"""A planted patient is found in no export, but where the object of a study must name its patient.

docs/decisions/0015: without the source file the objects name nobody; with it, patient and study
attributes are the file's, those of a short list and nowhere else.
"""

from __future__ import annotations

import io
import logging
import tempfile

import pydicom
import pypdfium2
import pytest
from pydicom import Dataset

from core.errors import ReportError
from core.reporting.case_csv import cases_csv
from core.reporting.case_pdf import render_case_pdf
from core.reporting.case_report import CaseReport
from core.reporting.dicom_capture import render_captures
from core.reporting.dicom_sr import render_sr
from tests.core.reporting.reports import (
    MARKER,
    MARKER_WORDS,
    ct_slice,
    dicom_case,
    picture,
    raster_case,
    series_case,
)

MAY_NAME_THE_PATIENT = {
    "PatientName", "PatientID", "PatientBirthDate", "StudyID", "AccessionNumber",
    "ReferringPhysicianName",
}  # fmt: skip
PLANTED = (*MARKER_WORDS, b"ZZST")


def objects(report: CaseReport, source_file: bytes | None) -> list[bytes]:
    return [
        render_sr(report, source_file=source_file),
        *render_captures(report, source_file=source_file),
    ]


def planted_in(data: bytes) -> list[bytes]:
    return [word for word in PLANTED if word in data]


def holders(dataset: Dataset) -> set[str]:
    """Return the attributes, at any depth, that hold a planted word."""
    found = set()
    for element in dataset.iterall():
        if element.VR != "SQ" and planted_in(str(element.value).encode()):
            found.add(element.keyword)
    return found


@pytest.mark.parametrize("make", [dicom_case, series_case])
def test_without_the_source_file_no_export_names_the_patient(make):
    report = make()
    pdf = render_case_pdf(report)
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    for data in (pdf, text.encode(), cases_csv([report]), *objects(report, None)):
        assert planted_in(data) == []


@pytest.mark.parametrize("make", [dicom_case, series_case])
def test_with_the_source_file_only_patient_and_study_attributes_name_the_patient(make):
    for data in objects(make(), ct_slice()):
        dataset = pydicom.dcmread(io.BytesIO(data))
        assert holders(dataset) == MAY_NAME_THE_PATIENT
        assert dataset.PatientName == MARKER
        assert (dataset.PatientSex, dataset.StudyDate) == ("F", "20260102")


def test_nothing_that_names_the_patient_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    odd = ct_slice(PatientName="ZZPHI TEST no caret " * 4, PatientSex="ZZ", PatientID="ZZMRN" * 20)
    report = dicom_case(pictures=(picture(source=odd),))
    objects(report, odd)
    assert planted_in(caplog.text.encode()) == []


def test_no_export_leaves_a_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    report = dicom_case()
    assert render_case_pdf(report)
    assert cases_csv([report])
    assert objects(report, ct_slice())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"ZZPHI", ct_slice()[:300], ct_slice(9)])
def test_another_file_gives_no_name_and_its_refusal_quotes_nothing(data: bytes):
    for render in (render_sr, render_captures):
        with pytest.raises(ReportError, match="source file") as caught:
            render(dicom_case(), source_file=data)
        assert planted_in(str(caught.value).encode()) == []


def test_the_source_file_of_a_raster_case_is_not_read():
    for data in objects(raster_case(), ct_slice()):
        assert planted_in(data) == []


def test_a_name_in_another_script_arrives_whole():
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    source = ct_slice(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name)
    report = dicom_case(pictures=(picture(source=source),))
    for data in objects(report, source):
        dataset = pydicom.dcmread(io.BytesIO(data))
        assert dataset.SpecificCharacterSet == "ISO_IR 192"
        assert str(dataset.PatientName) == name
