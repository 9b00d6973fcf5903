"""Wrong calls: against hand-made cases and against a loop over single cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.flags import ANY_FINDING, called_at, flags_at
from core.evaluation.misses import FALSE_ALARM, KINDS, MISS, lacking, wrong_calls
from tests.drawn_runs import CLASSES, draw_run, make_run

FINDINGS = ("cyst", "stone", "tumor")
CYST, NORMAL, STONE, TUMOR = range(4)
SIX = make_run(
    [STONE, STONE, STONE, STONE, NORMAL, CYST],
    [
        [0.1, 0.6, 0.2, 0.1],  # missed, 0.4 behind
        [0.1, 0.1, 0.7, 0.1],  # found
        [0.0, 0.9, 0.1, 0.0],  # missed, 0.8 behind
        [0.4, 0.1, 0.35, 0.15],  # missed, called cyst, 0.05 behind
        [0.1, 0.2, 0.6, 0.1],  # false alarm, 0.4 ahead
        [0.7, 0.1, 0.1, 0.1],  # right
    ],
    group=["a", "a", "a", "b", "c", "c"],
)


def test_misses_come_most_confidently_wrong_first_with_what_they_were_called():
    wrong = wrong_calls(SIX, "stone", kind=MISS, findings=FINDINGS)
    assert wrong.row.tolist() == [2, 0, 3]
    assert [CLASSES[k] for k in wrong.called] == ["normal", "normal", "cyst"]
    np.testing.assert_allclose(wrong.distance, [0.8, 0.4, 0.05])


def test_the_summary_says_how_many_in_how_many_groups_and_in_the_worst_one():
    found = wrong_calls(SIX, "stone", kind=MISS, findings=FINDINGS).summary
    assert (found.n_wrong, found.n, found.rate.value) == (3, 4, 0.75)
    assert (found.n_groups_hit, found.n_groups) == (2, 2)
    assert (found.largest_group, found.n_largest) == ("a", 2)
    assert found.rate.low_grouped is not None


def test_false_alarms_are_the_same_question_of_the_other_pictures():
    wrong = wrong_calls(SIX, "stone", kind=FALSE_ALARM, findings=FINDINGS)
    assert wrong.row.tolist() == [4]
    np.testing.assert_allclose(wrong.distance, [0.4])
    assert (wrong.summary.n, wrong.summary.n_groups, wrong.summary.n_groups_hit) == (2, 1, 1)


def test_at_a_threshold_positive_means_at_or_above_it():
    at = {"stone": 0.2}
    wrong = wrong_calls(SIX, "stone", kind=MISS, findings=FINDINGS, thresholds=at)
    assert wrong.row.tolist() == [2]  # 0.2 is found, 0.1 is not
    np.testing.assert_allclose(wrong.distance, [0.1])
    assert wrong_calls(
        SIX, "stone", kind=FALSE_ALARM, findings=FINDINGS, thresholds=at
    ).row.tolist() == [4]


def test_a_finding_called_by_another_findings_name_is_no_miss_of_any_finding():
    wrong = wrong_calls(SIX, ANY_FINDING, kind=MISS, findings=FINDINGS)
    assert wrong.row.tolist() == [2, 0]
    assert wrong.summary.n == 5
    at = {ANY_FINDING: 0.3}
    wrong = wrong_calls(SIX, ANY_FINDING, kind=MISS, findings=FINDINGS, thresholds=at)
    assert wrong.row.tolist() == [2]
    np.testing.assert_allclose(wrong.distance, [0.2])


def test_a_class_that_is_no_finding_can_be_missed_too():
    wrong = wrong_calls(SIX, "normal", kind=MISS, findings=FINDINGS)
    assert wrong.row.tolist() == [4]
    np.testing.assert_allclose(wrong.distance, [0.4])


def test_without_groups_and_without_misses_nothing_is_made_up():
    run = make_run([NORMAL, CYST], [[0.1, 0.7, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1]])
    found = wrong_calls(run, "stone", kind=MISS, findings=FINDINGS).summary
    assert (found.n_wrong, found.n, found.rate.value) == (0, 0, None)
    assert (found.n_groups, found.largest_group, found.n_largest) == (None, None, None)
    grouped = make_run([NORMAL], [[0.1, 0.7, 0.1, 0.1]], group=["a"])
    found = wrong_calls(grouped, "stone", kind=MISS, findings=FINDINGS).summary
    assert (found.n_groups_hit, found.n_groups, found.rate.value) == (0, 0, None)


@pytest.mark.parametrize(("name", "kind"), [("gallstone", MISS), ("stone", "misses")])
def test_what_is_not_there_is_refused_with_what_is(name: str, kind: str):
    with pytest.raises(EvaluationError, match=r"stone|miss"):
        wrong_calls(SIX, name, kind=kind, findings=FINDINGS)


POINTS = st.dictionaries(
    st.sampled_from([*FINDINGS, ANY_FINDING]), st.sampled_from([0.0, 0.2, 0.35, 0.5, 1.0])
)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 50),
    points=POINTS,
    name=st.sampled_from([*CLASSES, ANY_FINDING]),
    kind=st.sampled_from(KINDS),
)
def test_a_loop_over_single_cases_gives_the_same(seed, points, name, kind):
    run = draw_run(15, n_groups=5, seed=seed)
    run = make_run(run.y_true, np.round(run.y_prob, 1), group=run.group)  # many ties
    wrong = wrong_calls(run, name, kind=kind, findings=FINDINGS, thresholds=points)
    expected = []
    for row in range(run.n):
        one = run.y_prob[row : row + 1]
        rule = {"class_names": CLASSES, "findings": FINDINGS, "thresholds": points}
        flagged = {CLASSES[k] for k in np.flatnonzero(flags_at(one, **rule)[0])}
        called = CLASSES[called_at(one, **rule)[0]]
        truth = CLASSES[run.y_true[row]]
        is_true = truth in FINDINGS if name == ANY_FINDING else truth == name
        is_called = bool(flagged) if name == ANY_FINDING else name in flagged or called == name
        if name in FINDINGS:
            is_called = name in flagged
        if (is_true and not is_called) if kind == MISS else (is_called and not is_true):
            expected.append(row)
    assert sorted(wrong.row.tolist()) == expected
    assert wrong.summary.n_wrong == len(expected)
    assert (np.diff(wrong.distance) <= 0).all()
    assert (wrong.distance >= -1e-12).all()
    if expected:
        largest = max(
            (sum(run.group[expected] == group), group) for group in set(run.group[expected])
        )[0]
        assert wrong.summary.n_largest == largest


def test_lacking_is_what_raising_the_class_to_it_would_mend():
    y_prob = np.array([[0.1, 0.6, 0.2, 0.1]])
    members = np.array([False, False, True, False])
    for points, expected in (
        ({}, 0.4),
        ({"stone": 0.25}, 0.05),
        ({ANY_FINDING: 0.5}, 0.1),
        ({ANY_FINDING: 0.5, "stone": 0.22}, 0.02),
    ):
        found = lacking(y_prob, CLASSES, members, findings=FINDINGS, thresholds=points)
        np.testing.assert_allclose(found, [expected])
