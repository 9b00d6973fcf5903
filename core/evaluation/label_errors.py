"""Suspected label errors by confident learning, from probabilities of networks that had not seen.

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70
(2021) 1373-1411. The threshold of a class is its mean self-confidence: the mean of p_j over the
cases that are labelled j. A case is confidently of class j when p_j reaches that threshold; of
several such classes the most probable one counts. It is suspected when it is confidently of a class
that is not its label: the off-diagonal of the confident joint, which is the paper's second way to
choose cases.

The rule finds disagreement, not truth: the share of suspected cases of a weak model is mostly
its own errors. It says nothing at all where the network may have seen the case, for it would have
learnt the wrong label by heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.facts import RunFacts

# Splits whose probabilities come from networks that saw neither the case nor its group.
UNSEEN_SPLITS = ("out_of_fold", "test")
RULE = (
    "confident learning (Northcutt et al. 2021): confidently of a class that is not the label, "
    "where a class's threshold is the mean probability that its own cases get"
)
# Two sums of the same numbers may differ in the last place.
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class LabelCheck:
    """Which labels of a run are doubtful.

    Attributes
    ----------
    is_suspected : ndarray of shape (n,), bool
    suggested : ndarray of shape (n,), int64
        The class that it is confidently of; -1 where it is confidently of none.
    thresholds : ndarray of shape (n_classes,), float64
        Mean self-confidence; NaN for a class without a case, which is never suggested.
    confident_joint : ndarray of shape (n_classes, n_classes), int64
        Rows the label, columns the class that a case is confidently of; counted, not calibrated.
    """

    is_suspected: NDArray[np.bool_]
    suggested: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    confident_joint: NDArray[np.int64]


def may_doubt_labels(facts: RunFacts) -> bool:
    """Return whether a run's probabilities come from networks that had not seen its cases."""
    return facts.split in UNSEEN_SPLITS


def check_labels(y_true: NDArray[np.int64], y_prob: NDArray[np.float64]) -> LabelCheck:
    """Return which labels are doubtful.

    Parameters
    ----------
    y_true : ndarray of shape (n,), int64
        Index of the label.
    y_prob : ndarray of shape (n, n_classes), 0..1
        Out of sample: from a network that did not see the case (:func:`may_doubt_labels`).

    Raises
    ------
    EvaluationError
        If the shapes do not fit together.
    """
    if y_prob.ndim != 2 or y_true.shape != y_prob.shape[:1]:
        raise EvaluationError(
            f"y_true has the shape {y_true.shape} and y_prob {y_prob.shape}.",
            remedy="Give one label and one row of probabilities a case.",
        )
    n, n_classes = y_prob.shape
    counts = np.bincount(y_true, minlength=n_classes)
    own = np.bincount(y_true, weights=y_prob[np.arange(n), y_true], minlength=n_classes)
    thresholds = np.divide(own, counts, out=np.full(n_classes, np.nan), where=counts > 0)
    reaches = y_prob >= np.where(counts > 0, thresholds, np.inf) - _TOLERANCE
    likeliest = np.where(reaches, y_prob, -1.0).argmax(axis=1)
    suggested = np.where(reaches.any(axis=1), likeliest, -1).astype(np.int64)
    sure = suggested >= 0
    joint = np.bincount(y_true[sure] * n_classes + suggested[sure], minlength=n_classes**2).reshape(
        n_classes, n_classes
    )
    return LabelCheck(sure & (suggested != y_true), suggested, thresholds, joint)
