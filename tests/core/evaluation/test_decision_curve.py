"""Net benefit and what a threshold says of the worth of a miss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.decision_curve import (
    cost_in_words,
    decision_curve,
    net_benefit,
    reads_worth_a_miss,
    rebase,
)
from core.evaluation.operating_points import case_scores
from tests.drawn_runs import draw_run


def test_net_benefit_is_the_formula_of_vickers_and_elkin():
    run = draw_run(500)
    scores, positive, p = case_scores(run, "stone"), run.y_true == 2, run.y_prob[:, 2]
    curve = decision_curve(scores, upto=0.5, n_points=50)
    for row in curve.to_dict("records"):
        pt = row["probability"]
        flagged = p >= pt
        tp, fp = (flagged & positive).sum(), (flagged & ~positive).sum()
        odds = pt / (1 - pt)
        assert row["model"] == pytest.approx(tp / 500 - fp / 500 * odds)
        everything = positive.mean() - (~positive).mean() * odds
        assert row["treat_all"] == pytest.approx(everything)
        assert row["treat_none"] == 0
        called = np.argmax(run.y_prob, axis=1) == 2
        expected = (called & positive).mean() - (called & ~positive).mean() * odds
        assert row["at_argmax"] == pytest.approx(expected)


def test_net_benefit_of_a_table_counted_by_hand():
    # 100 cases, 20 positive, 19 found, 24 false alarms, threshold probability 1 in 5.
    made = net_benefit(19, 24, n_positive=20, n_negative=80, prevalence=0.2, probability=0.2)
    assert float(made) == pytest.approx(0.19 - 0.24 / 4)


def test_at_another_prevalence_the_model_flags_where_the_re_based_probability_reaches_it():
    run = draw_run(500)
    scores, positive = case_scores(run, "stone"), run.y_true == 2
    made_at = positive.mean()
    p = rebase(run.y_prob[:, 2], made_at=made_at, used_at=0.02)
    curve = decision_curve(scores, prevalence=0.02, upto=0.3, n_points=30)
    for row in curve.to_dict("records"):
        pt = row["probability"]
        flagged = p >= pt - 1e-12
        found, alarms = flagged[positive].mean(), flagged[~positive].mean()
        expected = 0.02 * found - 0.98 * alarms * pt / (1 - pt)
        assert row["model"] == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_re_basing_there_and_back_changes_nothing(p, here, there):
    back = rebase(rebase(p, made_at=here, used_at=there), made_at=there, used_at=here)
    assert float(back) == pytest.approx(p)


def test_re_basing_follows_bayes():
    # Likelihood ratio 4 at a prevalence of 0.5 is 0.8; at 0.1 the odds are 4/9.
    assert float(rebase(0.8, made_at=0.5, used_at=0.1)) == pytest.approx(4 / 13)
    assert np.isnan(rebase(0.8, made_at=1.0, used_at=0.1))


def test_without_positives_or_negatives_net_benefit_is_undefined():
    made = net_benefit(0, 3, n_positive=0, n_negative=8, prevalence=0.1, probability=0.2)
    assert np.isnan(made)
    run = draw_run(60)
    nobody = run.subset(run.y_true != 2)
    curve = decision_curve(case_scores(nobody, "stone"), prevalence=0.1)
    assert curve[["model", "treat_all"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        (0.05, "one missed stone counts as much as 19 needless reads"),
        (0.3, "one missed stone counts as much as 2.3 needless reads"),
        (0.5, "one missed stone counts as much as 1 needless read"),
        (0.8, "one needless read counts as much as 4 missed stones: "),
        (0.0, "no number of needless reads outweighs a miss"),
    ],
)
def test_the_cost_ratio_names_both_sides(threshold, said):
    assert cost_in_words(reads_worth_a_miss(threshold), "stone").startswith(said)


def test_a_lower_threshold_makes_a_miss_dearer():
    """LIT's cost reads "FN to FP" and works as FP to FN: followed, misses become cheaper."""
    worth = [reads_worth_a_miss(threshold) for threshold in (0.01, 0.1, 0.5, 0.9)]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] == pytest.approx(99)
