"""Meta learners as plain arrays, evaluated with numpy: no pickle, no scikit-learn when answering.

Each takes features (n, n_features) and gives one score a class, (n, n_classes), whose softmax are
the probabilities that the scikit-learn estimator gives (``core.training.stacking`` fits and
stores them; tests hold the two equal within 1e-6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelVersionError
from core.inference.calibration import log_softmax
from core.inference.ensemble_spec import MetaKind

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]
LOWEST_PROBABILITY = 1e-6  # a forest says exactly 0; no score is minus infinity
LEAF = -1
CHUNK = 1024  # rows whose distances to all support vectors are held at a time


class MetaLearner(Protocol):
    """What turns the members' logits into scores of the ensemble."""

    def scores(self, features: Floats) -> Floats:
        """Return (n, n_classes) scores of features (n, n_features)."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that ``meta_learner`` reads."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Multinomial logistic regression: ``features @ coefficients + intercept``.

    ``coefficients`` (n_features, n_classes); ``intercept`` (n_classes,).
    """

    coefficients: Floats
    intercept: Floats

    def scores(self, features: Floats) -> Floats:
        """Return the log-odds."""
        return np.asarray(features @ self.coefficients + self.intercept, np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return both arrays."""
        return {"coefficients": self.coefficients, "intercept": self.intercept}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the learner of stored arrays."""
        return cls(arrays["coefficients"], arrays["intercept"])


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Nodes of all trees, one after the other.

    Attributes
    ----------
    roots : ndarray of shape (n_trees,), int
        Node where each tree begins.
    left, right : ndarray of shape (n_nodes,), int
        Next node; -1 at a leaf. A row goes left where ``feature <= threshold``.
    feature : ndarray of shape (n_nodes,), int
    threshold : ndarray of shape (n_nodes,), float64
    value : ndarray of shape (n_nodes, n_values), float64
        What a leaf says.
    """

    roots: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    value: Floats

    def leaves(self, features: Floats) -> Floats:
        """Return what the leaf of each row and tree says, (n, n_trees, n_values)."""
        # The trees were grown on features in single precision: thresholds lie between those.
        single = np.asarray(features, np.float32)
        rows = np.arange(len(single))[:, None]
        node = np.broadcast_to(self.roots, (len(single), len(self.roots))).copy()
        for _ in range(len(self.left)):  # no path is longer than there are nodes
            is_leaf = self.left[node] == LEAF
            if is_leaf.all():
                break
            goes_left = single[rows, self.feature[node]] <= self.threshold[node]
            below = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(is_leaf, node, below)
        return np.asarray(self.value[node], np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays."""
        return {name: getattr(self, name) for name in TREE_KEYS}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the trees of stored arrays."""
        return cls(**{name: arrays[name] for name in TREE_KEYS})


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Random forest: the mean over trees of each leaf's class shares."""

    trees: Trees

    def scores(self, features: Floats) -> Floats:
        """Return the log of the mean share, at least log(1e-6)."""
        shares = self.trees.leaves(features).mean(axis=1)
        return np.asarray(np.log(np.maximum(shares, LOWEST_PROBABILITY)), np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees' arrays."""
        return self.trees.to_arrays()

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the learner of stored arrays."""
        return cls(Trees.of(arrays))


@dataclass(frozen=True, slots=True, eq=False)
class Boosting:
    """Gradient boosting: the start and the sum of the trees of each class.

    ``start`` (n_classes,); ``tree_class`` (n_trees,) int, the class that a tree adds to; leaves
    hold one number, the learning rate included.
    """

    trees: Trees
    tree_class: NDArray[np.int64]
    start: Floats

    def scores(self, features: Floats) -> Floats:
        """Return the raw scores."""
        added = self.trees.leaves(features)[:, :, 0]
        member = np.equal.outer(self.tree_class, np.arange(len(self.start))).astype(np.float64)
        return np.asarray(self.start + added @ member, np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees' arrays, which class each adds to, and the start."""
        return self.trees.to_arrays() | {"tree_class": self.tree_class, "start": self.start}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the learner of stored arrays."""
        return cls(Trees.of(arrays), arrays["tree_class"], arrays["start"])


@dataclass(frozen=True, slots=True, eq=False)
class SupportVectors:
    """One support vector machine a class against the rest, its margins made probabilities.

    ``decision_c = sum_j dual[j, c] exp(-gamma |z - support_j|^2) + offset_c`` with the features
    standardised, ``z = (x - mean) / scale``; a multinomial logistic regression on the decisions
    (Platt, 1999, for more than two classes) gives the scores.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
    support : ndarray of shape (n_support, n_features)
        Standardised; the union over the machines.
    dual : ndarray of shape (n_support, n_classes)
        0 where a vector supports no margin of that class.
    offset : ndarray of shape (n_classes,)
    gamma : float
    margins : Linear
        From decisions to scores.
    """

    mean: Floats
    scale: Floats
    support: Floats
    dual: Floats
    offset: Floats
    gamma: float
    margins: Linear

    def decisions(self, features: Floats) -> Floats:
        """Return the decision of each machine, (n, n_classes)."""
        ready = (features - self.mean) / self.scale
        parts = [self._part(ready[at : at + CHUNK]) for at in range(0, len(ready), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.offset)))

    def _part(self, rows: Floats) -> Floats:
        lengths = (rows**2).sum(axis=1)[:, None] + (self.support**2).sum(axis=1)
        squared = np.maximum(lengths - 2 * rows @ self.support.T, 0.0)
        return np.asarray(np.exp(-self.gamma * squared) @ self.dual + self.offset, np.float64)

    def scores(self, features: Floats) -> Floats:
        """Return the log-odds of the decisions."""
        return self.margins.scores(self.decisions(features))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array; ``margins`` under its own two names."""
        own = {name: getattr(self, name) for name in ("mean", "scale", "support", "dual", "offset")}
        return own | {"gamma": np.array(self.gamma)} | self.margins.to_arrays()

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the learner of stored arrays."""
        names = ("mean", "scale", "support", "dual", "offset")
        own = {name: arrays[name] for name in names}
        return cls(**own, gamma=float(arrays["gamma"]), margins=Linear.of(arrays))


TREE_KEYS = ("roots", "left", "right", "feature", "threshold", "value")
_KINDS: dict[MetaKind, Any] = {
    "logistic_regression": Linear,
    "random_forest": Forest,
    "svm": SupportVectors,
    "boosting": Boosting,
}


def meta_learner(kind: MetaKind, arrays: Arrays, *, n_classes: int) -> MetaLearner:
    """Return the meta learner of stored arrays.

    Raises
    ------
    ModelVersionError
        If an array is missing, holds something else than numbers, or does not fit the others.
    """
    try:
        learner: MetaLearner = _KINDS[kind].of(arrays)
        held = list(learner.to_arrays().values())
        numbers = all(np.isfinite(array).all() for array in held)
        fits = numbers and _fits(learner, n_classes)
    except (KeyError, TypeError, ValueError, IndexError):
        fits = False
    if not fits:
        raise ModelVersionError(
            f"The meta learner of the model version ({kind}) does not hold together.",
            remedy="Install the model version again, or make the ensemble again.",
        )
    return learner


def _fits(learner: MetaLearner, n_classes: int) -> bool:
    if isinstance(learner, Forest | Boosting):
        return _trees_fit(learner.trees)
    if isinstance(learner, SupportVectors):
        return learner.dual.shape == (len(learner.support), n_classes)
    return isinstance(learner, Linear) and learner.coefficients.shape[1:] == (n_classes,)


def _trees_fit(trees: Trees) -> bool:
    """Whether every node leads to a later one: then every path ends."""
    n_nodes, places = len(trees.left), np.arange(len(trees.left))
    inner = trees.left != LEAF
    later = (trees.left > places) & (trees.right > places)
    inside = (trees.left < n_nodes) & (trees.right < n_nodes) & (trees.feature >= 0)
    return bool((later & inside)[inner].all() and (trees.roots < n_nodes).all())


def probabilities(learner: MetaLearner, features: Floats) -> Floats:
    """Return softmax(scores), (n, n_classes)."""
    return np.exp(log_softmax(learner.scores(features)))
