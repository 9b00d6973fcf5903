"""McNemar's exact test: published tables, statsmodels, scipy, and nothing to test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar

from core.evaluation.mcnemar import Misses, misses


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (1, 7, 0.0703125),  # Fagerland, Lydersen & Laake (2013), airway hyper-responsiveness
        (0, 5, 0.0625),  # 2 / 2^5, by hand
        (3, 3, 1.0),
        (0, 0, 1.0),
        (150, 86, 3.716e-05),  # Agresti, approval of the prime minister
    ],
)
def test_published_and_hand_made_tables(b, c, p):
    assert Misses(10, b, c, 4).p == pytest.approx(p, rel=1e-3)
    assert Misses(10, c, b, 4).p == pytest.approx(p, rel=1e-3)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_any_table_equals_statsmodels_and_scipy(both, b, c, neither):
    ours = Misses(both, b, c, neither).p
    if both + b + c + neither == 0:
        assert ours is None
        return
    assert ours == pytest.approx(mcnemar([[both, c], [b, neither]], exact=True).pvalue)
    if b + c:
        assert ours == pytest.approx(binomtest(b, b + c, 0.5).pvalue)


def test_only_positives_are_counted():
    positive = np.array([1, 1, 1, 1, 1, 0, 0], dtype=bool)
    a = np.array([1, 1, 0, 1, 0, 1, 0], dtype=bool)
    b = np.array([1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert misses(a, b, positive) == Misses(1, 1, 2, 1)


def test_without_a_positive_there_is_no_p_and_no_bound():
    none = misses(*(np.zeros(3, dtype=bool) for _ in range(3)))
    assert (none.n, none.p, none.newly_missed.high) == (0, None, None)


def test_the_exact_bound_of_new_misses_is_the_rule_of_three():
    assert Misses(60, 0, 0, 0).newly_missed.high == pytest.approx(1 - 0.025 ** (1 / 60))
