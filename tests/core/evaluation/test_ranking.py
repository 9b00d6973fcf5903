"""AUC and average precision against scikit-learn, ties and weights included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from core.evaluation.ranking import areas, auc, average_precision, coarser, rank, score_bins

# Few distinct scores, so that ties within and across classes are common.
TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).map(
    lambda rows: (np.array([s / 5 for s, _ in rows]), np.array([p for _, p in rows]))
)


@given(TIED)
def test_both_equal_scikit_learn_with_ties(table):
    scores, is_positive = table
    if is_positive.all() or not is_positive.any():
        return
    assert auc(scores, is_positive) == pytest.approx(metrics.roc_auc_score(is_positive, scores))
    expected = metrics.average_precision_score(is_positive, scores)
    assert average_precision(scores, is_positive) == pytest.approx(expected)


@given(TIED, st.integers(0, 2**32 - 1))
def test_weighted_figures_equal_scikit_learn(table, seed):
    scores, is_positive = table
    weights = np.random.default_rng(seed).integers(0, 4, (len(scores), 3)).astype(np.float32)
    areas, precisions = rank(
        score_bins(scores, is_positive), is_positive, np.arange(len(scores))
    ).scores(weights)
    for column, (area, precision) in enumerate(zip(areas, precisions, strict=True)):
        weight = weights[:, column]
        n_positive, n_negative = weight[is_positive].sum(), weight[~is_positive].sum()
        assert np.isnan(precision) == (n_positive == 0)
        assert np.isnan(area) == (n_positive == 0 or n_negative == 0)
        if n_positive and n_negative:
            expected = metrics.roc_auc_score(is_positive, scores, sample_weight=weight)
            assert area == pytest.approx(expected, abs=1e-6)
            expected = metrics.average_precision_score(is_positive, scores, sample_weight=weight)
            assert precision == pytest.approx(expected, abs=1e-6)


def test_weights_of_groups_equal_repeated_cases():
    rng = np.random.default_rng(3)
    scores, is_positive = rng.random(60).round(1), rng.random(60) < 0.4
    group = rng.integers(0, 5, 60)
    times = np.array([2, 0, 1, 3, 1], dtype=np.float32)
    area, precision = rank(score_bins(scores, is_positive), is_positive, group).scores(
        times[:, None]
    )
    again = np.repeat(np.arange(60), times[group].astype(int))
    assert area[0] == pytest.approx(auc(scores[again], is_positive[again]), abs=1e-6)
    expected = average_precision(scores[again], is_positive[again])
    assert precision[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("all_are", "expected"), [(True, 1.0), (False, np.nan)])
def test_one_class_alone_has_no_area(all_are, expected):
    scores, is_positive = np.array([0.1, 0.9]), np.full(2, all_are)
    assert np.isnan(auc(scores, is_positive))
    assert average_precision(scores, is_positive) == pytest.approx(expected, nan_ok=True)


def test_equal_scores_are_a_coin_toss():
    is_positive = np.array([True, False, True, False])
    assert auc(np.full(4, 0.3), is_positive) == 0.5
    assert average_precision(np.full(4, 0.3), is_positive) == 0.5


def test_a_perfect_ranking_needs_hardly_more_bins_than_positives():
    scores = np.linspace(1, 0, 1000)
    assert score_bins(scores, np.arange(1000) < 10).max() == 10


def test_merged_bins_change_resamples_by_the_same_hair_as_the_figure_itself():
    rng = np.random.default_rng(0)
    is_positive = rng.random(40_000) < 0.3
    scores = rng.normal(size=40_000) + is_positive
    bins, unit = score_bins(scores, is_positive), rng.integers(0, 400, 40_000)
    merged = coarser(bins, most=2_000)
    assert merged.max() == 1_999
    weights = rng.integers(0, 3, (400, 5)).astype(np.float32)
    exact, rough = (np.array(rank(item, is_positive, unit).scores(weights)) for item in
                    (bins, merged))  # fmt: skip
    taken_off = np.array(areas(bins, is_positive)) - np.array(areas(merged, is_positive))
    assert np.abs(rough - exact).max() < 1e-3
    assert rough + taken_off[:, None] == pytest.approx(exact, abs=1e-4)
