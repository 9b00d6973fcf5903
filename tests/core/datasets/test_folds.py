from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.datasets import load_folds, make_folds, read_manifest, save_folds
from core.errors import DatasetError
from core.tasks import load_task
from tests.core.datasets.folder import kidney_groups, manifest_of


@pytest.fixture
def manifest():
    return manifest_of(kidney_groups())


def test_no_group_is_in_two_folds_and_every_class_is_in_each(manifest):
    folds = make_folds(manifest, seed=0)
    table = manifest.frame.assign(fold=folds)
    assert (table.groupby("group")["fold"].nunique() == 1).all()
    assert (table.groupby("fold")["label"].nunique() == 4).all()


def test_the_same_seed_gives_the_same_folds_and_another_one_others(manifest):
    assert np.array_equal(make_folds(manifest, seed=3), make_folds(manifest, seed=3))
    assert not np.array_equal(make_folds(manifest, seed=3), make_folds(manifest, seed=4))


def test_folds_are_stored_and_read_back(tmp_path, manifest):
    folds = make_folds(manifest, seed=0)
    save_folds(tmp_path / "folds.csv", manifest, folds)
    assert (tmp_path / "folds.csv").read_text().startswith("file,group,label,fold\n")
    assert np.array_equal(load_folds(tmp_path / "folds.csv", manifest), folds)


def test_folds_are_found_by_file_and_rows_of_others_are_passed_over(tmp_path, manifest):
    folds = make_folds(manifest, seed=0)
    save_folds(tmp_path / "folds.csv", manifest, folds)
    some = np.arange(0, len(manifest), 3)
    assert np.array_equal(load_folds(tmp_path / "folds.csv", manifest.take(some)), folds[some])


def test_a_class_with_fewer_groups_than_folds_is_refused():
    few = {"a": ("cyst", 3), "b": ("cyst", 3), "c": ("stone", 3)}
    with pytest.raises(DatasetError, match="'stone' has 1 groups"):
        make_folds(manifest_of(few), n_folds=2, seed=0)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("fold", "x", "'x' is no fold"),
        ("fold", "-1", "'-1' is no fold"),
        ("group", "other", "'other'"),
        ("label", "stone", "'stone'"),
        ("file", "other.png", "1 pictures missing"),
    ],
)
def test_a_stored_table_that_does_not_fit_is_refused(tmp_path, manifest, column, value, said):
    save_folds(tmp_path / "folds.csv", manifest, make_folds(manifest, seed=0))
    table = pd.read_csv(tmp_path / "folds.csv", dtype=str)
    table.loc[0, column] = value
    table.to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(DatasetError, match=said) as error:
        load_folds(tmp_path / "folds.csv", manifest)
    assert error.value.column == column


def test_stored_folds_with_a_group_in_two_are_refused(tmp_path, manifest):
    folds = np.arange(len(manifest)) % 5
    save_folds(tmp_path / "folds.csv", manifest, folds)
    with pytest.raises(DatasetError, match="more than one fold"):
        load_folds(tmp_path / "folds.csv", manifest)


@pytest.mark.needs_data
def test_each_kidney_fold_holds_tumour_series_and_a_fifth_of_the_pictures(data_root):
    manifest = read_manifest(data_root / "kidney_ct", load_task("kidney_ct"))
    table = manifest.frame.assign(fold=make_folds(manifest, seed=0))
    tumours = table[table["label"] == "tumor"].groupby("fold")["group"].nunique()
    assert list(tumours) == [4, 4, 4, 4, 4]
    assert table["fold"].value_counts(normalize=True).between(0.18, 0.22).all()
