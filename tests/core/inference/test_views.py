"""Test-time views."""

import numpy as np
import pytest

from core.inference.views import VIEWS, apply_view, pool_views

BATCH = np.arange(2 * 20 * 20 * 3, dtype=np.float32).reshape(2, 20, 20, 3) / 10


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_keeps_shape_type_and_range(name):
    view = apply_view(BATCH, name)
    assert view.shape == BATCH.shape
    assert view.dtype == np.float32
    assert view.flags.c_contiguous
    assert view.min() >= BATCH.min()
    assert view.max() <= BATCH.max()


def test_identity_changes_nothing_and_flipping_twice_gives_it_back():
    assert np.array_equal(apply_view(BATCH, "identity"), BATCH)
    flipped = apply_view(BATCH, "flip_left_right")
    assert not np.array_equal(flipped, BATCH)
    assert np.array_equal(apply_view(flipped, "flip_left_right"), BATCH)


def test_pooling_is_the_mean_of_logits():
    assert pool_views([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])]).tolist() == [[2.0, 4.0]]
