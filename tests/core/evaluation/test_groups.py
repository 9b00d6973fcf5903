"""Pictures of a group put together into one case."""

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.bootstrap import SEED, draw_counts, resample
from core.evaluation.figures import run_figures
from core.evaluation.groups import aggregate_groups, group_cases
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


MIXED = {
    "class_names": ("cyst", "normal", "stone"),
    "group": ["a", "a", "a", "b", "b", "c", "c", "d"],
}
# a: a cyst and a stone among normal slices; b: normal; c: a stone that is missed; d: a cyst
MIXED_TRUE = [0, 2, 1, 1, 1, 2, 1, 0]
MIXED_CALLED = [0, 2, 1, 1, 1, 1, 1, 2]


def mixed_run():
    y_prob = np.full((8, 3), 0.2)
    y_prob[np.arange(8), MIXED_CALLED] = 0.6
    return make_run(MIXED_TRUE, y_prob, **MIXED)


def test_a_mixed_group_is_positive_for_every_class_that_any_picture_holds():
    cases = group_cases(mixed_run(), rule="any", findings=("cyst", "stone"))
    assert cases.labels.held.astype(int).tolist() == [[1, 1, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]]
    assert cases.n_mixed == 2
    assert cases.run.group is None


def test_any_slice_calls_the_series_each_finding_and_normal_only_without_one():
    cases = group_cases(mixed_run(), rule="any", findings=("cyst", "stone"))
    assert cases.labels.called.astype(int).tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    made = run_figures(cases.run, labels=cases.labels)
    # By hand: series a and c hold a stone, a is called it; d is called a stone and holds a cyst.
    stone = made.per_class["stone"]
    assert (stone["sensitivity"].value, stone["sensitivity"].n) == (0.5, 2)
    assert (stone["specificity"].value, stone["specificity"].n) == (0.5, 2)
    assert (stone["ppv"].value, stone["ppv"].n) == (0.5, 2)
    cyst = made.per_class["cyst"]
    assert (cyst["sensitivity"].value, cyst["ppv"].value) == (0.5, 1.0)
    assert made.n_true == {"cyst": 2, "normal": 3, "stone": 2}
    assert stone["sensitivity"].low_grouped is None  # each series is a case of its own


def test_the_mean_calls_a_series_one_class():
    cases = group_cases(mixed_run(), rule="mean", findings=("cyst", "stone"))
    assert cases.labels.called.sum(axis=1).tolist() == [1, 1, 1, 1]
    assert cases.labels.held.sum() == 7


def test_without_mixed_groups_the_figures_are_those_of_one_class_a_group():
    rng = np.random.default_rng(1)
    codes = np.r_[np.arange(30), rng.integers(0, 30, 270)]
    y_true = (codes % 4).astype(np.int64)
    y_prob = rng.dirichlet(np.ones(4), 300)
    y_prob[np.arange(300), y_true] += 0.5
    run = make_run(y_true, y_prob / 1.5, group=codes.astype(str))
    cases = group_cases(run, rule="mean", findings=FINDINGS)
    assert cases.n_mixed == 0
    held, one = run_figures(cases.run, labels=cases.labels), run_figures(cases.run)
    assert held.per_class == one.per_class
    assert held.averages == one.averages
    # Each group is one case: the interval is Wilson's over groups.
    area = held.per_class["stone"]["sensitivity"]
    assert area.n == int((np.unique(codes) % 4 == 2).sum())


def test_resamples_of_labels_equal_the_figures_of_the_repeated_cases():
    cases = group_cases(draw_run(400, n_groups=50), rule="any", findings=FINDINGS)
    run, labels = cases.run, cases.labels
    made = resample(run.y_true, run.y_prob, np.arange(run.n), labels=labels, n_resamples=2)
    counts = draw_counts(np.random.default_rng(SEED), n_units=run.n, n_resamples=2)
    for index in range(2):
        again = np.repeat(np.arange(run.n), counts[:, index].astype(int))
        for k in (0, 2, 3):
            held, called = labels.held[again, k], labels.called[again, k]
            expected = (held & called).sum() / held.sum()
            assert made.per_class["sensitivity"][index, k] == pytest.approx(expected)
            expected = (~held & ~called).sum() / (~held).sum()
            assert made.per_class["specificity"][index, k] == pytest.approx(expected)
            expected = (held & called).sum() / called.sum()
            assert made.per_class["ppv"][index, k] == pytest.approx(expected)
