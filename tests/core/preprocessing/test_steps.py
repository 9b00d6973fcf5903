from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.preprocessing import STEPS


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", list(STEPS))
def test_every_step_answers_to_its_name_and_keeps_what_it_says_about_sizes(name):
    step = STEPS[name]
    assert step.name == name
    for shape in ((230, 260), (260, 230, 3)):
        out = step(picture(*shape))
        assert out.dtype == np.uint8
        assert out.shape[:2] == step.size_after(shape[:2])
        assert step.could_have_made(out.shape[:2])
    assert (step.size_after(None) is not None) == step.fixes_size


@pytest.mark.parametrize("name", list(STEPS))
def test_every_step_leaves_its_input_alone_and_repeats_itself(name):
    pixels = picture(230, 260, 3)
    before = pixels.copy()
    assert np.array_equal(STEPS[name](pixels), STEPS[name](pixels))
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("name", list(STEPS))
def test_every_step_takes_grey_for_three_equal_channels_and_read_only_arrays(name):
    grey = picture(230, 260)
    colour = np.repeat(grey[:, :, None], 3, axis=2)
    for pixels in (grey, colour):
        pixels.setflags(write=False)
    one, three = STEPS[name](grey).astype(int), STEPS[name](colour).astype(int)
    assert three.ndim == 3
    assert np.abs(three - one.reshape(*one.shape[:2], -1)).max() <= 1  # rounding of LAB and HSV


def test_every_public_project_s_steps_are_in_the_table():
    assert {
        "resize_lanczos_224",
        "resize_lanczos_160",
        "resize_area_224",
        "clahe_lab_4_8x8",
        "pad_square",
    } <= set(STEPS)


def test_resize_lanczos_is_opencvs_own_kernel():
    pixels = picture(512, 400)
    expected = cv2.resize(pixels, (160, 160), interpolation=cv2.INTER_LANCZOS4)
    assert np.array_equal(STEPS["resize_lanczos_160"](pixels), expected)


def test_resize_area_averages_every_source_pixel():
    pixels = picture(448, 448)
    mean = pixels.reshape(224, 2, 224, 2).mean(axis=(1, 3))
    assert np.abs(STEPS["resize_area_224"](pixels) - mean).max() <= 0.5


def test_resizing_to_the_size_a_picture_has_changes_nothing():
    pixels = picture(224, 224, 3)
    assert np.array_equal(STEPS["resize_lanczos_224"](pixels), pixels)


def test_clahe_reads_the_channels_as_rgb():
    """Red is darker than green in L: taken for BGR, pure red would get the lightness of blue."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32, 0] = 200
    pixels[:, 32:, 1] = 200
    pixels += picture(64, 64, 1) // 16
    lab = cv2.cvtColor(np.ascontiguousarray(pixels[:, :, ::-1]), cv2.COLOR_BGR2LAB)
    lab[:, :, 0] = cv2.createCLAHE(4.0, (8, 8)).apply(np.ascontiguousarray(lab[:, :, 0]))
    expected = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)[:, :, ::-1]
    ours = STEPS["clahe_lab_4_8x8"](pixels)
    wrong = STEPS["clahe_lab_4_8x8"](np.ascontiguousarray(pixels[:, :, ::-1]))[:, :, ::-1]
    assert np.array_equal(ours, expected)
    assert np.abs(wrong.astype(int) - expected).max() > 5


def test_clahe_keeps_the_hue_of_a_stained_picture():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[...] = (170, 80, 150)
    pixels[::2] -= 40
    out = STEPS["clahe_lab_4_8x8"](pixels).astype(int)
    assert (out[:, :, 0] > out[:, :, 1]).all()
    assert (out[:, :, 2] > out[:, :, 1]).all()


def test_clahe_gives_three_channels_for_a_grey_picture_and_raises_its_contrast():
    pixels = (100 + picture(224, 224) // 16).astype(np.uint8)
    out = STEPS["clahe_lab_4_8x8"](pixels)
    assert out.shape == (224, 224, 3)
    assert np.ptp(out.astype(int), axis=2).max() <= 1  # LAB and back in 8 bits: one grey level
    assert out.std() > 2 * pixels.std()


def test_pad_square_adds_black_around_the_whole_picture():
    pixels = 1 + picture(3, 6) // 2
    out = STEPS["pad_square"](pixels)
    assert out.shape == (6, 6)
    assert np.array_equal(out[1:4], pixels)
    assert not out[0].any()
    assert not out[4:].any()


def test_pad_square_border_takes_the_median_colour_of_the_edge():
    pixels = np.full((4, 9, 3), (220, 180, 210), np.uint8)
    pixels[1:3, 1:8] = 20
    out = STEPS["pad_square_border"](pixels)
    assert out.shape == (9, 9, 3)
    assert (out[0] == (220, 180, 210)).all()
    assert (out[8] == (220, 180, 210)).all()


@pytest.mark.parametrize("name", ["pad_square", "pad_square_border"])
def test_padding_a_square_changes_nothing(name):
    pixels = picture(7, 7, 3)
    assert np.array_equal(STEPS[name](pixels), pixels)
