"""What a task's models may judge: modality, body part, HU, size, something in the picture."""

import numpy as np
import pytest

from core.errors import OutsideUseError
from core.intake import check_intended_use, read_study
from core.tasks import load_task
from tests.core.intake import files

KIDNEY = "kidney_ct"
CHEST = "chest_xray"


def check(data, task):
    check_intended_use(read_study(data), load_task(task))


@pytest.mark.parametrize("modality", ["MR", "US", "DX", "OT"])
def test_another_modality_is_outside_use(modality):
    with pytest.raises(OutsideUseError, match=f"modality is {modality}; Kidney CT accepts CT"):
        check(files.dicom(files.picture(), Modality=modality), KIDNEY)


def test_another_body_part_is_outside_use():
    with pytest.raises(OutsideUseError, match="body part is HEAD"):
        check(files.dicom(files.picture(), BodyPartExamined="HEAD"), KIDNEY)


@pytest.mark.parametrize("part", ["ABDOMEN", "abdomen", None])
def test_an_accepted_or_unstated_body_part_passes(part):
    tags = {} if part is None else {"BodyPartExamined": part}
    check(files.dicom(files.picture(), **tags), KIDNEY)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_png_states_nothing_and_passes():
    check(files.encoded(files.picture()), KIDNEY)
    check(files.encoded(files.picture()), CHEST)


def test_a_dicom_file_that_states_no_modality_is_refused():
    with pytest.raises(OutsideUseError, match="does not state its modality"):
        check(files.dicom(files.picture(), Modality=""), KIDNEY)


def test_a_ct_without_rescale_is_refused_by_a_ct_task():
    with pytest.raises(OutsideUseError, match="not in HU"):
        check(files.dicom(files.picture(), rescale=None), KIDNEY)
    check(files.dicom(files.picture(), rescale=(1, 0)), KIDNEY)


@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_a_film_needs_no_rescale(modality):
    check(files.dicom(files.picture(), Modality=modality, rescale=None), CHEST)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (63, 300), (300, 63)])
def test_a_picture_below_64_pixels_is_refused(rows, columns):
    pixels = np.resize(files.picture(), (rows, columns))
    with pytest.raises(OutsideUseError, match=f"{columns} x {rows} pixels; at least 64"):
        check(files.encoded(pixels), KIDNEY)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((96, 96), np.uint8),
        np.full((96, 96), 255, np.uint8),
        np.full((96, 96, 3), (200, 30, 30), np.uint8),
        np.random.default_rng(0).integers(100, 103, (96, 96), np.uint8),
    ],
    ids=["black", "white", "red", "almost constant"],
)
def test_a_blank_picture_is_refused(pixels):
    with pytest.raises(OutsideUseError, match="blank"):
        check(files.encoded(pixels), KIDNEY)


def test_a_blank_hu_slice_is_refused():
    air = np.zeros((96, 96), np.uint16)
    with pytest.raises(OutsideUseError, match="blank"):
        check(files.dicom(air, bits_stored=12, rescale=(1, -1024)), KIDNEY)
