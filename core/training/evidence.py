"""How much a detector's evidence adds to each class: a few numbers, fitted out of fold.

The detector was taught on drawn findings; what its evidence is worth on real pictures is asked of
pictures that neither it nor the backbone saw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from core.errors import TrainingError

Floats = NDArray[np.float64]
RIDGE = 1e-3


def fit_evidence_weights(
    logits: Floats, evidence: Floats, y_true: NDArray[np.int64], group: NDArray[np.object_]
) -> Floats:
    """Fit what one unit of evidence adds to each logit.

    Minimises the negative log-likelihood of ``softmax(logits / T + evidence v)`` over T and v,
    every group weighing the same, with a small ridge on v; the weights are then ``T v``, so that
    the temperature fitted later meets logits of the size they were.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Out of fold.
    evidence : ndarray of shape (n,), >= 0
        Out of fold.
    y_true : ndarray of shape (n,), int64
    group : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n_classes,), float64
        Their sum is 0: a shift of all logits alike says nothing.

    Raises
    ------
    TrainingError
        If a value is not a number.
    """
    if not (np.isfinite(logits).all() and np.isfinite(evidence).all()):
        raise TrainingError(
            "Evidence or logits hold values that are not numbers.", remedy="Lower learning_rate."
        )
    _, member, size = np.unique(group.astype(str), return_inverse=True, return_counts=True)
    weight = 1.0 / size[member] / len(size)
    n_classes = logits.shape[1]

    def loss(values: Floats) -> float:
        mixed = logits * np.exp(-values[0]) + evidence[:, None] * values[1:]
        picked = log_softmax(mixed, axis=1)[np.arange(len(y_true)), y_true]
        return float(-(weight * picked).sum() + RIDGE * (values[1:] ** 2).sum())

    found = minimize(loss, np.zeros(1 + n_classes), method="BFGS")
    weights = found.x[1:] * np.exp(found.x[0])
    return np.asarray(weights - weights.mean(), np.float64)


def fused(logits: Floats, evidence: Floats, weights: Floats) -> Floats:
    """Return the logits with the evidence added."""
    return np.asarray(logits + evidence[:, None] * weights, np.float64)


def cross_fitted(
    logits: Floats,
    evidence: Floats,
    y_true: NDArray[np.int64],
    *,
    group: NDArray[np.object_],
    folds: NDArray[np.int64],
    fitted: NDArray[np.bool_],
) -> Floats:
    """Return fused logits where each fold's weights were fitted on the other folds.

    ``fitted`` (n,) marks whose labels may be learnt from at all. Those of a test part may not:
    temperature and threshold are fitted on what comes out.
    """
    answer = np.array(logits, np.float64)
    for fold in np.unique(folds):
        own, others = folds == fold, (folds != fold) & fitted
        weights = fit_evidence_weights(
            logits[others], evidence[others], y_true[others], group[others]
        )
        answer[own] = fused(logits[own], evidence[own], weights)
    return answer
