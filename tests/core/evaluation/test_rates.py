"""Rates against hand-computed tables and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation import rates
from core.evaluation.confusion import called_class, confusion_matrix, one_vs_rest
from tests.drawn_runs import draw_run

# 8 sick, 6 found; 12 healthy, 9 called healthy.
HAND = np.array([[6, 2], [3, 9]])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("sensitivity", 6 / 8), ("specificity", 9 / 12), ("ppv", 6 / 9), ("npv", 9 / 11)],
)
def test_a_rate_of_a_hand_computed_table(rate, expected):
    assert getattr(rates, rate)(one_vs_rest(HAND))[0] == pytest.approx(expected, abs=1e-15)


def test_f1_of_a_hand_computed_table():
    assert rates.f1(one_vs_rest(HAND))[0] == pytest.approx(12 / 17, abs=1e-15)


@pytest.mark.parametrize(
    ("rate", "table"),
    [
        ("sensitivity", [[0, 0], [1, 1]]),
        ("specificity", [[1, 1], [0, 0]]),
        ("ppv", [[0, 1], [0, 1]]),
        ("npv", [[1, 0], [1, 0]]),
        ("f1", [[0, 0], [1, 1]]),
    ],
)
def test_an_empty_denominator_is_undefined_and_not_zero(rate, table):
    assert np.isnan(getattr(rates, rate)(one_vs_rest(np.array(table)))[0])


def test_f1_of_a_class_that_was_never_found_is_zero():
    assert rates.f1(one_vs_rest(np.array([[0, 5], [0, 5]])))[0] == 0


def test_summaries_equal_scikit_learn():
    run = draw_run(700)
    called = called_class(run.y_prob)
    confusion = confusion_matrix(run.y_true, called, n_classes=4)
    assert rates.accuracy(confusion) == pytest.approx(metrics.accuracy_score(run.y_true, called))
    assert rates.macro_f1(confusion) == pytest.approx(
        metrics.f1_score(run.y_true, called, average="macro")
    )
    assert rates.balanced_accuracy(confusion) == pytest.approx(
        metrics.balanced_accuracy_score(run.y_true, called)
    )


def test_macro_means_leave_out_classes_without_a_true_case():
    confusion = np.array([[4, 0, 1], [0, 5, 0], [0, 0, 0]])
    assert rates.balanced_accuracy(confusion) == pytest.approx((0.8 + 1) / 2)
    assert rates.macro_f1(confusion) == pytest.approx((8 / 9 + 1) / 2)


def test_many_tables_come_in_one_call():
    assert rates.accuracy(np.stack([HAND, np.eye(2)])).tolist() == [0.75, 1.0]
