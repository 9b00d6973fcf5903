"""Rates of a confusion matrix. Undefined is NaN here and becomes ``None`` in a figure, never 0.

Every function takes arrays, so that a thousand resampled matrices cost one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Cells, one_vs_rest


def ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> NDArray[np.float64]:
    """Return numerator / denominator, NaN where the denominator is 0."""
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def sensitivity(cells: Cells) -> NDArray[np.float64]:
    """Return tp / (tp + fn): of the cases of the class, the share that was called it (= recall)."""
    return ratio(cells.tp, cells.tp + cells.fn)


def specificity(cells: Cells) -> NDArray[np.float64]:
    """Return tn / (tn + fp): of the cases of other classes, the share not called this class."""
    return ratio(cells.tn, cells.tn + cells.fp)


def ppv(cells: Cells) -> NDArray[np.float64]:
    """Return tp / (tp + fp): of the cases called the class, the share that is it (= precision)."""
    return ratio(cells.tp, cells.tp + cells.fp)


def npv(cells: Cells) -> NDArray[np.float64]:
    """Return tn / (tn + fn): of the cases not called the class, the share that is not it."""
    return ratio(cells.tn, cells.tn + cells.fn)


def f1(cells: Cells) -> NDArray[np.float64]:
    """Return 2 tp / (2 tp + fp + fn): harmonic mean of sensitivity and PPV.

    Undefined without a case of the class. With cases of the class that were never called it, it
    is 0: nothing was found, although the PPV alone is undefined.
    """
    value = ratio(2 * cells.tp, 2 * cells.tp + cells.fp + cells.fn)
    return np.where(cells.tp + cells.fn > 0, value, np.nan)


def accuracy(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Return diagonal over total: the share of cases called what they are; shape (...)."""
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def per_class(cells: Cells) -> dict[str, NDArray[np.float64]]:
    """Return every rate of each class by name; arrays of shape (..., n_classes)."""
    return {
        "sensitivity": sensitivity(cells),
        "specificity": specificity(cells),
        "ppv": ppv(cells),
        "npv": npv(cells),
        "f1": f1(cells),
    }


def class_mean(
    values: NDArray[np.float64], n_true: NDArray[Any], *, weighted: bool = False
) -> NDArray[np.float64]:
    """Return the mean of a figure over the classes with a true case.

    Undefined where the figure of such a class is: a class that was never called has no PPV, and a
    mean that leaves it out would flatter.

    Parameters
    ----------
    values, n_true : ndarray of shape (..., n_classes)
        The figure, and the number of true cases, of each class.
    weighted : bool
        Weigh a class by its true cases; else every class counts the same (macro).
    """
    weight = n_true.astype(np.float64) if weighted else (n_true > 0).astype(np.float64)
    counted = np.where(weight > 0, values * weight, 0.0)
    return ratio(counted.sum(axis=-1), weight.sum(axis=-1))


def _mean_of_defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def balanced_accuracy(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean sensitivity over the classes with at least one true case."""
    return _mean_of_defined(sensitivity(one_vs_rest(confusion)))


def macro_f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean F1 over the classes with at least one true case."""
    return _mean_of_defined(f1(one_vs_rest(confusion)))
