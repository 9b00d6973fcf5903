"""The confusion matrix and the four cells of each class against the rest.

Rows are the reference standard, columns the called class, both in class order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


def called_class(y_prob: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the index of the called class: the argmax, ties to the first class.

    >>> called_class(np.array([[0.2, 0.4, 0.4]])).tolist()
    [1]
    """
    index: NDArray[np.int64] = np.argmax(y_prob, axis=1).astype(np.int64)
    return index


def confusion_matrix(
    y_true: NDArray[np.int64], called: NDArray[np.int64], *, n_classes: int
) -> NDArray[np.int64]:
    """Return counts of shape (n_classes, n_classes): rows ``y_true``, columns ``called``.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), n_classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = np.bincount(y_true * n_classes + called, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def group_confusions(
    y_true: NDArray[np.int64],
    called: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    n_classes: int,
) -> NDArray[np.int64]:
    """Return one confusion matrix a group, shape (n_groups, n_classes, n_classes).

    ``group`` holds indices 0..n_groups-1, each of them present.
    """
    n_groups = int(group.max()) + 1
    cell = (group * n_classes + y_true) * n_classes + called
    counts = np.bincount(cell, minlength=n_groups * n_classes**2)
    return counts.reshape(n_groups, n_classes, n_classes)


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Which classes a case holds and which it is called, where either may be several.

    A series of slices may hold a cyst and a stone. Both of shape (n, n_classes), bool.
    """

    held: NDArray[np.bool_]
    called: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The four cells of each class against the rest; arrays of shape (..., n_classes)."""

    tp: NDArray[Any]
    fn: NDArray[Any]
    fp: NDArray[Any]
    tn: NDArray[Any]


def one_vs_rest(confusion: NDArray[Any]) -> Cells:
    """Return the four cells of every class of confusion matrices of shape (..., c, c).

    >>> cells = one_vs_rest(np.array([[5, 1], [2, 4]]))
    >>> int(cells.tp[0]), int(cells.fn[0]), int(cells.fp[0]), int(cells.tn[0])
    (5, 1, 2, 4)
    """
    tp = np.diagonal(confusion, axis1=-2, axis2=-1)
    fn = confusion.sum(axis=-1) - tp
    fp = confusion.sum(axis=-2) - tp
    tn = confusion.sum(axis=(-2, -1))[..., None] - tp - fn - fp
    return Cells(tp, fn, fp, tn)


def cells_of_labels(labels: Labels, group: NDArray[np.int64]) -> Cells:
    """Return the four cells of every class a group, arrays of shape (n_groups, n_classes).

    ``group`` holds indices 0..n_groups-1, each of them present.
    """
    n_groups = int(group.max()) + 1

    def counts(where: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.stack([np.bincount(group[column], minlength=n_groups) for column in where.T], 1)

    held, called = labels.held, labels.called
    return Cells(
        tp=counts(held & called),
        fn=counts(held & ~called),
        fp=counts(~held & called),
        tn=counts(~held & ~called),
    )
