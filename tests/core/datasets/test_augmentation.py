from __future__ import annotations

import colorsys
import dataclasses
import hashlib
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from core.datasets import AugmentationSpec, augment
from core.datasets.augmentation import warp_matrix
from core.errors import DatasetError

EVERYTHING = AugmentationSpec(
    rotation_degrees=20,
    zoom=0.2,
    shift=0.1,
    flip_left_right=0.5,
    flip_up_down=0.5,
    quarter_turn=0.5,
    brightness=0.2,
    contrast=0.3,
    gamma=0.4,
    noise=12,
    blur=2,
    cutout=0.5,
)


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape or (40, 40), dtype=np.uint8)


def changed(spec, pixels=None, seed=0):
    pixels = picture() if pixels is None else pixels
    return augment(pixels, spec, np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), shape=st.sampled_from([(40, 40), (30, 50), (40, 40, 3)]))
def test_shape_and_type_stay_the_input_is_untouched_and_the_seed_decides(seed, shape):
    pixels = picture(*shape)
    before = pixels.copy()
    first = changed(EVERYTHING, pixels, seed)
    assert (first.shape, first.dtype) == (shape, np.uint8)
    assert np.array_equal(pixels, before)
    assert not np.shares_memory(first, pixels)
    assert np.array_equal(first, changed(EVERYTHING, pixels, seed))


def test_no_change_asked_for_is_no_change_but_a_copy():
    pixels = picture()
    same = changed(AugmentationSpec(), pixels)
    assert np.array_equal(same, pixels)
    assert not np.shares_memory(same, pixels)


def test_flips_are_exact():
    assert np.array_equal(changed(AugmentationSpec(flip_left_right=1)), picture()[:, ::-1])
    assert np.array_equal(changed(AugmentationSpec(flip_up_down=1)), picture()[::-1])


def test_quarter_turns_are_exact():
    turned = [changed(AugmentationSpec(quarter_turn=1), seed=seed) for seed in range(12)]
    expected = [np.rot90(picture(), k).tobytes() for k in (1, 2, 3)]
    assert {t.tobytes() for t in turned} == set(expected)


def test_the_centre_stays_under_rotation_and_zoom():
    spec = AugmentationSpec(rotation_degrees=90, zoom=0.5)
    matrix = warp_matrix((31, 51), spec, np.random.default_rng(3))
    assert matrix @ [25, 15, 1] == pytest.approx([25, 15])


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_stays_within_its_share(seed):
    matrix = warp_matrix((100, 200), AugmentationSpec(shift=0.1), np.random.default_rng(seed))
    assert np.allclose(matrix[:, :2], np.eye(2))
    assert abs(matrix[0, 2]) <= 20
    assert abs(matrix[1, 2]) <= 10


def test_what_comes_in_from_outside_is_black_or_mirrored():
    white = np.full((40, 40), 200, np.uint8)
    assert changed(AugmentationSpec(shift=0.5), white).min() == 0
    assert changed(AugmentationSpec(shift=0.5, border="mirror"), white).min() == 200


def test_tone_keeps_the_order_of_greys_and_moves_them():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    spec = AugmentationSpec(brightness=0.2, contrast=0.3, gamma=0.4)
    toned = changed(spec, ramp).ravel().astype(int)
    assert (np.diff(toned) >= 0).all()
    assert np.abs(toned - np.arange(256)).max() > 5


def test_noise_is_the_same_in_every_channel_and_about_zero():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = changed(AugmentationSpec(noise=20), grey).astype(int)
    assert np.ptp(noisy, axis=2).max() == 0
    assert noisy.mean() == pytest.approx(128, abs=0.5)
    assert noisy.std() > 1


def test_blur_smooths():
    assert changed(AugmentationSpec(blur=5)).std() < 0.5 * picture().std()


def test_cutout_fills_one_square_with_the_mean():
    pixels = picture(64, 64)
    cut = changed(AugmentationSpec(cutout=1, cutout_side=0.25), pixels)
    assert 200 < (cut != pixels).sum() <= 16 * 16
    assert np.unique(cut[cut != pixels]).tolist() == [round(pixels.mean())]


def test_a_spec_survives_its_data_and_is_frozen():
    assert AugmentationSpec.from_data(EVERYTHING.to_data()) == EVERYTHING
    with pytest.raises(dataclasses.FrozenInstanceError):
        EVERYTHING.zoom = 0


@pytest.mark.parametrize(
    ("data", "column"),
    [
        ({"zoom": 1.5}, "zoom"),
        ({"flip_left_right": -0.1}, "flip_left_right"),
        ({"noise": float("nan")}, "noise"),
        ({"border": "white"}, "border"),
        ({"rotate": 3}, "rotate"),
    ],
)
def test_values_out_of_range_and_unknown_keys_are_refused(data, column):
    with pytest.raises(DatasetError) as error:
        AugmentationSpec.from_data(data)
    assert error.value.column == column


COLOURFUL = AugmentationSpec(equalise=0.5, saturation=0.8, hue=30, median=5, dilation=3, erosion=5)


def test_colours_and_filters_keep_the_shape_and_the_seed_decides():
    for pixels in (picture(), picture(40, 50, 3)):
        before = pixels.copy()
        first = changed(COLOURFUL, pixels, 5)
        assert first.shape == pixels.shape
        assert np.array_equal(first, changed(COLOURFUL, pixels, 5))
        assert not np.array_equal(first, changed(COLOURFUL, pixels, 6))
        assert np.array_equal(pixels, before)


def test_a_change_that_is_left_out_does_not_move_the_others():
    """The pictures of a seed stay as they are when another change becomes known."""
    pixels = picture(40, 50, 3)
    digest = hashlib.sha256(changed(EVERYTHING, pixels, 7).tobytes()).hexdigest()
    assert digest[:16] == "5af725833b1a6076"


def test_saturation_and_hue_leave_grey_alone_and_keep_the_luminance_of_colour():
    spec = AugmentationSpec(saturation=0.5)
    assert np.array_equal(changed(spec), picture())
    muted = (100 + picture(40, 50, 3) // 8).astype(np.uint8)
    grey = [cv2.cvtColor(item, cv2.COLOR_RGB2GRAY) for item in (muted, changed(spec, muted))]
    assert np.abs(grey[0].astype(int) - grey[1]).max() <= 1
    assert not np.array_equal(muted, changed(spec, muted))


def test_a_drawn_hue_stays_within_its_range():
    red = np.full((4, 4, 3), (200, 40, 40), np.uint8)
    spec = AugmentationSpec(hue=20)
    hues = []
    for seed in range(40):
        rgb = changed(spec, red, seed)[0, 0] / 255
        hues.append((colorsys.rgb_to_hsv(*rgb)[0] * 360 + 180) % 360 - 180)
    assert -20.5 < min(hues) < -10
    assert 10 < max(hues) < 20.5


def test_windows_are_drawn_from_three_to_the_largest():
    pixels = picture()
    made = {changed(AugmentationSpec(median=7), pixels, seed).tobytes() for seed in range(20)}
    assert made == {
        ndimage.median_filter(pixels, size=size, mode="nearest").tobytes() for size in (3, 5, 7)
    }


def test_erosion_darkens_and_dilation_brightens():
    pixels = picture()
    assert (changed(AugmentationSpec(erosion=3), pixels) <= pixels).all()
    assert (changed(AugmentationSpec(dilation=3), pixels) >= pixels).all()


def test_a_change_happens_as_often_as_its_probability_says():
    spec = AugmentationSpec(median=3, probabilities={"median": 0.25})
    n = sum(not np.array_equal(changed(spec, seed=seed), picture()) for seed in range(400))
    assert 70 <= n <= 130  # binomial, 400 draws: mean 100, three deviations 26
    never = AugmentationSpec(blur=5, hue=90, probabilities={"blur": 0, "hue": 0})
    assert np.array_equal(changed(never, picture(8, 8, 3)), picture(8, 8, 3))


@pytest.mark.parametrize(
    ("data", "column", "allowed"),
    [
        ({"median": 4}, "median", "odd whole number from 3 to 15"),
        ({"hue": 200}, "hue", "from 0 to 180"),
        ({"saturation": "much"}, "saturation", "from 0 to 1"),
        ({"probabilities": {"blur": 1.5}}, "probabilities.blur", "from 0 to 1"),
        ({"probabilities": {"equalise": 0.5}}, "probabilities", "rotation_degrees"),
        ({"probabilities": 0.5}, "probabilities", "blur: 0.3"),
    ],
)
def test_wrong_colours_filters_and_probabilities_are_told_with_what_is_allowed(
    data, column, allowed
):
    with pytest.raises(DatasetError) as error:
        AugmentationSpec.from_data(data)
    assert error.value.column == column
    assert allowed in error.value.remedy


def test_a_spec_with_probabilities_survives_its_data():
    spec = AugmentationSpec(blur=1, probabilities={"blur": 0.5})
    assert AugmentationSpec.from_data(json.loads(json.dumps(spec.to_data()))) == spec


def test_noise_is_normal_of_the_drawn_width_and_another_every_time():
    spec, middle = AugmentationSpec(noise=20), np.full((224, 224), 128, np.uint8)
    widths, first = [], []
    for seed in range(200):
        difference = changed(spec, middle, seed).astype(float) - 128
        widths.append(difference.std())
        first.append(difference[0, 0] / max(difference.std(), 1e-9))
    assert max(widths) < 20.5
    assert abs(np.mean(widths) - 10) < 1.5  # uniform from 0 to 20
    assert abs(np.mean(first)) < 0.25
    assert 0.8 < np.std(first) < 1.2


def test_a_picture_larger_than_the_stored_draws_gets_noise_too():
    large = np.full((900, 900), 128, np.uint8)
    assert changed(AugmentationSpec(noise=20), large, 3).std() > 1
