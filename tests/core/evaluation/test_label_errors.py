"""Confident learning: against a loop written from the paper, and on planted label errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.facts import RunFacts
from core.evaluation.label_errors import check_labels, may_doubt_labels
from tests.drawn_runs import draw_run


def by_the_paper(labels: list[int], probs: list[list[float]]) -> tuple[list[list[int]], list[int]]:
    """Return the confident joint and the off-diagonal cases, case by case (eqs. 1 and 2)."""
    classes = range(len(probs[0]))
    threshold = {}
    for j in classes:
        own = [p[j] for p, label in zip(probs, labels, strict=True) if label == j]
        if own:
            threshold[j] = sum(own) / len(own)
    joint = [[0 for _ in classes] for _ in classes]
    off_diagonal = []
    for index, (label, p) in enumerate(zip(labels, probs, strict=True)):
        sure = [j for j in threshold if p[j] > threshold[j] or np.isclose(p[j], threshold[j])]
        if not sure:
            continue
        best = max(sure, key=lambda j: (p[j], -j))
        joint[label][best] += 1
        if best != label:
            off_diagonal.append(index)
    return joint, off_diagonal


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_classes=st.integers(2, 5))
def test_a_loop_written_from_the_paper_gives_the_same(seed, n, n_classes):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, n_classes, n)
    y_prob = rng.dirichlet(np.full(n_classes, 0.7), n).round(2)  # ties happen
    found = check_labels(y_true, y_prob)
    joint, off_diagonal = by_the_paper(y_true.tolist(), y_prob.tolist())
    assert found.confident_joint.tolist() == joint
    assert np.flatnonzero(found.is_suspected).tolist() == off_diagonal


@pytest.mark.parametrize(("skill", "recall", "precision"), [(8.0, 0.85, 0.95), (1.5, 0.5, 0.1)])
def test_planted_label_errors_are_found_and_a_weak_network_drowns_them(skill, recall, precision):
    run = draw_run(3000, n_groups=None, seed=4, skill=skill)
    rng = np.random.default_rng(5)
    planted = rng.choice(run.n, 150, replace=False)
    labels = run.y_true.copy()
    labels[planted] = (labels[planted] + rng.integers(1, 4, 150)) % 4
    found = check_labels(labels, run.y_prob)
    assert found.is_suspected[planted].mean() > recall
    assert np.isin(np.flatnonzero(found.is_suspected), planted).mean() > precision
    sure = planted[found.is_suspected[planted]]
    assert (found.suggested[sure] == run.y_true[sure]).mean() > recall


def test_a_label_that_the_network_shares_is_never_suspected():
    y_prob = np.eye(3)[[0, 1, 2, 0]]
    found = check_labels(np.array([0, 1, 2, 0]), y_prob)
    assert not found.is_suspected.any()
    assert found.thresholds.tolist() == [1.0, 1.0, 1.0]


def test_a_class_without_a_case_is_never_suggested():
    found = check_labels(np.array([0, 0]), np.array([[0.1, 0.9], [0.2, 0.8]]))
    assert np.isnan(found.thresholds[1])
    assert not found.is_suspected.any()


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(EvaluationError, match="shape"):
        check_labels(np.array([0, 1]), np.array([[0.5, 0.5]]))


@pytest.mark.parametrize(
    ("split", "may"),
    [("out_of_fold", True), ("test", True), ("all", False), ("random_split", False)],
)
def test_labels_are_doubted_only_where_the_networks_had_not_seen_them(split: str, may: bool):
    assert may_doubt_labels(RunFacts(split=split)) is may
