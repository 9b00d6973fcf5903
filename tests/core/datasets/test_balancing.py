"""Passes over pictures: each as often as any other, classes trimmed and filled."""

import numpy as np
import pytest

from core.datasets.balancing import Passes
from core.errors import DatasetError

Y_TRUE = np.repeat([0, 1, 2], [40, 10, 3])


def test_a_plain_pass_shows_every_picture_once_in_a_new_order():
    passes = Passes(Y_TRUE, seed=1)
    first, second = passes.take(0, 53), passes.take(53, 53)
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(53))
    assert first.tolist() != second.tolist()


def test_a_pass_goes_on_where_the_epoch_before_ended():
    passes = Passes(Y_TRUE, seed=1)
    pieces = [passes.take(start, 20) for start in range(0, 120, 20)]
    assert np.array_equal(np.concatenate(pieces), passes.take(0, 120))
    assert np.unique(np.concatenate(pieces), return_counts=True)[1].max() <= 3


def test_large_classes_are_trimmed_and_small_ones_filled():
    passes = Passes(Y_TRUE, seed=1, minimum=8, maximum=20)
    drawn = passes.take(0, len(passes))
    assert np.bincount(Y_TRUE[drawn]).tolist() == [20, 10, 8]
    counts = np.bincount(drawn, minlength=53)
    assert set(counts[:50]) <= {0, 1}
    assert sorted(counts[50:]) == [2, 3, 3]


def test_what_is_trimmed_is_drawn_anew_in_every_pass():
    passes = Passes(Y_TRUE, seed=1, maximum=20)
    kept = [set(passes.take(number * len(passes), len(passes)).tolist()) for number in range(2)]
    assert kept[0] != kept[1]


def test_nothing_to_draw_from_is_refused():
    with pytest.raises(DatasetError, match="no picture"):
        Passes(np.zeros(0, np.int64), seed=0)
