from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.grouping import find_groups, group_names, near_duplicate_pairs, thumbnail
from core.errors import DatasetError


def noise(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 40, 40), dtype=np.uint8)


def test_a_thumbnail_is_grey_and_small_whatever_the_picture():
    colour = np.zeros((100, 300, 3), np.uint8)
    colour[..., 1] = 200
    assert thumbnail(colour).shape == (40, 40)
    assert np.ptp(thumbnail(colour)) == 0
    assert thumbnail(noise(1)[0]).dtype == np.uint8


def test_unlike_pictures_are_groups_of_one():
    assert list(find_groups(noise(5))) == [0, 1, 2, 3, 4]


def test_a_chain_of_neighbours_is_one_group_though_its_ends_differ():
    """cos of the angle between neighbours is 0.97, between the ends it is below 0.9."""
    first, second = (n.astype(float) - 128 for n in noise(2))
    chain = [np.cos(a) * first + np.sin(a) * second for a in np.arange(4) * 0.24]
    pictures = np.stack([(c / 2 + 128).clip(0, 255).astype(np.uint8) for c in chain])
    assert list(find_groups(pictures)) == [0, 0, 0, 0]
    assert list(find_groups(pictures[[0, 3]])) == [0, 1]


def test_brightness_and_contrast_do_not_matter():
    picture = noise(1)[0] // 2
    assert list(find_groups(np.stack([picture, picture // 2 + 60, 255 - picture]))) == [0, 0, 1]


def test_groups_found_in_blocks_are_those_found_at_once(monkeypatch):
    pictures = np.concatenate([noise(30), noise(30)[::-1], noise(5, seed=1)])
    at_once = find_groups(pictures)
    monkeypatch.setattr("core.datasets.grouping._BLOCK", 7)
    assert np.array_equal(find_groups(pictures), at_once)
    assert at_once.max() == 34
    assert np.array_equal(at_once[:30], at_once[30:60][::-1])


def test_blank_pictures_stay_alone():
    assert list(find_groups(np.zeros((3, 40, 40), np.uint8))) == [0, 1, 2]


def test_four_thousand_copies_need_little_memory():
    pictures = np.repeat(noise(1), 4000, axis=0)
    tracemalloc.start()
    groups = find_groups(pictures)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert groups.max() == 0
    assert peak < 200e6


@given(order=st.permutations(range(12)))
def test_the_order_of_the_pictures_does_not_change_who_is_together(order):
    pictures = np.concatenate([noise(4), noise(4), noise(4)])
    groups = find_groups(pictures[list(order)])
    together = {
        order[i] % 4: {order[j] % 4 for j in range(12) if groups[j] == groups[i]} for i in range(12)
    }
    assert together == {0: {0}, 1: {1}, 2: {2}, 3: {3}}
    assert groups[0] == 0


def test_pairs_across_sides_come_with_their_correlation():
    pictures = np.concatenate([noise(3), noise(3)])
    pairs, correlation = near_duplicate_pairs(pictures, sides=np.array([0, 0, 1, 1, 1, 1]))
    assert pairs.tolist() == [[0, 3], [1, 4]]
    assert correlation == pytest.approx([1, 1], abs=1e-5)
    assert correlation.max() <= 1


def test_no_pairs_is_an_empty_table():
    pairs, correlation = near_duplicate_pairs(noise(3), sides=np.array([0, 1, 1]))
    assert pairs.shape == (0, 2)
    assert correlation.shape == (0,)


def test_other_arrays_are_refused():
    with pytest.raises(DatasetError, match="float64"):
        find_groups(np.zeros((3, 40, 40)))


def test_groups_get_names():
    assert list(group_names(np.array([0, 12]))) == ["found_0000", "found_0012"]
