"""Which pictures are fitted on, by group."""

import numpy as np

from core.training.selection import (
    group_weights,
    hold_out_groups,
    hold_out_pictures,
    thin,
    weighted_macro_f1,
)
from tests.core.training.toys import toy_set

DATA = toy_set(n_groups=12, per_group=6)
ALL = np.arange(len(DATA))


def test_thinning_keeps_a_few_pictures_of_every_group():
    kept = thin(DATA, ALL, per_group=2)
    assert len(kept) == 24
    assert set(DATA.group[kept]) == set(DATA.group)


def test_thinned_pictures_stand_for_all_of_their_group():
    rows = ALL[3:]
    kept = thin(DATA, rows, per_group=2)
    weights = group_weights(DATA, rows, kept)
    assert weights.sum() == len(rows)
    assert weights[0] == 1.5


def test_whole_groups_of_every_class_are_held_out():
    kept, held = hold_out_groups(DATA, ALL, share=0.2, seed=1)
    assert not set(DATA.group[kept]) & set(DATA.group[held])
    assert set(DATA.y_true[held]) == set(DATA.y_true[kept]) == {0, 1, 2}
    assert sorted([*kept, *held]) == ALL.tolist()


def test_a_class_with_a_single_group_keeps_it_for_training():
    rows = ALL[: 3 * 6]
    kept, held = hold_out_groups(DATA, rows, share=0.5, seed=0)
    assert len(kept) == len(rows)
    assert not len(held)


def test_pictures_held_out_by_lot_share_groups_with_the_rest():
    kept, held = hold_out_pictures(ALL, share=0.25, seed=0)
    assert len(held) == 18
    assert set(DATA.group[kept]) & set(DATA.group[held])


def test_weighted_macro_f1_equals_that_of_repeated_pictures():
    y_true = np.array([0, 0, 1, 1])
    logits = np.eye(2)[[0, 1, 1, 0]]
    weights = np.array([1.0, 2.0, 3.0, 1.0])
    # class 0: tp 1, fn 2, fp 1 -> 2/5; class 1: tp 3, fn 1, fp 2 -> 6/9
    assert np.isclose(weighted_macro_f1(y_true, logits, weights=weights), (0.4 + 6 / 9) / 2)
