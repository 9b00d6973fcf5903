"""What is kept of a DICOM file so that a result can lie beside it: UIDs and geometry, no person."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from pydicom import Dataset

from core.errors import IntakeError
from core.intake.dicom_source import read_source
from tests.core.reporting.reports import (
    COLUMNS,
    COSINES,
    FRAME_OF_REFERENCE,
    MARKER_WORDS,
    ROWS,
    SERIES,
    SPACING,
    STUDY,
    ct_slice,
)


def test_uids_and_geometry_are_those_of_the_file():
    source = read_source(ct_slice(3))
    assert source.study_instance_uid == STUDY
    assert source.series_instance_uid == SERIES
    assert source.sop_instance_uid == f"{SERIES}.4"
    assert source.frame_of_reference_uid == FRAME_OF_REFERENCE
    assert (source.rows, source.columns) == (ROWS, COLUMNS)
    assert source.pixel_spacing_mm == SPACING
    assert source.image_orientation == COSINES
    assert source.image_position_mm == (-120.5, -90.25, 37.5)
    assert source.slice_thickness_mm == 2.5
    assert (source.modality, source.burned_in, source.is_lossy) == ("CT", "NO", False)
    assert source.frame_number is None


def test_nothing_that_names_a_patient_is_kept():
    kept = repr(asdict(read_source(ct_slice()))).encode()
    assert [word for word in MARKER_WORDS if word in kept] == []


def test_a_value_of_another_form_is_not_taken():
    source = read_source(ct_slice(Laterality="Zz^Name", PixelSpacing=[0.5, 0.0]))
    assert (source.laterality, source.pixel_spacing_mm) == ("", None)


def test_a_lossy_source_is_known_as_such():
    assert read_source(ct_slice(LossyImageCompression="01")).is_lossy


def test_a_file_that_cannot_be_named_is_refused_without_quoting_it():
    with pytest.raises(IntakeError, match="no usable StudyInstanceUID") as caught:
        read_source(ct_slice(StudyInstanceUID=""))
    assert "ZZ" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"not DICOM", ct_slice()[:200]])
def test_what_is_no_dicom_file_is_refused(data: bytes):
    with pytest.raises(IntakeError):
        read_source(data)


def test_a_frame_of_an_enhanced_object_has_its_own_position():
    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.4, 0.5]
    for height in (10, 12.5):
        item = Dataset()
        item.PlanePositionSequence = [Dataset()]
        item.PlanePositionSequence[0].ImagePositionPatient = [1, 2, height]
        frames.append(item)
    data = ct_slice(
        NumberOfFrames=2,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
    )
    first, second = read_source(data), read_source(data, frame=1)
    assert (first.frame_number, second.frame_number) == (1, 2)
    assert first.sop_instance_uid == second.sop_instance_uid
    assert first.image_orientation == second.image_orientation == (1, 0, 0, 0, 1, 0)
    assert first.pixel_spacing_mm == second.pixel_spacing_mm == (0.4, 0.5)
    assert first.image_position_mm == (1, 2, 10)
    assert second.image_position_mm == (1, 2, 12.5)
