"""Contours, differences and the layer that a screen and a file share."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.errors import ArgumentError
from core.saliency.contours import contour_lines, draw_lines, levels_above
from core.saliency.difference import difference, paint_signed, signed_colours
from core.saliency.drawing import Look, draw_difference, draw_map
from core.saliency.grad_cam import upsample
from core.saliency.overlay import COLOUR_MAPS, colour_table, overlay
from core.saliency.stretch import stretch

ROW, COLUMN = np.mgrid[0:64, 0:96].astype(np.float32)
HILL = np.exp(-((COLUMN - 40) ** 2 + (ROW - 30) ** 2) / 200).astype(np.float32)
GREY = np.random.default_rng(2).integers(0, 256, (64, 96), np.uint8)
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def test_a_contour_lies_where_the_map_has_its_level():
    [line] = contour_lines(HILL, 0.5)
    distance = np.hypot(line[:, 0] - 40.5, line[:, 1] - 30.5)
    assert distance == pytest.approx(np.full(len(line), np.sqrt(200 * np.log(2))), abs=0.15)


def test_a_place_at_the_border_is_closed_outside_and_a_hole_has_its_own_line():
    ring = ((np.hypot(COLUMN - 40, ROW - 30) - 15) ** 2 < 16).astype(np.float32)
    assert len(contour_lines(ring, 0.5)) == 2
    whole_map = np.ones((8, 8), np.float32)
    [whole] = contour_lines(whole_map, 0.5)
    assert not draw_lines(np.zeros((8, 8, 3), np.uint8), [whole]).any()
    assert (whole.min(), whole.max()) == (pytest.approx(-2, abs=0.1), pytest.approx(10, abs=0.1))


def test_the_levels_are_those_above_the_threshold_and_the_threshold_itself():
    assert levels_above(0.6) == (0.6, 0.75)
    look = Look(threshold=0.6, has_contours=True)
    assert len(draw_map(HILL, look).lines) == 2


def test_lines_touch_only_the_pixels_that_they_cross():
    pixels = np.zeros((20, 20, 3), np.uint8)
    square = np.array([[5, 5], [15, 5], [15, 15], [5, 15]], np.float32)
    drawn = draw_lines(pixels, [square])
    assert drawn[5, 10].min() > 100 and drawn[10, 5].min() > 100
    assert not drawn[10, 10].any() and not drawn[2, 2].any() and not pixels.any()


def test_below_the_threshold_nothing_is_painted():
    layer = draw_map(HILL, Look(opacity=1.0, threshold=0.5))
    assert not layer.alpha[HILL < 0.5].any() and layer.alpha[HILL >= 0.5].min() > 0.9


def test_the_layer_of_a_screen_gives_what_a_file_holds():
    layer = draw_map(HILL, Look(opacity=0.6))
    assert np.array_equal(layer.over(GREY), overlay(GREY, HILL, opacity=0.6))
    share = layer.rgba[..., 3:] / 255.0
    laid = GREY[..., None] * (1 - share) + layer.rgba[..., :3] * share
    assert np.abs(laid - layer.over(GREY)).max() < 1.5


def test_a_difference_keeps_its_sign_and_the_unit_of_its_grids():
    first, second = np.array([[4.0, 0.0, 1.0]]), np.array([[0.0, 2.0, 1.0]])
    signed, peak = difference(first.astype(np.float32), second.astype(np.float32))
    assert (signed.tolist(), peak) == ([[1.0, -0.5, 0.0]], 4.0)
    layer = draw_difference(np.tile(signed, (3, 1)), Look(opacity=1.0))
    assert layer.alpha[0].tolist() == [1.0, 1.0, 0.0]
    assert layer.colours[0, 0, 0] > layer.colours[0, 0, 2]  # orange for the first
    assert layer.colours[0, 1, 2] > layer.colours[0, 1, 0]  # blue for the second


def test_two_empty_maps_differ_in_nothing():
    signed, peak = difference(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32))
    colours, alpha = paint_signed(signed, opacity=1.0)
    assert (signed.any(), peak, alpha.any()) == (False, 0.0, False)
    assert np.array_equal(colours[0, 0], signed_colours()[128])


def lightness(table: np.ndarray) -> np.ndarray:
    return cv2.cvtColor((table / 255).astype(np.float32)[:, None], cv2.COLOR_RGB2LAB)[:, 0]


def as_seen(table: np.ndarray, kind: str) -> np.ndarray:
    """Return CIE L*a*b* of colours as a colour-blind eye has them."""
    linear = np.where(table <= 10.3, table / 255 / 12.92, ((table / 255 + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(BLINDNESS[kind]).T, 0, 1)
    back = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return lightness(back * 255)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_both_signs_are_told_apart_with_every_colour_blindness(kind: str):
    table = as_seen(signed_colours().astype(float), kind)
    for place in (0, 32, 64):
        assert np.linalg.norm(table[place] - table[255 - place]) > 20 * (1 - place / 128)
    assert (np.diff(table[:128:8, 0]) < 0).all() and (np.diff(table[128::8, 0]) > 0).all()


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_the_maps_rise_in_lightness_with_every_colour_blindness(name: str, kind: str):
    assert (np.diff(as_seen(colour_table(name).astype(float), kind)[::8, 0]) > 0).all()


def test_the_raw_grid_is_shown_as_blocks_over_the_same_places_as_the_smooth_map():
    grid = np.random.default_rng(0).random((7, 7)).astype(np.float32)
    blocks = stretch(grid, 70, 140, padded_to_square=True, is_smooth=False)
    smooth = stretch(grid, 70, 140, padded_to_square=True)
    assert set(np.unique(blocks)) <= set(np.unique(grid))
    assert np.abs(blocks[15::20, 10::20] - smooth[15::20, 10::20]).max() < 0.1
    whole = stretch(grid, 70, 70)
    assert np.array_equal(upsample(grid, 70, 70), whole / whole.max())


@pytest.mark.parametrize("wrong", [{"opacity": 1.2}, {"threshold": 1.0}, {"colour_map": "jet"}])
def test_a_look_that_cannot_be_is_refused(wrong: dict[str, object]):
    with pytest.raises(ArgumentError):
        Look(**wrong)
