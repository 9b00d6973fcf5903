"""Meta learners as arrays give scikit-learn's own probabilities, and only aligned runs stack."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.errors import EnsembleError, ModelVersionError, TrainingError
from core.inference.calibration import apply_temperature
from core.inference.combining import Combiner, features_of, logits_of
from core.inference.ensemble_spec import META_KINDS
from core.inference.meta_learner import LOWEST_PROBABILITY, meta_learner, probabilities
from core.training.member_runs import out_of_fold_rows, same_rows
from core.training.stacking import SEED, SETTINGS, fit_meta
from tests.small_ensemble import drawn_run

ORACLES = {
    "logistic_regression": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(**SETTINGS["logistic_regression"])
    ),
    "random_forest": lambda: RandomForestClassifier(**SETTINGS["random_forest"], random_state=SEED),
    "boosting": lambda: GradientBoostingClassifier(**SETTINGS["boosting"], random_state=SEED),
}


def drawn(n_classes, n=240):
    draw = np.random.default_rng(4)
    y_true = np.arange(n) % n_classes
    logits = draw.normal(0, 1, (n, 2, n_classes))
    logits[np.arange(n), :, y_true] += 1.2
    unseen = draw.normal(0, 2, (150, 2, n_classes))
    folds, group = (np.arange(n) // n_classes) % 4, np.arange(n) // 3
    return features_of(logits), y_true, folds, group, features_of(unseen)


def fitted(kind, n_classes):
    features, y_true, folds, group, unseen = drawn(n_classes)
    learner = fit_meta(kind, features, y_true, folds=folds, group=group, n_classes=n_classes)
    return meta_learner(kind, learner.to_arrays(), n_classes=n_classes), unseen


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("kind", sorted(ORACLES))
def test_the_stored_arrays_give_the_probabilities_of_scikit_learn(kind, n_classes):
    learner, unseen = fitted(kind, n_classes)
    features, y_true, *_ = drawn(n_classes)
    expected = ORACLES[kind]().fit(features, y_true).predict_proba(unseen)
    if kind == "random_forest":  # a share of exactly 0 has no logarithm
        expected = np.maximum(expected, LOWEST_PROBABILITY)
        expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(learner, unseen), expected, atol=1e-6)


@pytest.mark.parametrize("n_classes", [3, 4])
def test_the_support_vectors_give_the_decisions_and_probabilities_of_scikit_learn(n_classes):
    learner, unseen = fitted("svm", n_classes)
    features, y_true, folds, *_ = drawn(n_classes)
    gamma = 1 / features.shape[1]

    def machines():
        return make_pipeline(StandardScaler(), OneVsRestClassifier(SVC(gamma=gamma)))

    whole = machines().fit(features, y_true)
    np.testing.assert_allclose(
        learner.decisions(unseen), whole.decision_function(unseen), atol=1e-6
    )
    held_out = np.empty((len(y_true), n_classes))
    for fold in range(4):
        own = folds == fold
        part = machines().fit(features[~own], y_true[~own])
        held_out[own] = part.decision_function(features[own])
    platt = LogisticRegression(**SETTINGS["logistic_regression"]).fit(held_out, y_true)
    expected = platt.predict_proba(whole.decision_function(unseen))
    np.testing.assert_allclose(probabilities(learner, unseen), expected, atol=1e-6)


@pytest.mark.parametrize("kind", META_KINDS)
def test_a_meta_learner_that_does_not_fit_its_classes_or_holds_no_numbers_is_refused(kind):
    features, y_true, folds, group, _ = drawn(4)
    learner = fit_meta(kind, features, y_true, folds=folds, group=group, n_classes=4)
    arrays = learner.to_arrays()
    name = "value" if "value" in arrays else "coefficients"
    broken = np.array(arrays[name])
    broken.flat[0] = np.nan
    with pytest.raises(ModelVersionError, match="does not hold together"):
        meta_learner(kind, arrays | {name: broken}, n_classes=4)


def test_trees_that_would_go_round_in_circles_are_refused():
    features, y_true, folds, group, _ = drawn(4)
    forest = fit_meta(
        "random_forest", features, y_true, folds=folds, group=group, n_classes=4
    ).to_arrays()
    left = forest["left"].copy()
    left[0] = 0
    with pytest.raises(ModelVersionError, match="does not hold together"):
        meta_learner("random_forest", forest | {"left": left}, n_classes=4)


def test_a_linear_meta_learner_is_the_sum_that_its_mixing_says():
    learner, _ = fitted("logistic_regression", 4)
    combiner = Combiner(np.array([0.5, 0.5]), learner)
    logits = np.random.default_rng(1).normal(0, 3, (20, 2, 4))
    summed = np.einsum("nmk,mkc->nc", logits, combiner.mixing(4))
    constant = combiner(logits) - summed
    np.testing.assert_allclose(constant, np.broadcast_to(constant[0], constant.shape), atol=1e-9)


def test_stored_probabilities_and_logits_give_a_meta_learner_the_same_features():
    logits = np.random.default_rng(2).normal(0, 3, (9, 2, 4))
    stored = logits_of(apply_temperature(logits, 1.0))
    np.testing.assert_allclose(features_of(stored), features_of(logits), atol=1e-9)


def test_a_class_without_a_prediction_is_refused():
    features, y_true, folds, group, _ = drawn(4)
    rows = y_true < 3
    with pytest.raises(TrainingError, match="A class has no out-of-fold prediction"):
        fit_meta(
            "boosting", features[rows], y_true[rows], folds=folds[rows], group=group[rows],
            n_classes=4,
        )  # fmt: skip


def changed(run, **columns):
    parts = {"file": run.file, "y_true": run.y_true, "group": run.group, **run.slices}
    values = {name: np.array(value) for name, value in parts.items()}
    for name, (row, value) in columns.items():
        values[name][row] = value
    slices = {"fold": values.pop("fold")}
    made = object.__new__(type(run))
    for name in ("class_names", "y_prob", "refused", "facts"):
        object.__setattr__(made, name, getattr(run, name))
    for name, value in {**values, "slices": slices}.items():
        object.__setattr__(made, name, value)
    return made


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("file", "other.png", "2 pictures are in one run only, such as other.png"),
        ("y_true", 3, "another reference label, such as p000.png"),
        ("group", "s39", "another series, such as p000.png"),
        ("fold", "5", r"another fold, such as p000.png \(1 and 5\)"),
    ],
)
def test_runs_on_another_footing_are_refused_in_a_sentence_that_names_the_difference(
    column, value, sentence
):
    first, other = drawn_run(seed=1), drawn_run(seed=2)
    with pytest.raises(EnsembleError, match=sentence):
        out_of_fold_rows({"a": first, "b": changed(other, **{column: (0, value)})})


def test_rows_in_another_order_are_brought_into_the_first_ones():
    first, other = drawn_run(seed=1), drawn_run(seed=2)
    mixed = other.subset(np.random.default_rng(0).permutation(other.n))
    rows = same_rows({"a": first, "b": mixed}, also=("fold",))
    np.testing.assert_array_equal(rows.y_prob[:, 1], other.y_prob)


def test_a_group_in_two_folds_is_refused():
    run = drawn_run()
    both = {"a": changed(run, fold=(0, "5")), "b": changed(run, fold=(0, "5"))}
    with pytest.raises(EnsembleError, match="s00 is in more than one fold"):
        out_of_fold_rows(both)
