"""The confusion matrix and its cells."""

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation.confusion import (
    called_class,
    confusion_matrix,
    group_confusions,
    one_vs_rest,
)
from tests.drawn_runs import draw_run

HAND = np.array([[5, 1], [2, 4]])


def test_ties_are_called_the_first_class():
    assert called_class(np.array([[0.5, 0.5], [0.2, 0.8]])).tolist() == [0, 1]


def test_rows_are_the_reference_and_columns_the_call():
    counts = confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 1]), n_classes=2)
    assert counts.tolist() == [[0, 2], [0, 1]]


def test_counts_equal_scikit_learn():
    run = draw_run(900)
    called = called_class(run.y_prob)
    ours = confusion_matrix(run.y_true, called, n_classes=4)
    assert (ours == metrics.confusion_matrix(run.y_true, called)).all()


def test_a_class_that_never_occurs_has_a_row_and_a_column():
    assert confusion_matrix(np.array([0]), np.array([0]), n_classes=3).shape == (3, 3)


def test_groups_add_up_to_the_whole():
    run = draw_run(300)
    codes = np.unique(run.group, return_inverse=True)[1]
    called = called_class(run.y_prob)
    parts = group_confusions(run.y_true, called, codes, n_classes=4)
    assert len(parts) == len(set(run.group))
    assert (parts.sum(axis=0) == confusion_matrix(run.y_true, called, n_classes=4)).all()


@pytest.mark.parametrize(
    ("cell", "expected"), [("tp", [5, 4]), ("fn", [1, 2]), ("fp", [2, 1]), ("tn", [4, 5])]
)
def test_cells_of_a_hand_computed_table(cell, expected):
    assert getattr(one_vs_rest(HAND), cell).tolist() == expected


def test_cells_of_many_tables_come_in_one_call():
    stacked = one_vs_rest(np.stack([HAND, 2 * HAND]))
    assert stacked.tn.tolist() == [[4, 5], [8, 10]]
