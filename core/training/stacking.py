"""Fit a meta learner on the members' out-of-fold predictions.

Wolpert, "Stacked generalization", Neural Networks 1992: what combines the members must see only
what they said of pictures that they were not fitted on. Its own figure needs one fold more
(``core.workflows.ensembling``).

scikit-learn fits; what is stored and answers are plain arrays (``core.inference.meta_learner``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.errors import TrainingError
from core.inference.arrays import choose_rows
from core.inference.ensemble_spec import MetaKind
from core.inference.meta_learner import (
    LEAF,
    Boosting,
    Forest,
    Linear,
    MetaLearner,
    SupportVectors,
    Trees,
)

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
SEED = 0
MOST_SVM_ROWS = 2000  # the time of a fit grows with their square, and more change little

SETTINGS: dict[MetaKind, Mapping[str, Any]] = {
    "logistic_regression": {"C": 1.0, "max_iter": 2000},
    "random_forest": {"n_estimators": 100, "max_depth": 6, "min_samples_leaf": 5},
    "svm": {"C": 1.0, "kernel": "rbf"},
    "boosting": {"n_estimators": 60, "max_depth": 2, "learning_rate": 0.1, "subsample": 0.8},
}


def fit_meta(
    kind: MetaKind, features: Floats, y_true: Rows, *, folds: Rows, group: Any, n_classes: int
) -> MetaLearner:
    """Fit a meta learner.

    Parameters
    ----------
    kind : str
    features : ndarray of shape (n, n_features)
        Centred out-of-fold logits of all members (``core.inference.combining.features_of``).
    y_true : ndarray of shape (n,), int64
        0 to n_classes - 1, every class at least once.
    folds : ndarray of shape (n,), int64
        Of each row; only the support vector machine asks (its margins become probabilities on
        decisions out of fold).
    group : ndarray of shape (n,)
        Series, patient or slide; where rows are too many, they are thinned evenly over groups.
    n_classes : int

    Raises
    ------
    TrainingError
        If a class is missing, or the folds are too few.
    """
    if set(y_true.tolist()) != set(range(n_classes)):
        raise TrainingError(
            "A class has no out-of-fold prediction to fit the meta learner on.",
            remedy="Use combine mean_logits, or members judged on pictures of every class.",
        )
    if kind == "logistic_regression":
        return _linear(features, y_true)
    if kind == "random_forest":
        return _forest(features, y_true)
    if kind == "boosting":
        return _boosting(features, y_true)
    rows = choose_rows(np.asarray(group), per_group=len(y_true), at_most=MOST_SVM_ROWS)
    return _support_vectors(features[rows], y_true[rows], folds[rows])


def _linear(features: Floats, y_true: Rows) -> Linear:
    """Fit on standardised features, and fold the standardisation into the coefficients."""
    scaler = StandardScaler().fit(features)
    fitted = LogisticRegression(**SETTINGS["logistic_regression"])
    fitted.fit(scaler.transform(features), y_true)
    coefficients, intercept = _every_class(fitted)
    inside = coefficients / scaler.scale_[:, None]
    return Linear(inside, intercept - scaler.mean_ @ inside)


def _every_class(fitted: LogisticRegression) -> tuple[Floats, Floats]:
    """Return (n_features, n_classes) and (n_classes,): of two classes half the log-odds each."""
    coefficients, intercept = fitted.coef_.T, fitted.intercept_
    if coefficients.shape[1] == 1:
        halves = np.array([-0.5, 0.5])
        coefficients, intercept = coefficients * halves, intercept * halves
    return np.asarray(coefficients, np.float64), np.asarray(intercept, np.float64)


def _forest(features: Floats, y_true: Rows) -> Forest:
    fitted = RandomForestClassifier(**SETTINGS["random_forest"], random_state=SEED)
    fitted.fit(features, y_true)
    trees = [tree.tree_ for tree in fitted.estimators_]
    values = [
        tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True) for tree in trees
    ]
    return Forest(_one_after_another(trees, values))


def _boosting(features: Floats, y_true: Rows) -> Boosting:
    fitted = GradientBoostingClassifier(**SETTINGS["boosting"], random_state=SEED)
    fitted.fit(features, y_true)
    n_classes = len(fitted.classes_)
    trees = [tree.tree_ for stage in fitted.estimators_ for tree in stage]
    values = [fitted.learning_rate * tree.value[:, 0, :] for tree in trees]
    # Of two classes one tree a stage says what speaks for the second; its prior is log-odds.
    per_stage = fitted.estimators_.shape[1]
    own = np.arange(n_classes) if per_stage > 1 else np.array([1])
    start = np.log(np.bincount(y_true, minlength=n_classes) / len(y_true))
    return Boosting(
        trees=_one_after_another(trees, values),
        tree_class=np.tile(own, len(fitted.estimators_)).astype(np.int64),
        start=start,
    )


def _one_after_another(trees: list[Any], values: list[Floats]) -> Trees:
    """Return the nodes of all trees in one row of nodes."""
    counts = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)

    def moved(name: str) -> Rows:
        parts = [
            np.where(getattr(tree, name) == LEAF, LEAF, getattr(tree, name) + root)
            for tree, root in zip(trees, roots, strict=True)
        ]
        return np.concatenate(parts).astype(np.int64)

    feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int64)
    threshold = np.concatenate([tree.threshold for tree in trees]).astype(np.float64)
    left, right = moved("children_left"), moved("children_right")
    return Trees(roots, left, right, feature, threshold, np.concatenate(values))


def _support_vectors(features: Floats, y_true: Rows, folds: Rows) -> SupportVectors:
    if len(set(folds.tolist())) < 2:
        raise TrainingError(
            "The margins of a support vector machine become probabilities on decisions out of "
            "fold; there are too few folds for that.",
            remedy="Train the members with --folds 5, or choose another meta learner.",
        )
    out_of_fold = np.empty((len(y_true), int(y_true.max()) + 1))
    for fold in np.unique(folds):
        others, own = folds != fold, folds == fold
        draft = _machines(features[others], y_true[others], n_classes=out_of_fold.shape[1])
        out_of_fold[own] = draft.decisions(features[own])
    platt = LogisticRegression(**SETTINGS["logistic_regression"]).fit(out_of_fold, y_true)
    return _machines(
        features, y_true, n_classes=out_of_fold.shape[1], margins=Linear(*_every_class(platt))
    )


def _machines(
    features: Floats, y_true: Rows, *, n_classes: int, margins: Linear | None = None
) -> SupportVectors:
    """Fit one machine a class against the rest; ``margins`` None: the decisions themselves."""
    scaler = StandardScaler().fit(features)
    ready = scaler.transform(features)
    gamma = 1.0 / ready.shape[1]  # "scale" of scikit-learn, the features being standardised
    dual, offset = np.zeros((len(ready), n_classes)), np.zeros(n_classes)
    for index in range(n_classes):
        machine = SVC(**SETTINGS["svm"], gamma=gamma).fit(ready, y_true == index)
        dual[machine.support_, index] = machine.dual_coef_[0]
        offset[index] = machine.intercept_[0]
    used = (dual != 0).any(axis=1)
    return SupportVectors(
        mean=np.asarray(scaler.mean_, np.float64),
        scale=np.asarray(scaler.scale_, np.float64),
        support=np.asarray(ready[used], np.float64),
        dual=dual[used],
        offset=offset,
        gamma=gamma,
        margins=margins or Linear(np.eye(n_classes), np.zeros(n_classes)),
    )
