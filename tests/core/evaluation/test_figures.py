"""Every figure of any run against scikit-learn, statsmodels and scipy: ties, lone classes, gaps."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from core.evaluation.figures import PER_CLASS, SUMMARY, proportion, run_figures
from core.evaluation.intervals import NO_INTERVAL, design_effect, grouped_wilson
from tests.drawn_runs import draw_proportion_table, draw_run, make_run

# Probabilities in tenths, so that ties between cases and between classes are common.
TENTHS = [
    (a / 10, b / 10, c / 10, (10 - a - b - c) / 10)
    for a in range(11)
    for b in range(11 - a)
    for c in range(11 - a - b)
]
RUNS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(TENTHS), st.integers(0, 4)),
    min_size=1,
    max_size=30,
)


def made_of(rows, *, with_groups=True):
    y_true, y_prob, group = zip(*rows, strict=True)
    names = [f"g{number}" for number in group] if with_groups else None
    return make_run(list(y_true), np.array(y_prob), group=names)


def same(figure, expected):
    """Whether a figure is the oracle's number, or undefined where the oracle has none."""
    if expected is None or np.isnan(expected):
        return figure.value is None
    return figure.value == pytest.approx(expected, abs=1e-9)


def rates_of(is_true, is_called):
    """Return the five rates by scikit-learn, NaN where their denominator is empty."""
    options = {"zero_division": np.nan}
    expected = {
        "sensitivity": metrics.recall_score(is_true, is_called, **options),
        "specificity": metrics.recall_score(~is_true, ~is_called, **options),
        "ppv": metrics.precision_score(is_true, is_called, **options),
        "npv": metrics.precision_score(~is_true, ~is_called, **options),
    }
    f1 = metrics.f1_score(is_true, is_called, zero_division=0) if is_true.any() else np.nan
    return {**expected, "f1": f1}


def ranking_of(is_true, scores):
    both = 0 < is_true.sum() < len(is_true)
    return {
        "auc": metrics.roc_auc_score(is_true, scores) if both else np.nan,
        "average_precision": metrics.average_precision_score(is_true, scores)
        if is_true.any()
        else np.nan,
    }


@settings(max_examples=25)
@given(RUNS)
def test_the_figures_of_each_class_are_scikit_learns_or_undefined(rows):
    run = made_of(rows)
    called = run.y_prob.argmax(axis=1)
    found = run_figures(run)
    for index, name in enumerate(run.class_names):
        is_true = run.y_true == index
        expected = rates_of(is_true, called == index) | ranking_of(is_true, run.y_prob[:, index])
        assert set(expected) == set(PER_CLASS)
        for key, value in expected.items():
            assert same(found.per_class[name][key], value), (name, key)


@settings(max_examples=25)
@given(RUNS)
def test_the_figures_of_the_whole_are_scikit_learns(rows):
    run = made_of(rows)
    called, present = run.y_prob.argmax(axis=1), np.unique(run.y_true)
    found = run_figures(run, summary_only=True)
    options = {"labels": present, "average": "macro", "zero_division": 0}
    expected = {
        "accuracy": metrics.accuracy_score(run.y_true, called),
        "balanced_accuracy": metrics.recall_score(run.y_true, called, **options),
        "macro_f1": metrics.f1_score(run.y_true, called, **options),
        "brier": ((run.y_prob - np.eye(4)[run.y_true]) ** 2).sum(axis=1).mean(),
    }
    for name, value in expected.items():
        assert same(found.summary[name], value), name
    assert set(SUMMARY) == {*expected, "ece"}
    matrix = metrics.confusion_matrix(run.y_true, called, labels=range(4))
    assert found.confusion.tolist() == matrix.tolist()


@settings(max_examples=25)
@given(RUNS)
def test_every_plain_interval_of_a_rate_is_statsmodels_wilson(rows):
    run = made_of(rows)
    for row in run_figures(run).per_class.values():
        for name in ("sensitivity", "specificity", "ppv", "npv"):
            figure = row[name]
            if figure.value is None:
                assert (figure.low, figure.high, figure.n) == (None, None, 0)
                continue
            done = round(figure.value * figure.n)
            expected = proportion_confint(done, figure.n, method="wilson")
            assert (figure.low, figure.high) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25)
@given(RUNS)
def test_every_figure_lies_in_its_intervals_and_none_is_a_nan(rows):
    found = run_figures(made_of(rows))
    figures = [
        *found.summary.values(),
        *(f for row in found.per_class.values() for f in row.values()),
    ]
    for figure in figures:
        ends = (figure.low, figure.high, figure.low_grouped, figure.high_grouped)
        assert all(end is None or np.isfinite(end) for end in ends)
        if figure.value is None:
            assert ends == (None,) * 4
            continue
        for low, high in ((ends[0], ends[1]), (ends[2], ends[3])):
            assert low is None or low - 1e-9 <= figure.value <= high + 1e-9


def test_the_bootstrap_interval_of_cases_is_scipys():
    """Bias-corrected without acceleration, against BCa of a figure whose acceleration is small."""
    run = draw_run(600, n_groups=None)
    called = run.y_prob.argmax(axis=1)
    balanced = run_figures(run, summary_only=True).summary["balanced_accuracy"]
    expected = stats.bootstrap(
        (run.y_true, called),
        lambda a, b: metrics.recall_score(a, b, average="macro"),
        paired=True, vectorized=False, n_resamples=999, method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    assert (balanced.low, balanced.high) == pytest.approx(tuple(expected), abs=0.012)


@pytest.mark.parametrize("seed", range(6))
def test_the_design_effect_rests_on_statsmodels_variance_of_clusters(seed):
    """The raw design effect is the cluster-robust variance of the mean over the binomial one."""
    successes, totals = draw_proportion_table(seed)
    cases = np.concatenate(
        [np.r_[np.ones(s), np.zeros(t - s)] for s, t in zip(successes, totals, strict=True)]
    )
    group = np.repeat(np.arange(len(totals)), totals)
    fit = sm.OLS(cases, np.ones(len(cases))).fit(cov_type="cluster", cov_kwds={"groups": group})
    p, n = cases.mean(), len(cases)
    raw = float(fit.cov_params()[0, 0]) / (p * (1 - p) / n)
    size = (totals.astype(float) ** 2).sum() / n
    rho = min(1.0, max(0.0, (raw - 1) / (size - 1)))
    evidence = min((successes > 0).sum(), (successes < totals).sum())
    rho = (evidence * rho + 1) / (evidence + 1)
    assert design_effect(successes, totals) == pytest.approx(1 + (size - 1) * rho, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_grouped_interval_is_statsmodels_wilson_of_the_effective_cases(seed):
    successes, totals = draw_proportion_table(seed)
    deff = design_effect(successes, totals)
    t = stats.t.ppf(0.975, len(totals) - 1)
    expected = proportion_confint(
        successes.sum() / deff, totals.sum() / deff, alpha=2 * stats.norm.sf(t), method="wilson"
    )
    assert grouped_wilson(successes, totals) == pytest.approx(expected, abs=1e-9)


def test_a_proportion_without_a_case_is_undefined():
    nothing = proportion(np.array([0]), np.array([0]), has_groups=False)
    assert (nothing.value, nothing.n, (nothing.low, nothing.high)) == (None, 0, NO_INTERVAL)
