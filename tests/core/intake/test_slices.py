"""Headers of files: whatever the damage, a slice, a name of what it is, or one sentence."""

import random

import pytest

from core.domain import PictureKind
from core.errors import IntakeError
from core.intake.slices import look_at
from tests.core.intake.files import bundled, dicom, encoded, hounsfield, picture
from tests.core.intake.stack_files import CORONAL, ct, drawn

SLICE = ct(drawn(1)[0], at=(1.5, -2, 3), orientation=CORONAL, number=4, SeriesNumber=2)


def test_a_slice_states_its_place_size_and_number():
    found = look_at("a.dcm", SLICE)
    (item,) = found.slices
    assert (item.name, item.kind, item.frame) == ("a.dcm", PictureKind.DICOM, None)
    assert (item.rows, item.columns, item.modality) == (80, 80, "CT")
    assert (item.position_mm, item.orientation) == ((1.5, -2, 3), CORONAL)
    assert (item.spacing_mm, item.instance_number) == ((0.8, 0.7), 4)
    assert found.series_number == 2


@pytest.mark.parametrize(
    "tags",
    [
        {"ImagePositionPatient": [1, 2]},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0] * 6},
        {"ImageOrientationPatient": [3, 0, 0, 0, 3, 0]},
    ],
)
def test_a_place_that_makes_no_sense_counts_as_none(tags):
    whole = {"ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    (item,) = look_at("a", dicom(hounsfield(), **(whole | tags))).slices
    assert item.position_mm is None or item.orientation is None


def test_an_animated_or_many_paged_picture_is_that_many_slices():
    from PIL import Image

    pages = [Image.fromarray(picture(seed=k)) for k in range(3)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert [item.frame for item in look_at("a.tif", data).slices] == [0, 1, 2]


def test_what_is_no_picture_is_named():
    assert look_at("a", bundled("reportsi.dcm")).other == "Basic Text SR Storage"
    assert look_at("a", bundled("dicomdirtests/DICOMDIR")).other == "DICOMDIR"


def test_damaged_headers_end_as_slices_or_as_one_sentence():
    draw = random.Random(5)
    for source in (SLICE, bundled("rtdose.dcm"), encoded(picture(), "TIFF")):
        for _ in range(60):
            data = bytearray(
                source[: draw.randrange(1, len(source))] if draw.random() < 0.3 else source
            )
            for _ in range(draw.randrange(1, 6)):
                data[draw.randrange(min(len(data), 2000))] = draw.randrange(256)
            try:
                look_at("a", bytes(data))
            except IntakeError as error:
                assert error.problem
