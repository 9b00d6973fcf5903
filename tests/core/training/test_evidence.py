"""What evidence is worth: found where it says something, nothing where it does not."""

import numpy as np
import pytest

from core.errors import TrainingError
from core.training.evidence import cross_fitted, fit_evidence_weights, fused


def cases(effect, n=1200, seed=0):
    """Return logits that say little, evidence that says ``effect`` of class 1, labels, groups."""
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 3, n)
    logits = rng.normal(0, 1, (n, 3))
    logits[np.arange(n), y_true] += 1.0
    evidence = rng.gamma(1.0, 0.3, n) + effect * (y_true == 1) * rng.gamma(2.0, 1.0, n)
    return logits, evidence, y_true, rng.integers(0, 60, n).astype(str)


def negative_log_likelihood(logits, y_true):
    wide = logits - logits.max(axis=1, keepdims=True)
    return -(wide - np.log(np.exp(wide).sum(1, keepdims=True)))[np.arange(len(y_true)), y_true]


def test_evidence_of_a_class_raises_that_class_alone():
    weights = fit_evidence_weights(*cases(effect=1.0))
    assert weights[1] > 0.5 and weights[0] < 0 and weights[2] < 0
    assert weights.sum() == pytest.approx(0)


def test_evidence_of_nothing_weighs_next_to_nothing():
    assert np.abs(fit_evidence_weights(*cases(effect=0.0))).max() < 0.35


def test_weights_fitted_elsewhere_still_help():
    logits, evidence, y_true, group = cases(effect=1.0)
    folds = group.astype(int) % 5
    better = cross_fitted(logits, evidence, y_true, group=group, folds=folds, fitted=folds >= 0)
    assert negative_log_likelihood(better, y_true).mean() < 0.85 * (
        negative_log_likelihood(logits, y_true).mean()
    )


def test_no_fold_is_judged_with_its_own_labels():
    logits, evidence, y_true, group = cases(effect=1.0)
    folds = group.astype(int) % 5
    once = cross_fitted(logits, evidence, y_true, group=group, folds=folds, fitted=folds >= 0)
    changed = np.where(folds == 2, (y_true + 1) % 3, y_true)
    again = cross_fitted(logits, evidence, changed, group=group, folds=folds, fitted=folds >= 0)
    assert np.array_equal(once[folds == 2], again[folds == 2])
    assert not np.array_equal(once[folds == 1], again[folds == 1])


def test_labels_of_a_test_part_are_learnt_from_nowhere():
    logits, evidence, y_true, group = cases(effect=1.0)
    folds, is_test = group.astype(int) % 5, group.astype(int) < 12
    changed = np.where(is_test, (y_true + 1) % 3, y_true)
    once, again = (
        cross_fitted(logits, evidence, labels, group=group, folds=folds, fitted=~is_test)
        for labels in (y_true, changed)
    )
    assert np.array_equal(once, again)


def test_fusing_is_an_addition():
    assert fused(np.zeros((2, 2)), np.array([0.0, 2.0]), np.array([1.0, -1.0])).tolist() == [
        [0.0, 0.0],
        [2.0, -2.0],
    ]


def test_values_that_are_no_numbers_are_refused():
    logits, evidence, y_true, group = cases(effect=0.0, n=30)
    evidence[3] = np.nan
    with pytest.raises(TrainingError, match="not numbers"):
        fit_evidence_weights(logits, evidence, y_true, group)
