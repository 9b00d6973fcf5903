"""Training pictures as one value."""

import dataclasses

import numpy as np
import pytest

from core.errors import TrainingError
from tests.core.training.toys import toy_set


def test_a_grey_picture_becomes_three_equal_channels_of_0_to_255():
    data = toy_set()
    batch = data.batch(np.array([3, 5]))
    assert batch.shape == (2, 32, 32, 3)
    assert batch.dtype == np.float32
    assert np.array_equal(batch[0, :, :, 0], data.pixels[3])
    assert np.array_equal(batch[..., 0], batch[..., 2])


def test_the_fingerprint_changes_with_one_pixel_one_label_or_one_group():
    data = toy_set()
    pixels, y_true, group = data.pixels.copy(), data.y_true.copy(), data.group.copy()
    pixels[0, 0, 0] ^= 1
    y_true[0] = 2
    group[0] = "another"
    changed = [
        dataclasses.replace(data, **change)
        for change in ({"pixels": pixels}, {"y_true": y_true}, {"group": group})
    ]
    assert len({data.fingerprint, *(item.fingerprint for item in changed)}) == 4
    assert toy_set().fingerprint == data.fingerprint


def test_parts_of_different_length_are_refused():
    data = toy_set()
    with pytest.raises(TrainingError, match="lengths"):
        dataclasses.replace(data, y_true=data.y_true[1:])
