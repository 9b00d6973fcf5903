"""Properties of a picture: what they are, and how often the orientation is right."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from core.intake import read_study
from core.intake.properties import (
    ALONG,
    AXIAL,
    NOT_TOLD,
    estimate_orientation,
    measure_properties,
    stated_orientation,
)
from core.phantoms import phantom_picture
from tests.pages.looking import encoded

# A series of each orientation, as a person sees it; one lies across.
ACROSS = ("g000", "g004", "g021", "g065", "g082", "g146", "g184")
UPRIGHT = ("g001", "g039", "g051", "g083", "g108", "g165", "g177")
LYING = "g126"


def measured(pixels: np.ndarray, *, is_sliced: bool = False):
    return measure_properties(read_study(encoded(pixels)), is_sliced=is_sliced)


def test_brightness_and_contrast_are_mean_and_spread_of_the_grey_values():
    pixels = np.zeros((100, 200), np.uint8)
    pixels[:, 100:] = 200
    found = measured(pixels)
    assert (found.rows, found.columns) == (100, 200)
    assert (found.brightness, found.contrast) == (100.0, 100.0)
    assert found.orientation is None


def test_a_blurred_picture_is_less_sharp():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    smooth = np.kron(noise[:16, :16], np.ones((4, 4), np.uint8))
    assert measured(smooth).sharpness < measured(noise).sharpness / 2


def test_a_file_that_states_its_orientation_is_believed():
    stated = [(("R", "A"), "axial"), (("L", "H"), "coronal"), (("AH", "FP"), "sagittal")]
    assert [stated_orientation(edges) for edges, _ in stated] == [name for _, name in stated]
    assert stated_orientation(("", "A")) is None


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_picture_without_a_body_has_no_orientation(value: int):
    assert estimate_orientation(np.full((64, 64), value, np.float32)) == NOT_TOLD


def test_a_drawn_slice_is_axial():
    image = read_study(phantom_picture("phantom_ct/s300024_0.png"))
    assert measure_properties(image, is_sliced=True).orientation == AXIAL


@pytest.mark.needs_data
def test_real_slices_have_the_orientation_that_a_person_sees(data_root: Path):
    folder = data_root / "kidney_ct"
    expected = dict.fromkeys(ACROSS, AXIAL) | dict.fromkeys(UPRIGHT, ALONG) | {LYING: NOT_TOLD}
    with (folder / "labels.csv").open(encoding="utf-8") as lines:
        rows = {row["group"]: row["file"] for row in csv.DictReader(lines)}
    found = {
        group: measure_properties(
            read_study((folder / rows[group]).read_bytes()), is_sliced=True
        ).orientation
        for group in expected
    }
    assert found == expected
