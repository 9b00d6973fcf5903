"""The pointing game, on boxes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ArgumentError
from core.saliency.faithfulness.pointing import (
    brightest_peak,
    centre_peak,
    chance_of,
    inside,
    pointing,
    pointing_hit,
)

STONE = np.array([[0.4, 0.2, 0.5, 0.3]])
SIZE = (140, 280)


def at(row, column):
    heatmap = np.zeros(SIZE, np.float32)
    heatmap[row, column] = 1
    return heatmap


@pytest.mark.parametrize(
    ("row", "column", "hits"),
    [
        (63, 70, True),
        (46, 70, True),  # a fourteenth of the height is 10 rows: 56 - 10 = 46
        (45, 70, False),
        (79, 70, True),
        (80, 70, False),
        (63, 36, True),  # a fourteenth of the width is 20 columns: 56 - 20 = 36
        (63, 35, False),
        (63, 103, True),
        (63, 104, False),
    ],
)
def test_a_box_is_grown_by_a_fourteenth_of_the_picture_on_every_side(row, column, hits):
    assert pointing_hit((row, column), STONE, SIZE) is hits


def test_any_of_several_boxes_counts():
    two = np.vstack([STONE, [[0.8, 0.8, 0.9, 0.9]]])
    assert pointing_hit((120, 240), two, SIZE)
    assert not pointing_hit((100, 140), two, SIZE)


def test_a_map_without_evidence_is_a_miss():
    assert not pointing_hit(None, STONE, SIZE)
    maps = [at(63, 70), np.zeros(SIZE, np.float32), None, at(5, 5)]
    assert pointing(maps, [STONE] * 4).tolist() == [True, False, False, False]


def test_the_peak_of_a_plateau_is_its_centre():
    heatmap = np.zeros(SIZE, np.float32)
    heatmap[60:66, 60:80] = 1
    assert pointing([heatmap], [STONE]).all()


def test_as_many_maps_as_pictures():
    with pytest.raises(ArgumentError, match="1 maps for the boxes of 2"):
        pointing([at(0, 0)], [STONE, STONE])


def test_chance_is_the_share_of_the_picture_inside_grown_boxes():
    assert chance_of(STONE, SIZE) == pytest.approx((0.1 + 1 / 7) ** 2, abs=0.003)
    twice = np.vstack([STONE, STONE])
    assert chance_of(twice, SIZE) == chance_of(STONE, SIZE)
    edge = np.array([[0.0, 0.0, 0.1, 0.1]])
    assert chance_of(edge, SIZE) == pytest.approx((0.1 + 1 / 14) ** 2, abs=0.003)


def test_inside_counts_pixels_by_their_centre():
    assert inside(np.array([[0.0, 0.0, 0.5, 0.25]]), (4, 4)).tolist() == [
        [True, False, False, False],
        [True, False, False, False],
        [False] * 4,
        [False] * 4,
    ]


def test_the_brightest_spot_is_one_of_some_size_not_a_single_hot_pixel():
    picture = np.zeros((60, 60), np.uint8)
    picture[10, 10] = 255
    picture[35:45, 35:45] = 120
    row, column = brightest_peak(picture)
    assert abs(row - 39.5) <= 1 and abs(column - 39.5) <= 1
    assert brightest_peak(np.repeat(picture[:, :, None], 3, axis=2)) == (row, column)


def test_the_centre_of_a_picture():
    assert centre_peak((141, 281)) == (70, 140)
