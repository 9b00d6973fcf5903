"""Secondary captures lie where their source lies, and say what they are."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from core.domain import Status
from core.errors import ReportError
from core.reporting.case_report import CaseReport, PictureReport
from core.reporting.dicom_capture import burnt, render_captures
from tests.core.reporting.reports import (
    COLUMNS,
    ROWS,
    STUDY,
    ct_slice,
    dicom_case,
    disc,
    laid_over,
    picture,
    predicted,
    raster_case,
    series_case,
)

GEOMETRY = (
    "Rows", "Columns", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient",
    "SliceThickness", "FrameOfReferenceUID",
)  # fmt: skip


def captures(report: CaseReport, **options: object) -> list[Dataset]:
    return [pydicom.dcmread(io.BytesIO(data)) for data in render_captures(report, **options)]


def test_the_whole_stack_has_captures_with_the_geometry_of_its_sources():
    found = captures(series_case(5))
    assert len(found) == 5
    for place, capture in enumerate(found):
        source = pydicom.dcmread(io.BytesIO(ct_slice(place)))
        assert [(k, capture[k].value) for k in GEOMETRY] == [(k, source[k].value) for k in GEOMETRY]
        (reference,) = capture.SourceImageSequence
        assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert capture.StudyInstanceUID == STUDY
        assert capture.SeriesInstanceUID != source.SeriesInstanceUID
        assert capture.InstanceNumber == place + 1
    assert len({capture.SeriesInstanceUID for capture in found}) == 1
    assert len({capture.SOPInstanceUID for capture in found}) == 5


def test_the_pixels_are_the_overlay_with_words_burnt_in_at_the_lower_edge():
    (capture,) = captures(dicom_case())
    shown = capture.pixel_array
    assert shown.shape == (ROWS, COLUMNS, 3)
    np.testing.assert_array_equal(shown[: ROWS - 40], laid_over(disc())[: ROWS - 40])
    changed = (shown != laid_over(disc())).any(axis=2)
    assert changed[ROWS - 30 :].sum() > 300


def test_a_capture_says_that_it_is_derived_for_research_and_by_what():
    (capture,) = captures(dicom_case())
    assert capture.SOPClassUID == SecondaryCaptureImageStorage
    assert list(capture.ImageType[:2]) == ["DERIVED", "SECONDARY"]
    assert capture.ContentQualification == "RESEARCH"
    assert list(capture.PatientOrientation) == ["L", "F"]  # the larger axis of each direction
    assert capture.BurnedInAnnotation == "NO"
    for said in ("Research use", "2026.11-a", "ab" * 32, "Stone >= 0.23", "72.0 %"):
        assert said in capture.ImageComments
    model = capture.ContributingEquipmentSequence[0]
    assert (model.SoftwareVersions, model.DeviceSerialNumber) == ("2026.11-a", "ab" * 32)


def test_a_raster_picture_makes_a_study_of_its_own_with_the_picture_and_its_map():
    plain, laid = captures(raster_case())
    assert plain.StudyInstanceUID == laid.StudyInstanceUID
    assert plain.SeriesInstanceUID != laid.SeriesInstanceUID
    np.testing.assert_array_equal(plain.pixel_array, disc())
    assert laid.SourceImageSequence[0].ReferencedSOPInstanceUID == plain.SOPInstanceUID
    assert (plain.PatientID, str(plain.PatientName)) == ("K-0042", "")
    assert plain.PatientIdentityRemoved == "YES"
    assert "BurnedInAnnotation" not in plain  # nobody knows


def test_a_later_report_is_another_instance_of_the_same_picture():
    first, later = raster_case(), raster_case(made_at=raster_case().made_at.replace(hour=9))
    (plain, laid), (plain_later, laid_later) = captures(first), captures(later)
    assert plain.SOPInstanceUID == plain_later.SOPInstanceUID
    assert laid.SOPInstanceUID != laid_later.SOPInstanceUID
    assert captures(first)[1].SOPInstanceUID == laid.SOPInstanceUID


def test_a_frame_of_several_is_named():
    source = replace(picture(source=ct_slice()).source, frame_number=7)
    report = dicom_case(pictures=(replace(picture(), source=source),))
    assert captures(report)[0].SourceImageSequence[0].ReferencedFrameNumber == 7


def test_lossy_sources_and_burnt_in_text_stay_known():
    data = ct_slice(BurnedInAnnotation="YES", LossyImageCompression="01", Laterality="L")
    (capture,) = captures(dicom_case(pictures=(picture(source=data),)))
    assert capture.BurnedInAnnotation == "YES"
    assert capture.LossyImageCompression == "01"
    assert capture.Laterality == "L"


def test_pictures_of_two_studies_are_no_case():
    other = picture(1, source=ct_slice(1, StudyInstanceUID="1.2.3.4"))
    report = series_case(2)
    with pytest.raises(ReportError, match="2 studies"):
        render_captures(replace(report, pictures=(report.pictures[0], other),
                                series=replace(report.series, strongest={})))  # fmt: skip


def test_words_fit_into_a_small_picture_of_any_kind():
    small = np.full((64, 64, 3), 90, np.uint8)
    assert burnt(small, ["Research use. Not for primary diagnosis.", "second"]).shape == small.shape
    tiny = PictureReport(small, None, "no map", "0" * 64, Status.OK, prediction=predicted())
    plain, laid = captures(raster_case(pictures=(tiny,)))
    assert plain.pixel_array.shape == laid.pixel_array.shape == small.shape
