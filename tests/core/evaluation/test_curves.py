"""Curves against scikit-learn's, and their bands against what they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from core.evaluation import curves
from core.evaluation.curves import FALSE_POSITIVE_RATES, SENSITIVITIES, run_curves
from tests.drawn_runs import draw_run, make_run

BINARY = ("normal", "stone")


def binary_run(scores, is_positive):
    y_prob = np.column_stack([1 - scores, scores])
    return make_run(is_positive.astype(int), y_prob, class_names=BINARY)


def of_class(frame, name):
    return frame[frame["class"] == name]


# Few distinct scores, so that ties within and across classes are common.
TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).map(
    lambda rows: (np.array([s / 5 for s, _ in rows]), np.array([p for _, p in rows]))
)


def roc_by_scikit_learn(scores, is_positive):
    x, y, _ = metrics.roc_curve(is_positive, scores, drop_intermediate=False)
    upper = {}
    for a, b in zip(x, y, strict=True):
        upper[a] = max(b, upper.get(a, 0.0))  # the upper end of a vertical step
    lower = {}
    for a, b in zip(x, y, strict=True):
        lower[a] = min(b, lower.get(a, 1.0))
    out = []
    for at in FALSE_POSITIVE_RATES:
        left = max(a for a in upper if a <= at + 1e-12)
        right = min((a for a in upper if a > at + 1e-12), default=None)
        if right is None or abs(at - left) < 1e-12:
            out.append(upper[left])
        else:
            out.append(upper[left] + (at - left) / (right - left) * (lower[right] - upper[left]))
    return np.array(out)


@given(TIED)
def test_the_curves_equal_scikit_learn_with_ties(table):
    scores, is_positive = table
    bins = curves.score_bins(scores, is_positive)
    found, false = curves._running(bins, is_positive)
    if is_positive.any() and not is_positive.all():
        ours = curves.sensitivity_at(found, false)[0]
        assert ours == pytest.approx(roc_by_scikit_learn(scores, is_positive), abs=1e-9)
    ours = curves.ppv_at(found, false)[0]
    assert np.isnan(ours).all() == (not is_positive.any())
    if is_positive.any():
        ppv, recall, _ = metrics.precision_recall_curve(is_positive, scores)
        # Recall falls along scikit-learn's arrays: the last point that still reaches it.
        expected = [ppv[np.flatnonzero(recall >= at - 1e-9)[-1]] for at in SENSITIVITIES]
        assert ours == pytest.approx(np.array(expected), abs=1e-9)


def test_areas_below_the_drawn_curves_are_those_of_the_figures():
    run = draw_run(1500)
    made = run_curves(run)
    for index, name in enumerate(run.class_names):
        roc = of_class(made.roc, name)
        area = np.trapezoid(roc["sensitivity"], roc["false_positive_rate"])
        expected = metrics.roc_auc_score(run.y_true == index, run.y_prob[:, index])
        assert area == pytest.approx(expected, abs=2e-3)
        ppv = of_class(made.precision_recall, name)["ppv"].mean()
        expected = metrics.average_precision_score(run.y_true == index, run.y_prob[:, index])
        assert ppv == pytest.approx(expected, abs=1e-2)


def test_a_band_holds_its_curve_and_is_wider_where_groups_are_respected():
    made = run_curves(draw_run(600, n_groups=30))
    for frame, value in ((made.roc, "sensitivity"), (made.precision_recall, "ppv")):
        assert len(frame) <= 4 * 200
        for low, high in (("low", "high"), ("low_grouped", "high_grouped")):
            assert (frame[low] <= frame[value] + 1e-12).all()
            assert (frame[high] >= frame[value] - 1e-12).all()
        plain, grouped = frame["high"] - frame["low"], frame["high_grouped"] - frame["low_grouped"]
        assert grouped.mean() > 1.05 * plain.mean()
        assert (frame["n_groups"] == 30).all()


def test_a_resampled_curve_is_the_curve_of_the_repeated_cases():
    run = draw_run(120, n_groups=12)
    codes, is_positive = np.unique(run.group, return_inverse=True)[1], run.y_true == 1
    bins = curves.score_bins(run.y_prob[:, 1], is_positive)
    roc, ppv = curves._replicates([bins], is_positive[:, None], codes)[0]
    counts = curves.draw_counts(
        np.random.default_rng(curves.SEED), n_units=12, n_resamples=curves.N_RESAMPLES
    )
    for index in range(3):
        again = np.repeat(np.arange(run.n), counts[codes, index].astype(int))
        found, false = curves._running(bins[again], is_positive[again])
        assert roc[index] == pytest.approx(curves.sensitivity_at(found, false)[0])
        assert ppv[index] == pytest.approx(curves.ppv_at(found, false)[0])


def test_without_groups_there_is_the_plain_band_only():
    roc = run_curves(draw_run(200, n_groups=None)).roc
    assert roc["low_grouped"].isna().all()
    assert roc["n_groups"].isna().all()
    assert roc["low"].notna().all()


@pytest.mark.parametrize("only", [0, 1])
def test_a_class_without_a_case_or_without_another_has_no_roc_curve(only):
    scores = np.array([0.2, 0.7, 0.9])
    made = run_curves(binary_run(scores, np.full(3, bool(only))))
    assert len(made.roc) == 0
    assert set(made.precision_recall["class"]) == {BINARY[only]}
    assert (made.precision_recall["ppv"] == 1).all()


def test_equal_scores_are_one_straight_line():
    made = run_curves(binary_run(np.full(40, 0.3), np.arange(40) % 2 == 0))
    roc = of_class(made.roc, "stone")
    assert roc["sensitivity"].to_numpy() == pytest.approx(FALSE_POSITIVE_RATES)
    assert (of_class(made.precision_recall, "stone")["ppv"] == 0.5).all()
