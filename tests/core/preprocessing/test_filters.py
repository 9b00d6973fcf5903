"""Filters and colours, each against somebody else's implementation or a hand calculation."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy import ndimage
from skimage import exposure, filters

from core.preprocessing import STEPS


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape or (40, 50), dtype=np.uint8)


@pytest.mark.parametrize("size", [3, 5, 9])
def test_the_median_is_scipys(size):
    pixels = picture()
    expected = ndimage.median_filter(pixels, size=size, mode="nearest")
    assert np.array_equal(STEPS[f"median_filter_{size}"](pixels), expected)


@pytest.mark.parametrize("sigma", ["1", "2.5"])
def test_the_gaussian_is_scipys_within_a_grey_level(sigma):
    pixels = picture()
    expected = ndimage.gaussian_filter(pixels.astype(float), float(sigma), mode="mirror")
    ours = STEPS[f"gaussian_filter_{sigma}"](pixels)
    assert np.abs(ours - expected).max() < 1.6  # OpenCV ends the kernel at 3 sigma


def test_the_sobel_magnitude_is_scipys_over_that_of_a_full_edge():
    pixels = picture()
    across, down = (ndimage.sobel(pixels.astype(float), axis, mode="mirror") for axis in (1, 0))
    expected = np.clip(np.hypot(across, down) / 4, 0, 255)
    assert np.abs(STEPS["sobel_magnitude_3"](pixels) - expected).max() <= 0.51


@pytest.mark.parametrize("size", [3, 5, 7])
def test_a_full_edge_has_a_sobel_magnitude_of_255(size):
    pixels = np.zeros((20, 20), np.uint8)
    pixels[:, 10:] = 255
    assert STEPS[f"sobel_magnitude_{size}"](pixels).max() == 255
    assert STEPS[f"sobel_magnitude_{size}"](pixels // 5).max() == 51


@pytest.mark.parametrize(
    ("name", "theirs"), [("dilation_5", "grey_dilation"), ("erosion_5", "grey_erosion")]
)
def test_dilation_and_erosion_are_scipys_channel_by_channel(name, theirs):
    pixels = picture(40, 50, 3)
    expected = getattr(ndimage, theirs)(pixels, size=(5, 5, 1), mode="nearest")
    assert np.array_equal(STEPS[name](pixels), expected)


def test_canny_draws_the_outline_of_a_square_and_nothing_else():
    pixels = np.zeros((40, 40), np.uint8)
    pixels[10:30, 10:30] = 200
    found = STEPS["canny_edges_50_150"](pixels) > 0
    ring = ndimage.binary_dilation(pixels > 0) ^ ndimage.binary_erosion(pixels > 0)
    assert 60 <= found.sum() <= 84
    assert not (found & ~ring).any()
    assert not STEPS["canny_edges_50_150"](pixels // 10).any()  # an edge of 20: 80 of 1020


def test_canny_of_colour_is_that_of_its_luminance():
    pixels = picture(40, 50, 3)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    step = STEPS["canny_edges_100_300"]
    assert np.array_equal(step(pixels)[:, :, 2], step(grey))


def test_equalised_grey_is_scikit_images_but_for_where_zero_lies():
    pixels = (100 + picture() // 4).astype(np.uint8)
    share = exposure.equalize_hist(pixels)
    lowest = share.min()  # OpenCV maps the darkest level that occurs to 0
    expected = 255 * (share - lowest) / (1 - lowest)
    assert np.abs(STEPS["histogram_equalisation"](pixels) - expected).max() <= 0.51


def test_equalisation_of_colour_flattens_the_luminance_and_keeps_the_chroma():
    pixels = (100 + picture(64, 64, 3) // 8).astype(np.uint8)
    before, after = (
        cv2.cvtColor(item, cv2.COLOR_RGB2YCrCb).astype(int)
        for item in (pixels, STEPS["histogram_equalisation"](pixels))
    )
    assert after[:, :, 0].std() > 4 * before[:, :, 0].std()
    inner = (after[:, :, 0] > 60) & (after[:, :, 0] < 200)  # elsewhere RGB is cut at its ends
    assert np.abs(after - before)[inner][:, 1:].max() <= 2


@pytest.mark.parametrize("factor", ["0", "0.5", "1", "1.7"])
def test_saturation_is_pillows(factor):
    pixels = picture(40, 50, 3)
    theirs = ImageEnhance.Color(Image.fromarray(pixels)).enhance(float(factor))
    ours = STEPS[f"saturation_{factor}"](pixels).astype(int)
    assert np.abs(ours - np.asarray(theirs)).max() <= 2  # Pillow cuts fractions off, twice


@pytest.mark.parametrize("degrees", [0, 20, 200, 359])
def test_hue_is_that_of_colorsys(degrees):
    pixels = picture(6, 7, 3)
    expected = []
    for colour in pixels.reshape(-1, 3) / 255:
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        expected.append(colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value))
    expected = 255 * np.array(expected).reshape(pixels.shape)
    assert np.abs(STEPS[f"hue_{degrees}"](pixels) - expected).max() <= 0.6


def test_a_crop_keeps_the_middle():
    pixels = picture(11, 20)
    assert np.array_equal(STEPS["centre_crop_8x16"](pixels), pixels[1:9, 2:18])


def test_a_filter_of_colour_reads_its_luminance_as_rgb():
    """Green is bright and blue is dark: taken for BGR, the edge would be another."""
    pixels = np.zeros((9, 20, 3), np.uint8)
    pixels[:, 10:, 1] = 255
    assert STEPS["sobel_magnitude_3"](pixels).max() == pytest.approx(0.587 * 255, abs=1)
    assert filters.sobel(pixels[:, :, 1]).argmax() % 20 in (9, 10)
