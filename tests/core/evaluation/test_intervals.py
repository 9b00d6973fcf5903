"""Intervals against statsmodels, scipy and what must hold for every table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from core.evaluation.intervals import (
    NO_INTERVAL,
    bias_corrected,
    clopper_pearson,
    design_effect,
    grouped_wilson,
    wilson,
)

COUNTS = [(0, 1), (1, 1), (0, 59), (59, 59), (7, 20), (48, 50), (500, 11_000)]
TABLES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=30).map(
    lambda rows: (np.array([a for a, _ in rows]), np.array([a + b for a, b in rows]))
)


@pytest.mark.parametrize(("successes", "n"), COUNTS)
def test_wilson_equals_statsmodels(successes, n):
    expected = proportion_confint(successes, n, method="wilson")
    assert wilson(successes, n) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), COUNTS)
def test_clopper_pearson_equals_statsmodels_and_scipy(successes, n):
    ours = clopper_pearson(successes, n)
    assert ours == pytest.approx(proportion_confint(successes, n, method="beta"), abs=1e-9)
    exact = stats.binomtest(successes, n).proportion_ci(method="exact")
    assert ours == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_no_case_has_no_interval(interval):
    assert interval(0, 0) == NO_INTERVAL


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_value_and_stays_within_0_and_1(table):
    successes, n = table
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1


def test_groups_of_one_case_have_no_design_effect():
    successes = np.array([1, 0, 1, 1, 0])
    assert design_effect(successes, np.ones(5, dtype=int)) == 1


def test_groups_that_are_all_or_nothing_count_about_as_single_cases():
    totals = np.full(40, 10)
    successes = np.where(np.arange(40) % 2, 10, 0)
    assert design_effect(successes, totals) == pytest.approx(10, rel=0.05)


def test_without_a_miss_a_group_counts_as_one_case():
    totals = np.array([10, 30])
    assert design_effect(totals, totals) == pytest.approx((100 + 900) / 40)


def test_one_miss_does_not_pass_for_proof_of_independence():
    totals = np.full(8, 20)
    successes = totals.copy()
    successes[0] -= 1
    low, _ = grouped_wilson(successes, totals)
    assert low < wilson(159, 160)[0] - 0.05


def test_even_groups_hardly_widen_the_interval():
    rng = np.random.default_rng(1)
    totals = np.full(200, 5)
    successes = rng.binomial(totals, 0.7)
    plain = wilson(int(successes.sum()), 1000)
    low, high = grouped_wilson(successes, totals)
    assert high - low == pytest.approx(plain.high - plain.low, rel=0.1)


def test_one_group_says_nothing_about_others():
    assert grouped_wilson(np.array([3, 0]), np.array([9, 0])) == NO_INTERVAL


def test_groups_without_a_case_of_the_class_do_not_count():
    successes, totals = np.array([3, 4, 6]), np.array([9, 7, 8])
    padded = grouped_wilson(np.r_[successes, 0, 0], np.r_[totals, 0, 0])
    assert padded == grouped_wilson(successes, totals)


@given(TABLES)
def test_the_grouped_interval_is_never_inside_the_plain_one(table):
    successes, totals = table
    if (totals > 0).sum() < 2:
        return
    plain = wilson(int(successes.sum()), int(totals.sum()))
    low, high = grouped_wilson(successes, totals)
    assert 0 <= low <= plain.low + 1e-12
    assert plain.high - 1e-12 <= high <= 1


def test_the_bootstrap_of_a_mean_equals_the_textbook_interval():
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=400)
    replicates = drawn[rng.integers(0, 400, (20_000, 400))].mean(axis=1)
    low, high = bias_corrected(drawn.mean(), replicates, n_units=400)
    expected = stats.t.interval(0.95, 399, drawn.mean(), drawn.std(ddof=1) / 20)
    assert (low, high) == pytest.approx(expected, abs=0.006)


def test_few_units_widen_the_bootstrap_interval():
    replicates = np.random.default_rng(0).normal(size=5000)
    few, many = (bias_corrected(0.0, replicates, n_units=n) for n in (6, 600))
    assert few.high - few.low > 1.3 * (many.high - many.low)


def test_bias_correction_moves_the_interval_to_the_other_side():
    replicates = np.random.default_rng(0).normal(loc=1.0, size=5000)
    low, high = bias_corrected(0.0, replicates, n_units=500)
    assert (low + high) / 2 < -0.3


def test_a_bootstrap_interval_always_reaches_to_its_value():
    assert bias_corrected(0.1, np.full(100, 0.2), n_units=50).low == 0.1


@pytest.mark.parametrize(
    ("value", "n_units", "share_undefined"), [(np.nan, 50, 0.0), (0.5, 1, 0.0), (0.5, 50, 0.6)]
)
def test_there_is_no_bootstrap_interval_without_a_value_units_or_resamples(
    value, n_units, share_undefined
):
    replicates = np.linspace(0.4, 0.6, 100)
    replicates[: int(100 * share_undefined)] = np.nan
    assert bias_corrected(value, replicates, n_units=n_units) == NO_INTERVAL
