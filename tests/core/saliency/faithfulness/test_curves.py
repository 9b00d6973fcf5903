"""Deletion and insertion on a score whose evidence is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from core.saliency.faithfulness.curves import (
    Curve,
    Draws,
    against_random,
    curves,
    order_of_pixels,
    random_places,
)
from core.saliency.grad_cam import upsample
from tests.core.saliency.known_score import (
    SIZE,
    counted,
    picture,
    probabilities,
    right_map,
)


def test_the_right_map_beats_random_maps_both_ways():
    _, deletion, insertion = against_random(probabilities, picture(), right_map(), 1)
    assert deletion.area < deletion.low < deletion.random_area
    assert insertion.area > insertion.high > insertion.random_area
    assert deletion.is_below_chance and insertion.is_above_chance


def test_the_map_of_everything_else_is_worse_than_chance():
    wrong = 1 - right_map()
    _, deletion, insertion = against_random(probabilities, picture(), wrong, 1)
    assert deletion.area > deletion.random_area
    assert insertion.area < insertion.random_area


def test_the_right_map_of_a_class_that_speaks_of_absence_is_no_map_of_it():
    _, deletion, insertion = against_random(probabilities, picture(), right_map(), 2)
    assert not deletion.is_below_chance and not insertion.is_above_chance


def test_curves_start_and_end_at_the_whole_and_the_blurred_picture():
    heatmap = upsample(right_map(), *SIZE)
    made = curves(probabilities, picture(), heatmap, 1, n_steps=8)
    whole = probabilities(picture()[None])[0, 1]
    assert made.deletion.scores[0] == pytest.approx(whole)
    assert made.insertion.scores[-1] == pytest.approx(whole)
    assert made.deletion.scores[-1] == made.insertion.scores[0] < whole
    assert made.deletion.shares.tolist() == np.linspace(0, 1, 9, dtype=np.float32).tolist()
    # A quarter of the pixels holds PLACE (8 %): what is left of the way, nothing changes.
    assert np.ptp(made.deletion.scores[2:]) < 0.1 * whole


def test_an_area_is_the_mean_height_of_the_curve():
    shares = np.array([0, 0.5, 1], np.float32)
    assert Curve(shares, np.array([1, 0, 0], np.float32)).area == 0.25


def test_a_map_that_marks_nothing_has_no_curves():
    flat = np.zeros((7, 7), np.float32)
    assert against_random(probabilities, picture(), flat, 1) is None
    assert curves(probabilities, picture(), np.zeros(SIZE, np.float32), 1) is None


def test_the_number_of_passes_is_what_the_draws_say():
    ask, calls = counted(probabilities)
    draws = Draws(n_random=3, n_steps=10)
    against_random(ask, picture(), right_map(), 1, draws=draws)
    assert sum(calls) == 2 + 2 * 9 * (1 + 3)


def test_where_a_map_is_zero_the_pixels_nearest_to_the_evidence_come_first():
    heatmap = np.zeros((9, 9), np.float32)
    heatmap[4, 4] = 1
    order = order_of_pixels(heatmap)
    rows, columns = np.divmod(order, 9)
    away = np.hypot(rows - 4, columns - 4)
    assert order[0] == 4 * 9 + 4
    assert away[:9].max() < 2 and away[-4:].min() > 5


def test_random_places_hold_the_same_values_elsewhere():
    grid = np.arange(49, dtype=np.float32).reshape(7, 7)
    laid = random_places(grid, 20)
    assert laid.shape == (20, 7, 7)
    assert all(sorted(item.ravel()) == sorted(grid.ravel()) for item in laid)
    assert not any(np.array_equal(item, grid) for item in laid)
    assert len({item.tobytes() for item in laid}) > 15
    np.testing.assert_array_equal(laid, random_places(grid, 20))


def test_random_places_are_as_smooth_as_the_map():
    rows, columns = np.mgrid[0:14, 0:14]
    grid = np.exp(-((rows - 4) ** 2 + (columns - 9) ** 2) / 8).astype(np.float32)

    def roughness(item):
        return np.abs(np.diff(item, axis=0)).sum() + np.abs(np.diff(item, axis=1)).sum()

    made = np.array([roughness(item) for item in random_places(grid, 20)])
    assert made.max() < 1.2 * roughness(grid)
    shuffled = np.random.default_rng(0).permutation(grid.ravel()).reshape(grid.shape)
    assert roughness(shuffled) > 2 * roughness(grid)


def test_random_places_of_an_oblong_grid_keep_its_shape():
    assert random_places(np.eye(4, 6, dtype=np.float32), 5).shape == (5, 4, 6)


def test_one_random_map_gives_no_interval():
    _, deletion, _ = against_random(
        probabilities, picture(), right_map(), 1, draws=Draws(n_random=1)
    )
    assert (deletion.low, deletion.high) == (None, None)
    assert not deletion.is_below_chance
