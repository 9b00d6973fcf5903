"""What of a run had been seen, from columns, folds or the version's list; never guessed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.leakage import (
    GROUP_COLUMN,
    TWIN_COLUMN,
    TrainingPictures,
    exposure,
    leak_warnings,
    shared_groups,
    split_column,
)
from tests.drawn_runs import make_run

N = 6
GROUPS = ["a", "a", "b", "b", "c", "d"]


def run_of(slices=None, *, group=GROUPS):
    run = make_run([0] * N, np.tile([0.7, 0.1, 0.1, 0.1], (N, 1)), group=group)
    columns = {name: np.array(values, dtype=object) for name, values in (slices or {}).items()}
    return replace(run, slices=columns)


def test_nothing_known_is_not_called_clean_nor_leaking():
    found = exposure(run_of())
    assert found.known == ""
    assert (found.group, found.twin, found.leaks) == (None, None, False)
    assert shared_groups(run_of(), found) is None


def test_folds_that_keep_groups_whole_leak_nothing():
    found = exposure(run_of({"fold": ["1", "1", "2", "2", "1", "2"]}))
    assert found.known == "folds"
    assert not found.group.any()
    assert not found.leaks


def test_a_group_in_two_folds_is_seen_by_both():
    run = run_of({"fold": ["1", "2", "2", "2", "1", "2"]})
    found = exposure(run)
    assert found.group.tolist() == [True, True, False, False, False, False]
    assert shared_groups(run, found) == 1


@pytest.mark.parametrize("name", ["split", "Split", "part", "subset"])
@pytest.mark.parametrize("words", [("train", "test"), ("Training ", "Validation")])
def test_the_same_patient_in_train_and_test_of_a_table_is_found(name, words):
    train, test = words
    run = run_of({name: [train, test, test, test, train, train]})
    found = exposure(run)
    assert (split_column(run), found.known) == (name, "column")
    assert found.seen.tolist() == [True, False, False, False, True, True]
    assert found.group.tolist() == [False, True, False, False, False, False]
    assert found.clean.tolist() == [False, False, True, True, False, False]
    assert shared_groups(run, found) == 1


@pytest.mark.parametrize(
    "values", [["test"] * N, ["a", "b", "train", "test", "c", "d"], ["test", "validation"] * 3]
)
def test_a_column_without_a_training_part_says_nothing(values):
    assert split_column(run_of({"split": values})) is None
    assert exposure(run_of({"split": values})).known == ""


def test_without_groups_a_split_column_still_names_training_pictures():
    found = exposure(run_of({"split": ["train", "test"] * 3}, group=None))
    assert found.group is None
    assert found.seen.sum() == 3


def test_the_list_of_a_version_tells_files_and_groups():
    training = TrainingPictures(
        np.array(["picture_00000.png", "z.png"], dtype=object), np.array(["a", "d"], dtype=object)
    )
    run = run_of()
    found = exposure(run, training=training)
    assert found.known == "version"
    assert found.seen.tolist() == [True, False, False, False, False, False]
    assert found.group.tolist() == [False, True, False, False, False, True]
    assert exposure(run_of(group=None), training=training).group is None


def test_columns_that_the_trainer_stored_come_first():
    stored = {GROUP_COLUMN: ["yes", "no"] * 3, TWIN_COLUMN: ["no"] * 5 + ["yes"]}
    found = exposure(run_of({**stored, "fold": ["1", "2"] * 3}), twins=["picture_00001.png"])
    assert found.known == "stored"
    assert found.clean.tolist() == [False, True, False, True, False, False]


def test_twins_that_were_searched_are_exposed_by_name():
    found = exposure(run_of({"fold": ["1", "1", "2", "2", "1", "2"]}), twins=["picture_00004.png"])
    assert found.twin.tolist() == [False] * 4 + [True, False]
    assert found.leaks
    assert found.clean.sum() == 5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=30))
def test_a_case_is_clean_exactly_when_no_other_fold_holds_its_group(rows):
    groups, folds = zip(*rows, strict=True)
    n = len(rows)
    run = make_run([0] * n, np.tile([0.7, 0.1, 0.1, 0.1], (n, 1)), group=[str(g) for g in groups])
    run = replace(run, slices={"fold": np.array([str(f) for f in folds], dtype=object)})
    found = exposure(run)
    expected = [
        not any(groups[j] == groups[i] and folds[j] != folds[i] for j in range(n)) for i in range(n)
    ]
    assert found.clean.tolist() == expected


@pytest.mark.parametrize("groups", [None, ["g1", "g2"]])
def test_training_pictures_come_back_from_their_bytes(groups):
    group = None if groups is None else np.array(groups, dtype=object)
    made = TrainingPictures(np.array(["a.png", "b.png"], dtype=object), group)
    again = TrainingPictures.from_bytes(made.to_bytes())
    assert again.file.tolist() == ["a.png", "b.png"]
    assert (again.group is None) == (groups is None)
    assert groups is None or again.group.tolist() == groups


def test_other_bytes_are_refused():
    with pytest.raises(EvaluationError, match="cannot be read"):
        TrainingPictures.from_bytes(b"no parquet")


def test_the_warning_counts_cases_and_groups_and_says_whence_it_is_known():
    run = run_of({"split": ["train", "test", "test", "test", "train", "train"]})
    (said,) = leak_warnings(run)
    assert "4 of 6 cases" in said
    assert "1 groups (series)" in said
    assert "column 'split'" in said
    assert leak_warnings(run_of()) == ()
