"""Champion against challenger: the verdict's rule, a bootstrap by hand, undefined is undefined."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from core.errors import EvaluationError
from core.evaluation.bootstrap import SEED, draw_counts
from core.evaluation.comparison import compare_runs, leading, verdict_of
from core.evaluation.comparison_words import doubts, points, reason
from core.evaluation.intervals import bias_corrected
from tests.drawn_runs import draw_run, make_run

STONE = 2


def pair(n=300, n_groups=30, share=0.4, seed=0):
    """Return two runs on the same cases whose answers are alike."""
    a, b = (draw_run(n, n_groups=n_groups, seed=seed + extra) for extra in (0, 1))
    mixed = (1 - share) * a.y_prob + share * b.y_prob
    return a, replace(a, y_prob=mixed)


def compared(a, b, class_name="stone", margin=0.05, **more):
    return compare_runs(a, b, class_name=class_name, margin=margin, **more)


def binary(found_a, found_b, n_negative=20, group=None):
    """Return two runs of two classes with these calls on the positives, all negatives right."""
    y_true = np.r_[np.ones(len(found_a), int), np.zeros(n_negative, int)]
    runs = []
    for found in (found_a, found_b):
        p = np.r_[np.where(found, 0.9, 0.2), np.full(n_negative, 0.1)]
        prob = np.column_stack([1 - p, p])
        runs.append(make_run(y_true, prob, group=group, class_names=("normal", "stone")))
    return runs


def test_every_number_of_the_headline_by_hand():
    a, b = binary([1, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 1])
    made = compared(a, b)
    table = made.gap.misses
    assert (table.both_found, table.only_a_missed) == (2, 1)
    assert (table.only_b_missed, table.both_missed) == (2, 1)
    assert (made.gap.sensitivity_a, made.gap.sensitivity_b) == (4 / 6, 3 / 6)
    assert made.gap.difference.value == pytest.approx(-1 / 6)
    assert table.p == pytest.approx(1.0)  # 2 * (1 + 3) / 8
    assert made.cases["what"].tolist() == ["only B missed", "only B missed", "only A missed"]


@pytest.mark.parametrize("n_groups", [30, None])
def test_the_bootstrap_equals_drawing_the_cases_again(monkeypatch, n_groups):
    monkeypatch.setattr("core.evaluation.comparison.N_RESAMPLES", 40)
    a, b = pair(n_groups=n_groups)
    unit = np.arange(a.n) if n_groups is None else np.unique(a.group, return_inverse=True)[1]
    counts = draw_counts(np.random.default_rng(SEED), n_units=unit.max() + 1, n_resamples=40)
    gaps, areas = [], []
    for column in counts.T:
        again = np.repeat(np.arange(a.n), column[unit].astype(int))
        y_true = a.y_true[again] == STONE
        found = [(run.y_prob[again].argmax(axis=1) == STONE)[y_true].mean() for run in (a, b)]
        area = [roc_auc_score(y_true, run.y_prob[again, STONE]) for run in (a, b)]
        gaps.append(found[1] - found[0])
        areas.append(area[1] - area[0])
    made = compared(a, b)
    n_units = len(np.unique(unit[a.y_true == STONE]))
    for figure, drawn in ((made.gap.difference, gaps), (made.auc_difference, areas)):
        by_hand = bias_corrected(figure.value, np.array(drawn), n_units=n_units)
        assert leading(figure) == pytest.approx(tuple(by_hand), abs=1e-6)


def test_the_same_run_twice_may_replace_itself_at_any_margin_and_on_any_few_cases():
    run = draw_run(200)
    for chosen, margin in ((run, 0.0), (run, 0.05), (run.subset(run.y_true == STONE), 0.01)):
        made = compared(chosen, chosen, margin=margin)
        assert made.verdict == "may replace"
        assert (made.gap.difference.value, *leading(made.gap.difference)) == (0, 0, 0)
        assert made.gap.misses.p == 1
        assert "nothing would change" in reason(made)
    assert (made.auc_difference.value, made.areas.p) == (None, None)  # no negative case


def test_without_a_case_of_the_class_nothing_can_be_told():
    run = draw_run(50).subset(draw_run(50).y_true != STONE)
    other = replace(run, y_prob=run.y_prob[:, ::-1])
    for pair_of in ((run, other), (run, run)):
        made = compared(*pair_of)
        assert made.verdict == "cannot tell"
        assert made.gap.difference.value is made.gap.difference.low is None
        assert made.gap.sensitivity_a is made.gap.misses.p is made.areas.p is None
        assert "undefined" in reason(made)
        assert any("AUC is undefined: no case is stone" in line for line in doubts(made))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.049, 0.2, "may replace"),
        (-0.05, 0.2, "cannot tell"),
        (-0.3, -0.05, "cannot tell"),
        (-0.3, -0.051, "may not"),
        (None, None, "cannot tell"),
    ],
)
def test_the_verdict_is_the_interval_against_the_margin(low, high, said):
    assert verdict_of(low, high, margin=0.05) == said


def test_another_margin_changes_the_verdict_and_nothing_else():
    a, b = binary([1] * 80 + [0] * 20, [1] * 40 + [0] * 60)
    made = compared(a, b, margin=0.9)
    assert [made.at_margin(m).verdict for m in (0.9, 0.4, 0.1)] == [
        "may replace", "cannot tell", "may not",
    ]  # fmt: skip
    assert made.at_margin(0.1).gap is made.gap
    assert "even the best" in reason(made.at_margin(0.1))


def test_few_cases_all_found_carry_a_verdict_that_is_doubted():
    a, b = binary([1] * 8, [1] * 8)
    b = replace(b, y_prob=np.clip(b.y_prob + np.array([-0.05, 0.05]), 0, 1))
    made = compared(a, b)
    assert made.verdict == "may replace"
    assert any("up to 37%" in line and "72 with no more" in line for line in doubts(made))


def test_a_verdict_on_cases_of_which_none_is_found_is_doubted_first():
    a, b = binary([0] * 12, [0] * 12)
    for other in (b, replace(b, y_prob=np.clip(b.y_prob + np.array([-0.05, 0.05]), 0, 1))):
        made = compared(a, other)
        assert made.verdict == "may replace"
        assert doubts(made)[0].startswith("B finds none of the 12 cases of stone, and A finds none")
    made = compared(*binary([1] + [0] * 11, [0] * 12), margin=0.9)
    assert made.verdict == "may replace"
    assert doubts(made, {"stone": "Stone"})[0] == "B finds none of the 12 cases of Stone."
    assert doubts(compared(*binary([1], [0])))[0] == "B misses the only case of stone."
    few = compared(*binary([0] * 12, [1] + [0] * 11))
    assert not [line for line in doubts(few) if "finds none" in line]


def test_at_thresholds_a_case_is_called_at_or_above():
    y_true = np.array([0, 0, 1, 1, 1])
    p = np.array([0.1, 0.4, 0.4, 0.3, 0.8])
    run = make_run(y_true, np.column_stack([1 - p, p]), class_names=("normal", "stone"))
    made = compared(run, run, threshold_a=0.4, threshold_b=0.3)
    assert (made.gap.sensitivity_a, made.gap.sensitivity_b) == (2 / 3, 1.0)
    assert not made.same
    assert compared(run, run, threshold_a=0.4, threshold_b=0.4).same


def test_each_class_and_each_slice_has_a_row():
    a, b = pair(400, 40)
    phase = np.where(np.arange(400) % 2, "arterial", "venous").astype(object)
    size = np.array([str(value) for value in range(400)], object)
    a, b = replace(a, slices={"phase": phase}), replace(b, slices={"size": size})
    made = compared(a, b)
    assert [gap.class_name for gap in made.classes] == list(a.class_names)
    of_phase = [gap for gap in made.slices if gap.column == "phase"]
    assert [gap.band for gap in of_phase] == ["arterial", "venous"]
    assert sum(gap.misses.n for gap in of_phase) == made.gap.misses.n
    assert sum(gap.misses.n for gap in made.slices if gap.column == "size") == made.gap.misses.n
    for gap in (*made.classes, *made.slices):
        inside = a.y_true == a.class_names.index(gap.class_name)
        if gap.column == "phase":
            inside &= phase == gap.band
        if gap.column != "size":
            called = [
                (run.y_prob[inside].argmax(1) == a.class_names.index(gap.class_name)).mean()
                for run in (a, b)
            ]
            assert gap.difference.value == pytest.approx(called[1] - called[0])


def test_a_slice_that_loses_is_named_although_the_whole_may_replace():
    where = np.array(["small"] * 30 + ["large"] * 270 + ["small"] * 20, object)
    a, b = binary([1] * 300, [0] * 30 + [1] * 270)
    a, b = replace(a, slices={"size": where}), replace(b, slices={"size": where})
    made = compared(a, b, margin=0.2)
    assert made.verdict == "may replace"
    assert any("stone where size is small" in line for line in doubts(made))


@pytest.mark.parametrize(
    ("more", "column"),
    [
        ({"class_name": "mass"}, "class"),
        ({"margin": 5}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"threshold_a": -0.1}, "threshold_a"),
        ({"threshold_b": float("nan")}, "threshold_b"),
    ],
)
def test_a_wrong_question_is_refused(more, column):
    run = draw_run(20)
    with pytest.raises(EvaluationError) as caught:
        compared(run, run, **more)
    assert caught.value.column == column


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 25),
    n_groups=st.one_of(st.none(), st.integers(1, 6)),
    levels=st.integers(1, 4),
    classes=st.integers(1, 4),
)
def test_no_tiny_run_breaks_it_and_its_parts_agree(seed, n, n_groups, levels, classes):
    a, b = pair(n, n_groups, share=0.7, seed=seed)
    y_true = a.y_true % classes
    a, b = (
        replace(run, y_true=y_true, y_prob=np.round(run.y_prob * levels) / levels) for run in (a, b)
    )
    made = compared(a, b)
    table, figure = made.gap.misses, made.gap.difference
    assert table.n == (y_true == STONE).sum()
    assert (figure.value is None) == (table.n == 0)
    low, high = leading(figure)
    assert made.verdict == (
        "may replace" if made.same and table.n else verdict_of(low, high, margin=0.05)
    )
    if low is not None:
        assert -1 <= low <= figure.value <= high <= 1
    assert (made.cases["what"] == "only B missed").sum() == table.only_b_missed
    assert reason(made)
    for line in doubts(made):
        assert "nan" not in line


def test_points_are_signed():
    assert [points(x) for x in (-0.1, 0.05, -0.0001)] == ["−10.0", "+5.0", "0.0"]
