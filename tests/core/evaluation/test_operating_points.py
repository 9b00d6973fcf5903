"""Operating points, against scikit-learn, statsmodels and tables counted by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_curve
from statsmodels.stats.proportion import proportion_confint

from core.errors import EvaluationError
from core.evaluation.figures import group_codes, run_figures
from core.evaluation.intervals import grouped_wilson, wilson
from core.evaluation.operating_points import (
    ANY_FINDING,
    Counts,
    case_scores,
    choose_threshold,
    counts_at,
    extra_reads_per_miss_avoided,
    false_alarms_per_1000,
    group_scores,
    lower_bound,
    misses_per_1000,
    positives_needed,
    rates_at,
    threshold_mover,
)
from tests.drawn_runs import draw_run, make_run

FINDINGS = ("cyst", "stone", "tumor")
BINARY = ("normal", "stone")


def binary(scores, is_positive, group=None):
    """Return a run of two classes with these probabilities of a stone."""
    p = np.asarray(scores, dtype=float)
    y_prob = np.column_stack([1 - p, p])
    return make_run(np.asarray(is_positive, int), y_prob, class_names=BINARY, group=group)


# 3 stones and 5 others, in three series; at 0.30 two stones and two others are called.
BY_HAND = binary(
    [0.9, 0.3, 0.1, 0.8, 0.3, 0.2, 0.1, 0.0],
    [1, 1, 1, 0, 0, 0, 0, 0],
    group=["a", "b", "b", "b", "c", "c", "c", "d"],
)


def test_the_four_cells_are_those_counted_by_hand():
    move = threshold_mover(BY_HAND, "stone")
    assert move(0.30) == Counts(tp=2, fn=1, fp=2, tn=3)
    assert move(0.31) == Counts(tp=1, fn=2, fp=1, tn=4)
    assert move(0.0) == Counts(tp=3, fn=0, fp=5, tn=0)
    assert move(1.1) == Counts(tp=0, fn=3, fp=0, tn=5)


def test_the_cells_are_those_of_scikit_learn_at_every_threshold():
    run = draw_run(400)
    for index, name in enumerate(run.class_names):
        move = threshold_mover(run, name)
        for threshold in [0.0, 0.05, 0.25, 0.5, 0.9, *run.y_prob[:40, index]]:
            tn, fp, fn, tp = confusion_matrix(
                run.y_true == index, run.y_prob[:, index] >= threshold
            ).ravel()
            assert move(threshold) == Counts(tp, fn, fp, tn)


def test_the_chosen_threshold_is_the_first_of_the_roc_curve_that_finds_enough():
    run = draw_run(400)
    for index, name in enumerate(run.class_names):
        scores = case_scores(run, name)
        _, found, thresholds = roc_curve(
            run.y_true == index, run.y_prob[:, index], drop_intermediate=False
        )
        for asked in (0.5, 0.8, 0.9, 0.95, 1.0):
            first = int(np.argmax(found >= asked - 1e-12))
            assert choose_threshold(scores, asked) == pytest.approx(thresholds[first], abs=0)


def test_enough_is_counted_in_whole_cases():
    scores = case_scores(binary(np.arange(1, 21) / 100, [1] * 20), "stone")
    assert choose_threshold(scores, 0.95) == 0.02  # 19 of 20, exactly enough
    assert choose_threshold(scores, 0.951) == 0.01
    seventh = case_scores(binary(np.arange(1, 101) / 200, [1] * 100), "stone")
    assert choose_threshold(seventh, 0.07) == 94 / 200  # 0.07 * 100 is above 7 in binary


_TIED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(_TIED, st.sampled_from(["0.1", "0.5", "0.9", "0.95", "1.0"]))
def test_with_ties_the_threshold_finds_enough_and_the_next_one_does_not(cases, asked):
    values = np.array([value for value, _ in cases])
    is_positive = np.array([positive for _, positive in cases])
    scores = case_scores(binary(values, is_positive), "stone")
    threshold = choose_threshold(scores, float(asked))
    if not is_positive.any():
        assert threshold is None
        return
    needed = Fraction(asked) * int(is_positive.sum())
    assert threshold in values
    assert (values[is_positive] >= threshold).sum() >= needed
    for higher in {value for value in values if value > threshold}:
        assert (values[is_positive] >= higher).sum() < needed
    counts = counts_at(scores, threshold)
    assert counts.tp == (is_positive & (values >= threshold)).sum()
    assert counts.fp == (~is_positive & (values >= threshold)).sum()
    assert sum(counts) == len(cases)


def test_figures_at_a_threshold_carry_the_intervals_of_a_proportion():
    run = draw_run(400, n_groups=40)
    codes = group_codes(run)
    rates = rates_at(case_scores(run, "stone"), 0.2)
    is_positive, is_flagged = run.y_true == 2, run.y_prob[:, 2] >= 0.2
    for figure, of, right in (
        (rates.sensitivity, is_positive, is_flagged),
        (rates.specificity, ~is_positive, ~is_flagged),
    ):
        done, n = int((of & right).sum()), int(of.sum())
        successes = np.bincount(codes[of & right], minlength=40)
        totals = np.bincount(codes[of], minlength=40)
        assert (figure.value, figure.n) == (done / n, n)
        assert (figure.low, figure.high) == pytest.approx(tuple(wilson(done, n)))
        grouped = (figure.low_grouped, figure.high_grouped)
        assert grouped == pytest.approx(tuple(grouped_wilson(successes, totals)))
        assert figure.n_groups == (totals > 0).sum()


def test_the_cells_at_the_largest_probability_are_those_of_the_figures():
    run = draw_run(300)
    for name, row in run_figures(run).per_class.items():
        called = case_scores(run, name).at_argmax
        assert called.sensitivity == row["sensitivity"].value
        assert called.specificity == row["specificity"].value


def test_a_group_is_positive_and_flagged_when_any_of_its_pictures_is():
    scores = group_scores(BY_HAND, "stone")
    # a: stone, 0.9. b: stone, largest score 0.8 (of a picture without one). c: 0.3, d: 0.0.
    assert scores.positive.tolist() == [0.8, 0.9]
    assert scores.negative.tolist() == [0.0, 0.3]
    assert counts_at(scores, 0.30) == Counts(tp=2, fn=0, fp=1, tn=1)
    assert scores.at_argmax == Counts(tp=2, fn=0, fp=0, tn=2)
    figure = rates_at(scores, 0.30).sensitivity
    assert (figure.value, figure.n, figure.n_groups) == (1.0, 2, 2)


def test_without_groups_there_is_no_group_level_and_no_grouped_interval():
    run = draw_run(100, n_groups=None)
    assert group_scores(run, "stone") is None
    figure = rates_at(case_scores(run, "stone"), 0.2).sensitivity
    assert figure.low is not None
    assert (figure.low_grouped, figure.n_groups) == (None, None)


def test_any_finding_is_scored_by_the_sum_of_the_findings():
    run = draw_run(300)
    scores = case_scores(run, ANY_FINDING, findings=FINDINGS)
    is_positive = run.y_true != 1
    score = run.y_prob[:, [0, 2, 3]].sum(axis=1)
    threshold = choose_threshold(scores, 0.95)
    assert threshold in score
    tn, fp, fn, tp = confusion_matrix(is_positive, score >= threshold).ravel()
    assert counts_at(scores, threshold) == Counts(tp, fn, fp, tn)
    # Argmax: a finding is called, whichever.
    called = np.argmax(run.y_prob, axis=1) != 1
    assert scores.at_argmax.fn == (is_positive & ~called).sum()


@pytest.mark.parametrize(("found", "n"), [(59, 59), (58, 59), (92, 93), (0, 7), (30, 30), (3, 8)])
def test_the_lower_bound_is_the_exact_one_sided_one_of_statsmodels(found, n):
    expected = proportion_confint(found, n, alpha=0.10, method="beta")[0]
    assert lower_bound(found, n) == pytest.approx(0.0 if found == 0 else expected)


def test_positives_needed_for_a_claim_of_95_percent():
    assert [positives_needed(missed, 0.95) for missed in range(4)] == [59, 93, 124, 153]


@given(st.integers(0, 12), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_positives_needed_hold_the_claim_and_one_fewer_does_not(missed, asked):
    n = positives_needed(missed, asked)
    assert lower_bound(n - missed, n) >= asked
    assert n == missed + 1 or lower_bound(n - 1 - missed, n - 1) < asked


def test_no_number_of_cases_proves_that_nothing_is_missed():
    assert positives_needed(0, 1.0) is None


def test_the_price_is_that_of_a_table_counted_by_hand():
    # Of 100 cases 20 are positive: 16 found and 10 false alarms before, 19 and 24 now.
    before, now = Counts(16, 4, 10, 70), Counts(19, 1, 24, 56)
    assert extra_reads_per_miss_avoided(now, before) == pytest.approx((43 - 26) / (4 - 1))
    assert misses_per_1000(now, 0.2) == pytest.approx(1000 * 0.2 * 1 / 20)
    assert false_alarms_per_1000(now, 0.2) == pytest.approx(1000 * 0.8 * 24 / 80)
    # At the prevalence of the cases both ways agree; elsewhere the reads are other people's.
    same = extra_reads_per_miss_avoided(now, before, prevalence=0.2)
    assert same == pytest.approx(17 / 3)
    elsewhere = extra_reads_per_miss_avoided(now, before, prevalence=0.02)
    fewer = 1000 * 0.02 * 3 / 20
    assert elsewhere == pytest.approx((fewer + 1000 * 0.98 * 14 / 80) / fewer)


def test_where_no_miss_is_avoided_there_is_no_price_of_one():
    before = Counts(16, 4, 10, 70)
    assert extra_reads_per_miss_avoided(before, before) is None
    assert extra_reads_per_miss_avoided(Counts(15, 5, 2, 78), before) is None
    assert extra_reads_per_miss_avoided(Counts(19, 1, 24, 56), before, prevalence=0.0) is None


def test_undefined_is_none_and_never_zero():
    empty = Counts(0, 0, 3, 5)
    assert (empty.sensitivity, misses_per_1000(empty, 0.1)) == (None, None)
    full = Counts(3, 5, 0, 0)
    assert (full.specificity, false_alarms_per_1000(full, 0.1)) == (None, None)
    rates = rates_at(case_scores(binary([0.2, 0.4], [0, 0]), "stone"), 0.3)
    assert (rates.sensitivity.value, rates.sensitivity.n) == (None, 0)
    assert rates.specificity.value == 0.5


@pytest.mark.parametrize("asked", [0.0, -0.1, 1.01, 95.0, float("nan"), float("inf")])
def test_a_required_sensitivity_that_is_no_share_is_refused(asked):
    with pytest.raises(EvaluationError, match="not above 0 and at most 1"):
        choose_threshold(case_scores(BY_HAND, "stone"), asked)


def test_a_class_that_does_not_exist_is_refused():
    with pytest.raises(EvaluationError, match="'gout' is no class"):
        threshold_mover(BY_HAND, "gout")
    with pytest.raises(EvaluationError, match="no class"):
        case_scores(BY_HAND, ANY_FINDING)
