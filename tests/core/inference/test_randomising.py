"""Weights thrown away in the engine graph, from the logits down."""

from __future__ import annotations

import numpy as np
import pytest

from core.inference.graph import read_graph
from core.inference.probe import open_probe
from core.inference.randomising import randomised, randomised_probe, weights_of
from tests.small_version import slices, write_small_version


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    return write_small_version(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def batch(version):
    return slices(2, version.card.input_size, seed=21).astype(np.float32)


def values(graph):
    return [np.array(item.data).ravel() for found in weights_of(graph) for item in found]


def test_the_weights_are_the_two_kernels_and_the_head_not_the_scaling_of_pixels(version):
    assert [item.size for item in values(read_graph(version))] == [6 * 3 * 16 * 16, 8 * 6 * 4, 32]


@pytest.mark.parametrize(("share", "changed"), [(0.01, 1), (0.67, 2), (1.0, 3)])
def test_a_cascade_starts_at_the_logits(version, share, changed):
    before = values(read_graph(version))
    after = values(randomised(read_graph(version), share=share))
    kept = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert kept == [True] * (3 - changed) + [False] * changed
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(np.sort(a), np.sort(b))


def test_a_larger_share_keeps_what_a_smaller_one_shuffled(version):
    some = values(randomised(read_graph(version), share=0.67))
    every = values(randomised(read_graph(version), share=1.0))
    np.testing.assert_array_equal(some[1], every[1])
    np.testing.assert_array_equal(some[2], every[2])


def test_the_head_that_goes_with_the_graph_gives_its_logits(version, batch):
    for share in (0.01, 1.0):
        probe = randomised_probe(version, share=share)
        out = probe.passes(batch)
        again = out.feature_map.mean(axis=(1, 2)) @ probe.head_weights + probe.head_bias
        np.testing.assert_allclose(again, out.logits, atol=1e-4)


def test_the_same_seed_gives_the_same_network_and_the_version_stays_as_it_is(version, batch):
    trained = open_probe(version).logits(batch)
    first, again, other = (randomised_probe(version, seed=seed).logits(batch) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    assert np.abs(first - trained).max() > 1e-3
    np.testing.assert_array_equal(open_probe(version).logits(batch), trained)
