"""Values of a column left out one after the other: which rows each has, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.datasets.left_out import LeftOut, left_out_by
from core.errors import DatasetError
from tests.core.datasets.folder import kidney_groups, manifest_of


def by_centre(values):
    manifest = manifest_of(kidney_groups())
    place = np.unique(manifest.frame["group"], return_inverse=True)[1]
    frame = manifest.frame.assign(centre=[values[k % len(values)] for k in place])
    return replace(manifest, frame=frame, slice_columns=("centre",))


def test_each_value_has_its_rows_and_an_empty_cell_has_none():
    manifest = by_centre(["west", "east", "", " east"])
    found = left_out_by(manifest, "centre")
    assert found.names == ("east", "west")
    place = np.unique(manifest.frame["group"], return_inverse=True)[1]
    assert np.array_equal(found.places, np.array([1, 0, -1, 0])[place % 4])


def test_a_group_with_a_picture_of_the_value_and_pictures_without_one_are_fitted_on_nowhere():
    group = np.array(["a", "a", "b", "b", "c", "c", "d"], dtype=object)
    places = np.array([0, 1, 0, 0, 1, 1, -1])
    found = LeftOut("centre", ("east", "west"), places, group)
    assert found.judged(0).tolist() == [0, 2, 3]
    assert found.outside(0).tolist() == [4, 5]
    assert found.judged(1).tolist() == [1, 4, 5]
    assert found.outside(1).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("values", "column", "said"),
    [
        (["west", "east"], "scanner", "No slice column is called 'scanner'"),
        (["west"], "centre", "has 1 values"),
        ([f"c{k}" for k in range(21)], "centre", "has 21 values"),
    ],
)
def test_what_cannot_be_left_out_is_refused(values, column, said):
    with pytest.raises(DatasetError, match=said):
        left_out_by(by_centre(values), column)


def test_a_value_without_which_a_class_is_gone_is_refused():
    manifest = by_centre(["west"])
    only = np.where(manifest.frame["label"] == "stone", "east", "west")
    manifest = replace(manifest, frame=manifest.frame.assign(centre=only))
    with pytest.raises(DatasetError, match=r"Without centre east .*no picture of stone is left"):
        left_out_by(manifest, "centre")
