from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets import PARTS, Split, check_split, make_split, straddling_groups
from core.errors import DatasetError
from tests.core.datasets.folder import kidney_groups, manifest_of

CLASSES = ("cyst", "normal", "stone", "tumor")


@pytest.fixture
def manifest():
    return manifest_of(kidney_groups())


def parts_by_label(manifest, split):
    return manifest.frame.assign(part=split.parts).groupby("label")["part"].unique()


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.lists(st.integers(1, 9), min_size=4, max_size=12), min_size=2, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_class_with_four_groups_has_one_in_every_part(sizes, seed):
    groups = {
        f"{label}{number}": (label, n)
        for label, numbers in zip(CLASSES, sizes, strict=False)
        for number, n in enumerate(numbers)
    }
    manifest = manifest_of(groups)
    split = make_split(manifest, seed=seed)
    assert straddling_groups(manifest, split) == []
    assert all(set(parts) == set(PARTS) for parts in parts_by_label(manifest, split))


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, {"train"}), (2, {"train", "test"}), (3, {"train", "test", "validation"})],
)
def test_a_class_with_few_groups_reaches_train_then_test_then_validation(n, expected):
    groups = {f"t{number}": ("tumor", 2) for number in range(n)}
    manifest = manifest_of(groups | {f"c{number}": ("cyst", 2) for number in range(8)})
    assert set(parts_by_label(manifest, make_split(manifest, seed=0))["tumor"]) == expected


def test_groups_of_two_labels_still_leave_every_class_in_every_part():
    manifest = manifest_of(
        {f"s{number:02d}": ("non_sclerotic", 6) for number in range(9)}, task="glomeruli"
    )
    frame = manifest.frame.copy()
    frame.loc[frame.groupby("group").head(2).index[:10], "label"] = "sclerotic"
    mixed = type(manifest)(manifest.root, manifest.task, frame, "column")
    for seed in range(10):
        split = make_split(mixed, seed=seed)
        assert all(set(parts) == set(PARTS) for parts in parts_by_label(mixed, split))


def test_picture_shares_come_close_to_the_fractions(manifest):
    split = make_split(manifest, seed=0)
    shares = {part: len(split.rows(part)) / len(manifest) for part in PARTS}
    assert shares["train"] == pytest.approx(0.6, abs=0.12)
    assert shares["test"] == pytest.approx(0.2, abs=0.1)


def test_other_fractions_are_followed():
    manifest = manifest_of({f"{c}{n:02d}": (c, 1) for c in CLASSES for n in range(20)})
    fractions = {"train": 0.25, "validation": 0.25, "calibration": 0.25, "test": 0.25}
    split = make_split(manifest, seed=0, fractions=fractions)
    assert [len(split.rows(part)) for part in PARTS] == [20, 20, 20, 20]


@pytest.mark.parametrize(
    "fractions",
    [
        {"train": 1.0},
        {"train": 0.7, "validation": 0.1, "calibration": 0.1, "test": 0.2},
        {"train": 0.8, "validation": 0.0, "calibration": 0.1, "test": 0.1},
        {"train": 0.6, "validation": 0.1, "calibration": 0.1, "holdout": 0.2},
    ],
)
def test_fractions_that_do_not_add_up_are_refused(manifest, fractions):
    with pytest.raises(DatasetError, match="fractions"):
        make_split(manifest, seed=0, fractions=fractions)


def test_the_same_seed_gives_the_same_split_and_another_one_another(manifest):
    first = make_split(manifest, seed=1)
    assert np.array_equal(first.parts, make_split(manifest, seed=1).parts)
    assert not np.array_equal(first.parts, make_split(manifest, seed=2).parts)
    assert first.seed == 1


def test_a_split_is_stored_and_read_back(tmp_path, manifest):
    split = make_split(manifest, seed=0)
    split.save(tmp_path / "split.csv")
    again = Split.load(tmp_path / "split.csv", manifest)
    assert np.array_equal(again.parts, split.parts)
    assert (tmp_path / "split.csv").read_text().splitlines()[0] == "file,split"
    check_split(manifest, again)


def test_a_split_with_a_group_on_both_sides_is_refused_by_name(manifest):
    parts = make_split(manifest, seed=0).parts.copy()
    rows = np.flatnonzero(manifest.frame["group"] == "cyst01")
    parts[rows] = "train"
    parts[rows[0]] = "test"
    split = Split(tuple(manifest.frame["file"]), parts)
    assert straddling_groups(manifest, split) == ["cyst01"]
    with pytest.raises(DatasetError, match=r"1 of 32 groups .*: cyst01\."):
        check_split(manifest, split)


def test_a_split_of_other_pictures_is_refused(manifest):
    split = make_split(manifest, seed=0)
    with pytest.raises(DatasetError, match="other pictures"):
        check_split(manifest.take(np.arange(5)), split)


@pytest.mark.parametrize(
    ("content", "row", "column"),
    [
        ("file,part\na,train\n", None, "split"),
        ("file,split\na,training\n", 2, "split"),
        ("file,split\na,train\na,test\n", 3, "file"),
        ("file,split\na,train\n", None, "file"),
    ],
)
def test_a_wrong_stored_split_is_refused(tmp_path, manifest, content, row, column):
    (tmp_path / "split.csv").write_text(content)
    with pytest.raises(DatasetError) as error:
        Split.load(tmp_path / "split.csv", manifest)
    assert (error.value.row, error.value.column) == (row, column)


def test_an_unknown_part_is_refused(manifest):
    with pytest.raises(DatasetError, match=r"'holdout'.*train, validation, calibration, test"):
        make_split(manifest, seed=0).rows("holdout")
