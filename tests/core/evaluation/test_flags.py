"""Which findings are flagged at operating points, and what is then called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.confusion import called_class
from core.evaluation.flags import ANY_FINDING, called_at, flagged_findings, flags_at
from tests.drawn_runs import CLASSES, draw_run

FINDINGS = ("cyst", "stone", "tumor")


def flagged(*p, **thresholds):
    probabilities = dict(zip(CLASSES, p, strict=True))
    return flagged_findings(probabilities, findings=FINDINGS, thresholds=thresholds)


def called(*p, **thresholds):
    index = called_at(np.array([p]), class_names=CLASSES, findings=FINDINGS, thresholds=thresholds)[
        0
    ]
    return CLASSES[index]


def test_without_points_the_called_class_is_flagged_where_it_is_a_finding():
    assert flagged(0.1, 0.2, 0.6, 0.1) == ("stone",)
    assert flagged(0.1, 0.7, 0.1, 0.1) == ()
    assert flagged(0.4, 0.1, 0.4, 0.1) == ("cyst",)  # a tie: the first


def test_a_finding_with_a_point_is_flagged_at_or_above_it():
    assert flagged(0.1, 0.6, 0.2, 0.1, stone=0.2) == ("stone",)
    assert flagged(0.1, 0.6, 0.2, 0.1, stone=0.21) == ()
    assert flagged(0.1, 0.1, 0.7, 0.1, stone=0.8) == ()
    assert flagged(0.5, 0.1, 0.3, 0.1, stone=0.3) == ("cyst", "stone")


def test_any_finding_flags_the_most_probable_one_where_the_sum_is_enough():
    assert flagged(0.1, 0.6, 0.2, 0.1, any_finding=0.4) == ("stone",)
    assert flagged(0.1, 0.6, 0.2, 0.1, any_finding=0.5) == ()
    # It takes the place of the called class, and a threshold of its own stays in force.
    assert flagged(0.45, 0.3, 0.15, 0.1, any_finding=0.9) == ()
    assert flagged(0.45, 0.3, 0.15, 0.1, any_finding=0.9, stone=0.1) == ("stone",)
    assert flagged(0.45, 0.3, 0.15, 0.1, any_finding=0.5, cyst=0.6) == ("cyst",)


def test_called_is_the_most_probable_flagged_finding_else_no_finding():
    assert called(0.1, 0.6, 0.2, 0.1, stone=0.2) == "stone"
    assert called(0.3, 0.4, 0.2, 0.1, stone=0.2, cyst=0.25) == "cyst"
    assert called(0.2, 0.1, 0.6, 0.1, stone=0.7) == "normal"
    assert called(0.1, 0.6, 0.2, 0.1, any_finding=0.3) == "stone"


def test_without_points_called_is_the_argmax():
    run = draw_run(200)
    given_no = called_at(run.y_prob, class_names=CLASSES, findings=FINDINGS, thresholds={})
    assert given_no.tolist() == called_class(run.y_prob).tolist()


def test_where_every_class_is_a_finding_something_is_still_called():
    y_prob = np.array([[0.3, 0.7]])
    index = called_at(
        y_prob, class_names=("a", "b"), findings=("a", "b"), thresholds={"a": 0.9, "b": 0.9}
    )
    assert index.tolist() == [1]


_POINTS = st.dictionaries(st.sampled_from([*FINDINGS, ANY_FINDING]), st.floats(0.0, 1.0))


@given(_POINTS, st.sampled_from(FINDINGS), st.floats(0.0, 1.0))
def test_lowering_a_threshold_never_takes_a_flag_away(points, name, by):
    run = draw_run(30)
    words = {"class_names": CLASSES, "findings": FINDINGS}
    before = flags_at(run.y_prob, **words, thresholds=points | {name: 1.0})
    after = flags_at(run.y_prob, **words, thresholds=points | {name: by})
    assert not (before & ~after).any()
    assert not after[:, 1].any()  # normal is never flagged


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_many_pictures_are_flagged_as_each_alone(threshold):
    run = draw_run(50)
    points = {"stone": threshold, ANY_FINDING: 0.6}
    together = flags_at(run.y_prob, class_names=CLASSES, findings=FINDINGS, thresholds=points)
    for row, p in zip(together, run.y_prob, strict=True):
        alone = flagged_findings(
            dict(zip(CLASSES, p.tolist(), strict=True)), findings=FINDINGS, thresholds=points
        )
        assert alone == tuple(np.array(CLASSES)[row])
