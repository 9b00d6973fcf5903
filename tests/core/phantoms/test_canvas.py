"""The canvas paints in millimetres and averages sub-pixels."""

from __future__ import annotations

import numpy as np
import pytest

from core.phantoms.canvas import SIZE, Canvas, Placement
from core.phantoms.shapes import blob

SQUARE = np.array([(-7.0, -7.0), (7.0, -7.0), (7.0, 7.0), (-7.0, 7.0)])


def test_a_square_of_ten_pixels_is_ten_pixels_in_the_middle():
    canvas = Canvas(Placement(1.4))
    canvas.fill(SQUARE, 100.0)
    drawn = canvas.finish()
    assert (drawn[124:132, 124:132] == 100).all()
    assert (drawn == -1000).sum() == SIZE**2 - (drawn > -1000).sum()
    assert abs(float(((drawn + 1000) / 1100).sum()) - 100) < 8


def test_a_disc_smaller_than_a_pixel_shares_it_with_its_surroundings():
    canvas = Canvas(Placement(1.4))
    canvas.fill(SQUARE, -100.0)
    canvas.fill(blob((0.7, 0.7), (0.3, 0.3)), 1000.0)
    peak = float(canvas.finish().max())
    assert 200 < peak < 950


def test_a_shift_moves_to_the_right_and_down_and_a_roll_turns_clockwise():
    canvas = Canvas(Placement(1.0, (20.0, 10.0), np.pi / 2))
    canvas.fill(blob((30.0, 0.0), (4.0, 4.0)), 0.0)
    rows, columns = np.nonzero(canvas.finish() > -500)
    assert (round(columns.mean() - 127.5), round(rows.mean() - 127.5)) == (20, 40)


def test_a_ring_leaves_its_hole_alone():
    canvas = Canvas(Placement(1.4))
    canvas.ring(SQUARE * 3, SQUARE, value=50.0)
    drawn = canvas.finish()
    assert drawn[128, 128] == -1000
    assert drawn[128, 128 + 12] == 50


def test_the_outline_of_a_speck_is_one_pixel_and_of_nothing_none():
    canvas = Canvas(Placement(1.4))
    assert canvas.covered([blob((0.7, 0.7), (0.3, 0.3))]).sum() == 1
    assert canvas.covered([]).sum() == 0


@pytest.mark.parametrize("sigma", [5.0, 20.0])
def test_mottle_adds_its_grain_inside_only(sigma):
    canvas = Canvas(Placement(1.4))
    canvas.fill(SQUARE * 4, 0.0)
    grain = np.random.default_rng(1).normal(0, sigma, (8, 8)).astype(np.float32)
    canvas.mottle(SQUARE * 2, grain)
    drawn = canvas.finish()
    assert 0.3 * sigma < drawn[119:137, 119:137].std() < 1.6 * sigma
    assert drawn[128, 128 + 15] == 0
