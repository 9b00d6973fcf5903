"""Cases joined on their file; groups kept whole in both runs; the first offender named."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.pairing import aligned, first_mismatch, resampling_units
from tests.drawn_runs import draw_run


def reordered(run, order):
    order = np.asarray(order)
    return replace(
        run,
        file=run.file[order],
        y_true=run.y_true[order],
        y_prob=run.y_prob[order],
        group=None if run.group is None else run.group[order],
        refused=run.refused[order],
        slices={name: column[order] for name, column in run.slices.items()},
    )


@given(st.permutations(range(30)))
def test_any_order_of_the_same_cases_is_the_same(order):
    run = draw_run(30, n_groups=5)
    back = aligned(run, reordered(run, order))
    assert (back.file == run.file).all()
    assert (back.y_prob == run.y_prob).all()
    assert (back.group == run.group).all()


def test_classes_in_another_order_are_put_into_as():
    run = draw_run(20)
    turned = replace(
        run, class_names=run.class_names[::-1], y_true=3 - run.y_true, y_prob=run.y_prob[:, ::-1]
    )
    back = aligned(run, turned)
    assert back.class_names == run.class_names
    assert (back.y_prob == run.y_prob).all()


def test_a_file_that_only_one_run_has_is_named():
    run = draw_run(20)
    less = run.subset(np.arange(20) != 3)
    with pytest.raises(EvaluationError, match=r"'picture_00003\.png' of A is not in B\.") as caught:
        aligned(run, less)
    assert caught.value.column == "file"
    with pytest.raises(EvaluationError, match="of B is not in A"):
        aligned(less, run)
    assert first_mismatch(run, run.subset(np.arange(20) < 17)).problem.endswith("nor are 2 others.")


def test_a_file_that_stands_twice_is_named():
    run = draw_run(5)
    twice = replace(run, file=np.array([*run.file[:4], run.file[1]], object))
    wrong = first_mismatch(twice, twice)
    assert (wrong.run, wrong.record, wrong.column) == ("A", 4, "file")


def test_the_first_case_with_another_truth_is_named_with_both():
    run = draw_run(20)
    other = run.y_true.copy()
    other[[7, 9]] = (other[[7, 9]] + 1) % 4
    changed = reordered(replace(run, y_true=other), np.arange(20)[::-1])
    wrong = first_mismatch(run, changed)
    assert (wrong.run, wrong.record, wrong.column) == ("B", 12, "y_true")
    assert wrong.problem.startswith("'picture_00007.png' is ")


def test_other_classes_are_refused():
    run = draw_run(10)
    with pytest.raises(EvaluationError, match="A has the classes"):
        aligned(run, replace(run, class_names=("cyst", "normal", "stone", "mass")))


def test_groups_of_another_name_are_the_same_groups():
    run = draw_run(60, n_groups=12)
    renamed = replace(run, group=np.array([f"other {name}" for name in run.group], object))
    units = resampling_units(run, renamed)
    assert (units.by, units.n, units.note) == ("group", len(set(run.group)), "")
    pairs = set(zip(run.group, units.unit.tolist(), strict=True))
    assert len(pairs) == units.n


def test_cases_that_either_run_puts_together_stay_together():
    run = draw_run(4, n_groups=4)
    a = replace(run, group=np.array(["p", "p", "q", "r"], object))
    b = replace(run, group=np.array(["1", "2", "2", "3"], object))
    units = resampling_units(a, b)
    assert units.unit.tolist() == [0, 0, 0, 1]
    assert "group the cases differently" in units.note


def test_groups_of_one_run_only_are_not_used_and_that_is_said():
    run = draw_run(30, n_groups=5)
    for pair in ((run, replace(run, group=None)), (replace(run, group=None), run)):
        units = resampling_units(*pair)
        assert (units.by, units.n) == ("case", 30)
        assert "independent" in units.note
