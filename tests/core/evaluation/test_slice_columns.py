"""Columns as slices: nothing is dropped, numbers are cut where the label says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.slice_columns import ALL, MAX_VALUES, NOT_STATED, slice_column

VALUES = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "nan", "NA", "a", "b", ALL, NOT_STATED, "other (3 values)"]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
    st.text(max_size=5),
)


@given(st.lists(VALUES, max_size=60))
def test_every_case_lies_in_one_slice_that_has_a_name_of_its_own(values: list[object]):
    column = slice_column("any", values)
    assert len(column.codes) == len(values)
    assert len(set(column.labels)) == len(column.labels)
    assert ALL not in column.labels
    assert sorted(set(column.codes.tolist())) == list(range(len(column.labels)))
    assert len(column.labels) <= MAX_VALUES + 1


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200),
    st.integers(0, 5),
)
def test_a_cut_number_lies_on_the_side_that_its_label_says(values: list[float], n_empty: int):
    column = slice_column("numbers", [*values, *[None] * n_empty])
    assert column.is_numeric
    if not column.cuts:
        return
    expected = np.searchsorted(column.cuts, values, side="right")
    _, place = np.unique(expected, return_inverse=True)
    assert column.codes[: len(values)].tolist() == place.tolist()
    assert (column.codes[len(values) :] == len(column.labels) - 1).all()


def test_numbers_are_cut_at_their_quartiles_as_pandas_cuts_them():
    values = np.random.default_rng(0).normal(60, 12, 1000)
    column = slice_column("age", values)
    oracle = pd.qcut(values, 4, labels=False)
    assert (column.codes == oracle).mean() > 0.97  # cuts are rounded by at most 1 % of the cases
    first, second, third = column.cuts
    assert column.labels == (
        f"under {first:g}",
        f"{first:g} to {second:g}",
        f"{second:g} to {third:g}",
        f"{third:g} and above",
    )


def test_few_different_numbers_stay_as_they_are_in_their_order():
    assert slice_column("fold", ["10", "2", "1", "2"]).labels == ("1", "2", "10")


def test_most_cases_at_the_lowest_value_still_leaves_two_slices():
    column = slice_column("size", [5.0] * 100 + list(np.linspace(6, 9, 20)))
    assert (column.labels, np.bincount(column.codes).tolist()) == (
        ("under 6", "6 and above"),
        [100, 20],
    )


def test_too_many_categories_become_the_commonest_and_the_others():
    values = [f"v{index:02d}" for index in range(30) for _ in range(30 - index)]
    column = slice_column("scanner", values)
    assert column.labels == (*(f"v{index:02d}" for index in range(11)), "other (19 values)")
    assert np.bincount(column.codes)[-1] == sum(30 - index for index in range(11, 30))


@pytest.mark.parametrize("empty", [None, float("nan"), "", "  ", "NaN", "n/a", pd.NA])
def test_what_is_empty_is_not_stated_and_not_dropped(empty: object):
    column = slice_column("sex", ["f", empty, "m"])
    assert column.labels == ("f", "m", NOT_STATED)
    assert column.codes.tolist() == [0, 2, 1]


def test_a_value_that_is_called_not_stated_stays_apart_from_what_is_empty():
    assert slice_column("sex", [NOT_STATED, None]).labels == (NOT_STATED, f"({NOT_STATED})")
