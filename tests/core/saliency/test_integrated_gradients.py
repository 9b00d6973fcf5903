"""Integrated gradients: what the pixels contribute sums to the difference of the scores."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import CancelledError
from core.inference.probe import open_probe
from core.saliency.integrated_gradients import contributions, explain
from core.saliency.raw_maps import Watch
from tests.small_version import slices, write_small_version


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    return open_probe(write_small_version(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def batch():
    return slices(1, (224, 224)).astype(np.float32)


def test_contributions_sum_to_the_difference_from_a_black_picture(probe, batch):
    difference = (probe.logits(batch) - probe.logits(np.zeros_like(batch)))[0]
    summed = contributions(probe, batch, [0, 1, 2, 3]).sum(axis=(1, 2))
    assert np.abs(difference).max() > 0.5
    assert summed == pytest.approx(difference, abs=0.02 * float(np.abs(difference).max()))


def test_the_map_holds_what_speaks_for_the_class_and_a_black_pixel_contributes_nothing(
    probe, batch
):
    batch = batch.copy()
    batch[:, :20] = 0
    maps = explain(probe, batch, [2, 0])
    assert (maps.grids.shape, maps.layer) == ((2, 224, 224), "pixels")
    assert maps.grids.min() == 0
    assert not maps.grids[:, :20].any()
    assert (maps.grids[0] != maps.grids[1]).any()


def test_it_stops_when_asked(probe, batch):
    watch = Watch(lambda done, total: watch.stop())
    with pytest.raises(CancelledError):
        explain(probe, batch, [0], watch=watch)
