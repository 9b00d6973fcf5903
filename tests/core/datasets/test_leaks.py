"""Nearly equal pictures on different sides: every pair counted, the closest named."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.leaks import pairs_across, random_sides, straddling


def noise(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 40, 40), dtype=np.uint8)


def named(pictures):
    return [picture.tobytes().hex()[:64] for picture in pictures]


def test_a_copy_on_the_other_side_is_a_pair_at_no_distance_with_the_training_side_first():
    pictures = np.concatenate([noise(3), noise(1)])
    found = pairs_across(pictures, named(pictures), np.array([3, 0, 0, 0]))
    assert found.n == 1
    assert [(pair.first, pair.second, pair.distance) for pair in found.worst] == [(3, 0, 0.0)]
    assert found.has_twin.tolist() == [True, False, False, True]


def test_a_copy_on_the_same_side_is_none():
    pictures = np.concatenate([noise(1), noise(1)])
    found = pairs_across(pictures, named(pictures), np.array([1, 1]))
    assert (found.n, found.worst, found.has_twin.any()) == (0, (), False)


def test_the_distance_is_one_less_the_correlation_as_numpy_has_it():
    first = noise(1)[0].astype(float)
    pictures = np.stack([first, first * 0.9 + noise(1, seed=1)[0] * 0.1]).astype(np.uint8)
    expected = 1 - np.corrcoef(pictures[0].ravel(), pictures[1].ravel())[0, 1]
    found = pairs_across(pictures, named(pictures), np.array([0, 1]))
    assert found.worst[0].distance == pytest.approx(expected, abs=1e-6)
    assert 0 < expected < 0.06


def test_pictures_of_one_single_grey_are_twins_only_of_the_very_same_grey():
    pictures = np.full((5, 40, 40), 9, np.uint8)
    pictures[4] = 200
    found = pairs_across(pictures, named(pictures), np.array([0, 0, 1, 2, 1]))
    assert found.n == 5  # 2 x 1 + 2 x 1 + 1 x 1 of the four alike
    assert all(pair.distance == 0 for pair in found.worst)
    assert found.has_twin.tolist() == [True, True, True, True, False]


def test_a_picture_that_cannot_be_read_resembles_nothing():
    found = pairs_across(np.zeros((2, 40, 40), np.uint8), ["", ""], np.array([0, 1]))
    assert found.n == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=30))
def test_pairs_are_those_that_are_found_one_by_one(rows):
    kinds, sides = (np.array(column) for column in zip(*rows, strict=True))
    pictures = noise(3)
    pictures = np.concatenate([pictures, np.full((1, 40, 40), 50, np.uint8)])[kinds]
    found = pairs_across(pictures, named(pictures), sides, keep=3)
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(len(rows)), 2)
        if kinds[a] == kinds[b] and sides[a] != sides[b]
    ]
    assert found.n == len(pairs)
    assert set(np.flatnonzero(found.has_twin)) == {row for pair in pairs for row in pair}
    assert len(found.worst) == min(3, len(pairs))


def test_three_thousand_copies_need_little_memory():
    pictures = np.repeat(noise(1), 3000, axis=0)
    tracemalloc.start()
    found = pairs_across(pictures, ["a"] * 3000, np.arange(3000) % 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.n == 1500**2
    assert len(found.worst) == 10
    assert peak < 200e6


def test_a_split_by_lot_holds_out_a_fifth_and_is_the_same_for_the_same_seed():
    held = random_sides(1000, seed=0)
    assert held.sum() == 200
    assert (held == random_sides(1000, seed=0)).all()
    assert (held != random_sides(1000, seed=1)).any()
    assert random_sides(2, seed=0).sum() == 1
    assert random_sides(1, seed=0).sum() == 0


def test_straddling_groups_come_the_largest_first():
    groups = ["b", "b", "a", "a", "a", "c", "c"]
    assert straddling(groups, np.array([0, 1, 0, 1, 1, 2, 2])) == ["a", "b"]
