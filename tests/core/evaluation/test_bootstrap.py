"""Resamples: one draw, every figure; the same as doing it by hand."""

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation import bootstrap
from core.evaluation.bootstrap import draw_counts, resample
from core.evaluation.calibration_error import brier_of_cases
from core.evaluation.ranking import score_bins
from tests.drawn_runs import draw_run


def bins_of(run):
    return [score_bins(run.y_prob[:, k], run.y_true == k) for k in range(run.y_prob.shape[1])]


def test_every_resample_draws_as_many_units_as_there_are():
    counts = draw_counts(np.random.default_rng(0), n_units=50, n_resamples=200)
    assert (counts.sum(axis=0) == 50).all()
    assert counts.var() == pytest.approx(1 - 1 / 50, abs=0.05)


@pytest.mark.parametrize("by_group", [False, True])
def test_a_resample_equals_scikit_learn_on_the_repeated_cases(by_group):
    run = draw_run(200, n_groups=25)
    unit = np.unique(run.group, return_inverse=True)[1] if by_group else np.arange(run.n)
    ours = resample(run.y_true, run.y_prob, unit, bins=bins_of(run), n_resamples=3)
    counts = draw_counts(
        np.random.default_rng(bootstrap.SEED), n_units=int(unit.max()) + 1, n_resamples=3
    )
    for index in range(3):
        again = np.repeat(np.arange(run.n), counts[unit, index].astype(int))
        y_true, y_prob = run.y_true[again], run.y_prob[again]
        called = y_prob.argmax(axis=1)
        for name, expected in {
            "accuracy": metrics.accuracy_score(y_true, called),
            "balanced_accuracy": metrics.balanced_accuracy_score(y_true, called),
            "macro_f1": metrics.f1_score(y_true, called, average="macro"),
            "brier": brier_of_cases(y_true, y_prob).mean(),
        }.items():
            assert ours.summary[name][index] == pytest.approx(expected, abs=1e-5), name
        for k in range(4):
            is_positive, scores = y_true == k, y_prob[:, k]
            assert ours.per_class["f1"][index, k] == pytest.approx(
                metrics.f1_score(is_positive, called == k)
            )
            assert ours.per_class["auc"][index, k] == pytest.approx(
                metrics.roc_auc_score(is_positive, scores), abs=1e-6
            )
            assert ours.per_class["average_precision"][index, k] == pytest.approx(
                metrics.average_precision_score(is_positive, scores), abs=1e-6
            )


def test_the_same_seed_gives_the_same_figures():
    run = draw_run(100)
    first, second = (
        resample(run.y_true, run.y_prob, np.arange(100), bins=bins_of(run), n_resamples=20)
        for _ in range(2)
    )
    assert (first.summary["ece"] == second.summary["ece"]).all()
    assert (first.per_class["auc"] == second.per_class["auc"]).all()


def test_blocks_cover_every_resample(monkeypatch):
    monkeypatch.setattr(bootstrap, "_BLOCK_CELLS", 700)
    run = draw_run(100)
    made = resample(run.y_true, run.y_prob, np.arange(100), bins=bins_of(run), n_resamples=23)
    assert made.summary["accuracy"].shape == (23,)
    assert made.per_class["auc"].shape == (23, 4)


def test_a_resample_without_the_class_is_undefined_there():
    y_true = np.array([0] * 30 + [1])
    y_prob = np.tile([0.6, 0.4], (31, 1))
    bins = [score_bins(y_prob[:, k], y_true == k) for k in range(2)]
    made = resample(y_true, y_prob, np.arange(31), bins=bins, n_resamples=200)
    missing = np.isnan(made.per_class["average_precision"][:, 1])
    assert 0.2 < missing.mean() < 0.5  # (1 - 1/31)^31 = 0.36
    assert (missing == np.isnan(made.per_class["auc"][:, 1])).all()
    assert not np.isnan(made.summary["macro_f1"]).any()


def test_without_bins_of_scores_there_are_no_areas():
    run = draw_run(60)
    made = resample(run.y_true, run.y_prob, np.arange(60), n_resamples=5)
    assert not {"auc", "average_precision"} & set(made.per_class)


def test_up_to_twenty_thousand_cases_are_drawn_one_by_one_and_more_in_bundles():
    assert bootstrap.case_units(5).tolist() == [0, 1, 2, 3, 4]
    unit = bootstrap.case_units(50_001, most=2_000)
    assert sorted(np.unique(unit)) == list(range(2_000))
    assert set(np.bincount(unit)) == {25, 26}


def test_bundles_of_cases_scatter_as_the_cases_do():
    run = draw_run(6_000, n_groups=None)
    spread = []
    for most in (6_000, 1_500):
        unit = bootstrap.case_units(run.n, most=most)
        made = resample(run.y_true, run.y_prob, unit, bins=bins_of(run))
        spread.append([made.summary["accuracy"].std(), made.per_class["auc"].std(axis=0)[0]])
    assert spread[0] == pytest.approx(spread[1], rel=0.15)
