"""Calibration error, Brier score and reliability bins."""

import itertools

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation.calibration_error import (
    brier_of_cases,
    confidence_bins,
    ece_of_sums,
    reliability_bins,
)
from core.evaluation.confusion import called_class
from core.evaluation.figures import run_figures
from tests.drawn_runs import draw_run, make_run


def plain_ece(y_true, y_prob, n_bins=15):
    """Return Guo's definition, written as its paper has it."""
    confidence, right = y_prob.max(axis=1), y_prob.argmax(axis=1) == y_true
    edges, total = np.linspace(0, 1, n_bins + 1), 0.0
    for low, high in itertools.pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def test_calibration_error_equals_its_definition():
    run = draw_run(600)
    value = run_figures(run, summary_only=True).summary["ece"].value
    assert value == pytest.approx(plain_ece(run.y_true, run.y_prob), abs=1e-12)


def test_certain_and_right_has_no_calibration_error_and_certain_and_wrong_the_largest():
    def value(y_true):
        run = make_run(y_true, np.eye(4)[[0, 1, 2, 3]])
        return run_figures(run, summary_only=True).summary["ece"].value

    assert value([0, 1, 2, 3]) == 0
    assert value([1, 2, 3, 0]) == 1


def test_nothing_has_no_calibration_error():
    assert np.isnan(ece_of_sums(np.zeros(15), np.zeros(15), np.zeros(15)))


def test_a_probability_on_an_edge_belongs_to_the_lower_bin():
    edges = np.linspace(0, 1, 16)
    assert confidence_bins(edges[1:]).tolist() == list(range(15))
    assert confidence_bins(np.nextafter(edges[1:-1], 1)).tolist() == list(range(1, 15))


def test_the_binary_brier_score_equals_scikit_learn():
    rng = np.random.default_rng(0)
    y_true, positive = rng.integers(0, 2, 200), rng.random(200)
    ours = brier_of_cases(y_true, np.column_stack([1 - positive, positive])).mean()
    assert ours == pytest.approx(metrics.brier_score_loss(y_true, positive))


def test_the_multiclass_brier_score_equals_scikit_learn():
    run = draw_run(300)
    expected = metrics.brier_score_loss(run.y_true, run.y_prob)
    assert brier_of_cases(run.y_true, run.y_prob).mean() == pytest.approx(expected)


def test_reliability_bins_hold_every_case_once():
    run = draw_run(500)
    called = called_class(run.y_prob)
    bins = reliability_bins(run.y_prob.max(axis=1), called == run.y_true, None)
    assert bins["n"].sum() == 500
    assert bins["mean_probability"].between(bins["bin_low"], bins["bin_high"]).all()
    assert bins["observed_rate"].between(bins["low"], bins["high"]).all()
    assert bins["low_grouped"].isna().all()


def test_the_gaps_of_the_bins_add_up_to_the_calibration_error():
    run = draw_run(500)
    called = called_class(run.y_prob)
    bins = reliability_bins(run.y_prob.max(axis=1), called == run.y_true, None)
    gaps = (bins["mean_probability"] - bins["observed_rate"]).abs() * bins["n"] / 500
    assert gaps.sum() == pytest.approx(plain_ece(run.y_true, run.y_prob))


def test_reliability_bins_respect_groups():
    confidence, right = np.full(40, 0.9), np.arange(40) < 20
    bins = reliability_bins(confidence, right, np.arange(40) // 10)
    assert bins["n_groups"].tolist() == [4]
    assert bins["low_grouped"][0] < bins["low"][0]
