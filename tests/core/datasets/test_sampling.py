from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import even_series_sample
from core.errors import DatasetError
from tests.core.datasets.folder import kidney_groups, manifest_of


def drawn(rows, n, seed=0):
    return rows.iloc[even_series_sample(rows, n, np.random.default_rng(seed))]


def test_long_and_short_series_are_drawn_equally_often():
    rows = manifest_of({"a": ("cyst", 50), "b": ("cyst", 1), "c": ("stone", 7)}).frame
    counts = drawn(rows, 40)["group"].value_counts()
    assert counts.to_dict() == {"c": 20, "a": 10, "b": 10}


def test_pictures_repeat_only_when_their_series_is_used_up():
    rows = manifest_of({"a": ("cyst", 50), "b": ("cyst", 4)}).frame
    counts = drawn(rows, 20)["file"].value_counts()
    assert counts[counts.index.str.startswith("a")].max() == 1
    assert set(counts[counts.index.str.startswith("b")]) == {2, 3}


@given(n=st.integers(1, 300), seed=st.integers(0, 50))
def test_classes_and_their_series_differ_by_one_draw_at_most(n, seed):
    rows = manifest_of(kidney_groups(3)).frame
    sample = drawn(rows, n, seed)
    assert len(sample) == n
    classes = sample["label"].value_counts().reindex(rows["label"].unique(), fill_value=0)
    assert np.ptp(classes) <= 1
    for label in classes.index:
        series = rows.loc[rows["label"] == label, "group"].unique()
        assert np.ptp(sample["group"].value_counts().reindex(series, fill_value=0)) <= 1


def test_a_seed_repeats_the_draw_and_any_index_is_fine():
    rows = manifest_of(kidney_groups(3)).frame
    other = rows.set_axis([f"r{n}" for n in range(len(rows))])
    first = even_series_sample(rows, 30, np.random.default_rng(5))
    assert np.array_equal(first, even_series_sample(other, 30, np.random.default_rng(5)))
    assert not np.array_equal(first, even_series_sample(rows, 30, np.random.default_rng(6)))


@pytest.mark.parametrize(("n", "rows"), [(0, 3), (4, 0)])
def test_nothing_to_draw_is_refused(n, rows):
    frame = pd.DataFrame({"label": ["cyst"] * rows, "group": ["a"] * rows})
    with pytest.raises(DatasetError, match="cannot be drawn"):
        even_series_sample(frame, n, np.random.default_rng(0))
