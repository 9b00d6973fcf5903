"""Rank correlation and structural similarity of maps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity as published

from core.errors import ArgumentError
from core.saliency.faithfulness.ranks import (
    agreement,
    on_common_grid,
    rank_correlation,
    structural_similarity,
)

RNG = np.random.default_rng(6)
A, B = RNG.random((2, 40, 30)).astype(np.float32)


def test_rank_correlation_is_spearmans():
    tied = np.round(A, 1)
    assert rank_correlation(tied, B) == pytest.approx(spearmanr(tied.ravel(), B.ravel())[0])
    assert rank_correlation(A, A**3) == pytest.approx(1)
    assert rank_correlation(A, -A) == pytest.approx(-1)


def test_a_flat_map_has_no_rank_correlation():
    assert rank_correlation(A, np.zeros_like(A)) is None


def test_maps_of_two_shapes_are_refused():
    with pytest.raises(ArgumentError, match="cannot be compared"):
        rank_correlation(A, B[:5])
    with pytest.raises(ArgumentError, match="at least 11 x 11"):
        structural_similarity(A[:7, :7], B[:7, :7])


def test_structural_similarity_is_the_published_one():
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for a, b in ((A, B), (A, np.sqrt(A)), (A, np.zeros_like(A))):
        expected = published(a.astype(float), b.astype(float), data_range=1.0, **options)
        assert structural_similarity(a, b) == pytest.approx(expected, abs=1e-9)
    assert structural_similarity(A, A) == pytest.approx(1)


def test_agreement_is_the_mean_over_pairs_whatever_the_grids():
    rows, columns = np.mgrid[0:56, 0:56] / 56
    slope = (rows + 0.3 * columns).astype(np.float32)
    coarse = slope.reshape(7, 8, 7, 8).mean(axis=(1, 3))
    assert agreement([slope, coarse]) > 0.98
    assert agreement([slope, coarse, -slope]) == pytest.approx(-1 / 3, abs=0.02)


def test_one_map_or_flat_ones_neither_agree_nor_disagree():
    flat = np.zeros((7, 7), np.float32)
    assert agreement([A]) is None
    assert agreement([flat, flat]) is None
    assert agreement([A, B, flat]) == agreement([A, B])


def test_the_common_grid_takes_means_of_a_finer_one():
    fine = np.kron(np.eye(28, dtype=np.float32), np.array([[4.0, 0], [0, 0]], np.float32))
    np.testing.assert_allclose(on_common_grid(fine), np.eye(28))
