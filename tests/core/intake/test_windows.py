"""Ranges that are found in the values themselves."""

import numpy as np
import pytest

from core.intake.windows import from_centre, grey_window, mirrored, robust_window


def test_a_constant_picture_has_a_window_of_some_width():
    constant = np.full((9, 9), 7, np.float32)
    assert robust_window(constant).width == 1
    assert grey_window(constant).width == 1


@pytest.mark.parametrize(
    ("highest", "top"), [(1.0, 1), (255, 255), (256, 1023), (4095, 4095), (40_000, 65535)]
)
def test_the_smallest_depth_that_holds_every_value_is_chosen(highest, top):
    values = np.linspace(0, highest, 900, dtype=np.float32).reshape(30, 30)
    assert grey_window(values).high == top


def test_one_bright_pixel_does_not_darken_a_picture():
    values = np.linspace(0, 200, 10_000, dtype=np.float32).reshape(100, 100)
    values[0, 0] = 60_000
    assert grey_window(values).high < 210


def test_widths_that_are_no_widths_give_no_window():
    assert from_centre(40, 0, exact=False, name="") is None
    assert from_centre(40, float("nan"), exact=True, name="") is None


def test_a_width_of_one_is_a_threshold_and_a_fraction_is_exact():
    assert from_centre(1.0, 0.5, exact=False, name="").low == 0.75


def test_a_mirrored_window_swaps_its_ends():
    window = mirrored(from_centre(128, 256, exact=False, name="File"), 255.0)
    assert (window.low, window.high) == (0, 255)
