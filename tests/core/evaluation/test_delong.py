"""DeLong's test: the published example, a direct oracle, ties and nearly empty classes."""

from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from core.evaluation.delong import delong, midranks

# 43 patients with ovarian cancer and a bowel obstruction, of DeLong et al. (1988) as the SAS/STAT
# User's Guide prints them (PROC LOGISTIC, "Comparing ROC Curves"): albumin, total protein, K-G
# score (10 minus what is listed), 0 = the event.
LISTED = """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
    1.6 5.6 5 1  3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
    4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
    3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
    3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
    3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
    3.6 6.6 5 1
"""
PATIENTS = np.array(LISTED.split(), dtype=float).reshape(-1, 4)
ALBUMIN, PROTEIN, KG_SCORE = PATIENTS[:, 0], PATIENTS[:, 1], 10 - PATIENTS[:, 2]
POSITIVE = PATIENTS[:, 3] == 1


@pytest.mark.parametrize(
    ("scores", "area", "difference", "error", "chi_square", "p"),
    [
        (ALBUMIN, 0.7366, 0.0108, 0.0953, 0.0127, 0.9102),
        (PROTEIN, 0.6478, -0.0780, 0.1046, 0.5554, 0.4561),
    ],
)
def test_the_published_example_against_the_kg_score(scores, area, difference, error, chi_square, p):
    made = delong(KG_SCORE, scores, POSITIVE)
    assert made.auc_a == pytest.approx(0.7258, abs=5e-5)
    assert made.auc_b == pytest.approx(area, abs=5e-5)
    assert made.difference == pytest.approx(difference, abs=5e-5)
    assert made.standard_error == pytest.approx(error, abs=5e-5)
    assert (made.difference / made.standard_error) ** 2 == pytest.approx(chi_square, abs=5e-5)
    assert made.p == pytest.approx(p, abs=5e-5)


def direct(a, b, positive):
    """Return (area A, area B, standard error, p) from every pair, as DeLong et al. wrote it."""

    def kernel(scores):
        x, y = scores[positive][:, None], scores[~positive][None]
        return (x > y) + 0.5 * (x == y)

    of_a, of_b = kernel(a), kernel(b)
    m, n = of_a.shape
    s = (
        np.cov(of_a.mean(axis=1), of_b.mean(axis=1)) / m
        + np.cov(of_a.mean(axis=0), of_b.mean(axis=0)) / n
    )
    variance = s[0, 0] + s[1, 1] - 2 * s[0, 1]
    difference = of_b.mean() - of_a.mean()
    p = erfc(abs(difference) / sqrt(2 * variance)) if variance > 1e-14 else None
    return of_a.mean(), of_b.mean(), sqrt(max(variance, 0)), p


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_positive=st.integers(2, 30),
    n_negative=st.integers(2, 40),
    levels=st.integers(2, 50),
)
def test_the_fast_algorithm_equals_every_pair_counted(seed, n_positive, n_negative, levels):
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(n_positive + n_negative) < n_positive)
    shared = rng.normal(size=len(positive))
    a, b = (np.round((shared + rng.normal(size=len(shared))) * levels / 4) for _ in range(2))
    made = delong(a, b, positive)
    area_a, area_b, error, p = direct(a, b, positive)
    assert made.auc_a == pytest.approx(area_a)
    assert made.auc_b == pytest.approx(area_b)
    assert made.auc_b == pytest.approx(roc_auc_score(positive, b))
    assert made.standard_error == pytest.approx(error, abs=1e-7)
    if p is not None:
        assert made.p == pytest.approx(p, abs=1e-9)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_midranks_equal_scipys(values):
    array = np.array(values, dtype=float)
    assert (midranks(array) == rankdata(array)).all()


def test_the_same_ranking_is_no_difference_whatever_the_scale():
    scores = np.array([0.1, 0.4, 0.4, 0.9])
    made = delong(scores, scores**3, np.array([False, True, False, True]))
    assert (made.difference, made.standard_error, made.p) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("positive", [[True] * 4, [False] * 4])
def test_one_class_only_has_no_area(positive):
    scores = np.arange(4.0)
    made = delong(scores, -scores, np.array(positive))
    assert (made.auc_a, made.auc_b, made.difference, made.p) == (None,) * 4
    assert made.interval.low is None


def test_one_positive_has_areas_but_no_test():
    made = delong(np.arange(4.0), -np.arange(4.0), np.array([False, False, True, False]))
    assert made.difference == pytest.approx(-1 / 3)
    assert (made.standard_error, made.p) == (None, None)


def test_areas_that_differ_without_any_spread_have_no_test():
    scores, positive = np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, False, True, True])
    made = delong(scores, -scores, positive)
    assert (made.difference, made.p, made.interval.low) == (-1.0, None, None)


def test_a_million_cases_take_no_quadratic_time():
    rng = np.random.default_rng(0)
    positive = rng.random(200_000) < 0.2
    made = delong(rng.random(200_000) + positive, rng.random(200_000) + positive, positive)
    assert 0 <= made.p <= 1
