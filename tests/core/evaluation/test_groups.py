"""Pictures of a group put together into one case."""

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.groups import aggregate_groups
from tests.drawn_runs import draw_run, make_run

FINDINGS = ("cyst", "stone", "tumor")
BINARY = ("normal", "stone")


def test_the_mean_of_a_group_is_that_of_its_pictures():
    run = make_run([1, 1, 2], [[0.1, 0.7, 0.1, 0.1], [0.3, 0.5, 0.1, 0.1], [0, 0, 1, 0]],
                   group=["b", "b", "a"])  # fmt: skip
    made = aggregate_groups(run, rule="mean", findings=FINDINGS)
    assert made.file.tolist() == made.group.tolist() == ["a", "b"]
    assert made.y_true.tolist() == [2, 1]
    assert made.y_prob == pytest.approx(np.array([[0, 0, 1, 0], [0.2, 0.6, 0.1, 0.1]]))


def test_any_calls_a_binary_finding_exactly_when_a_picture_does():
    rng = np.random.default_rng(0)
    positive, codes = rng.random(300) * 0.7, rng.integers(0, 60, 300)
    run = make_run(np.zeros(300, int), np.column_stack([1 - positive, positive]),
                   group=codes.astype(str), class_names=BINARY)  # fmt: skip
    made = aggregate_groups(run, rule="any", findings=["stone"])
    called = made.y_prob.argmax(axis=1) == 1
    by_picture = [(positive[codes == int(name)] > 0.5).any() for name in made.group]
    assert called.tolist() == by_picture
    assert 0 < called.sum() < made.n


@pytest.mark.parametrize("rule", ["mean", "any"])
def test_probabilities_of_a_group_sum_to_one(rule):
    made = aggregate_groups(draw_run(200), rule=rule, findings=FINDINGS)
    assert made.y_prob.sum(axis=1) == pytest.approx(1)


def test_a_mixed_group_counts_as_its_finding_and_is_mentioned():
    run = make_run([1, 1, 1, 2, 0], np.eye(4)[[1, 1, 1, 2, 0]], group=["a", "a", "a", "a", "b"])
    made = aggregate_groups(run, rule="mean", findings=FINDINGS)
    assert made.y_true.tolist() == [2, 0]
    assert "1 of 2 groups" in made.facts.notes[0]


def test_a_group_is_refused_only_where_every_picture_is():
    run = make_run([1, 1, 1], np.eye(4)[[1, 1, 1]], group=["a", "a", "b"])
    object.__setattr__(run, "refused", np.array([True, False, True]))
    made = aggregate_groups(run, rule="mean", findings=FINDINGS)
    assert made.refused.tolist() == [False, True]


def test_without_groups_there_is_nothing_to_put_together():
    with pytest.raises(EvaluationError, match="no groups"):
        aggregate_groups(draw_run(5, n_groups=None), rule="mean", findings=FINDINGS)
