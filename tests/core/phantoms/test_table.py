"""Ids, the table of a teaching set and drawings from ids."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.errors import PhantomError
from core.phantoms import draw_phantom, phantom_picture, phantom_pixels, phantom_table
from core.phantoms.ids import file_id, parse_file_id
from core.tasks.loader import load_task

NOT_IDS = [
    "",
    "s0012_3.png",
    "phantom_ct/s12_3.png",
    "phantom_ct/s0012_3_gout.png",
    "phantom_ct/../s0012_3.png",
    "phantom_ct/s0012_3.png\n",
    "phantom_ct/s0012_3.PNG",
]


def test_a_table_lists_every_slice_of_every_series_once():
    table = phantom_table(n_series=60, seed=2)
    assert table["file"].is_unique
    assert table.groupby("group").size().between(3, 6).all()
    assert table["group"].nunique() == 60
    assert (table.groupby("group")["label"].nunique() == 1).all()


def test_the_labels_are_the_classes_of_the_task_and_about_as_many_of_each():
    table = phantom_table(n_series=800)
    shares = table.drop_duplicates("group")["label"].value_counts(normalize=True)
    assert set(shares.index) == set(load_task("phantom_ct").class_names)
    assert shares.between(0.2, 0.3).all()


def test_tables_of_different_seeds_share_no_series():
    first, second = (set(phantom_table(n_series=40, seed=seed)["group"]) for seed in (0, 1))
    assert not first & second


def test_the_table_says_of_a_slice_what_its_drawing_says():
    table = phantom_table(n_series=6, seed=1)
    row = table[table["label"] != "normal"].iloc[0]
    phantom = phantom_pixels(row["file"])
    assert phantom.file_id == row["file"]
    assert (phantom.label, phantom.group) == (row["label"], row["group"])
    assert phantom.lesion_size_mm == row["lesion_size_mm"]
    for fact in ("contrast_phase", "body_size", "look_alike"):
        assert getattr(phantom, fact) == row[fact]


@pytest.mark.parametrize("label", [None, "stone"])
def test_a_drawing_is_drawn_again_from_its_id(label):
    phantom = draw_phantom(21, 2, label=label)
    assert parse_file_id(phantom.file_id) == (21, 2, label)
    assert np.array_equal(phantom_pixels(phantom.file_id).values, phantom.values)


def test_a_picture_is_a_lossless_png_of_the_windowed_slice():
    decoded = cv2.imdecode(np.frombuffer(phantom_picture(file_id(4, 0)), np.uint8), -1)
    assert np.array_equal(decoded, draw_phantom(4, 0).pixels)


@pytest.mark.parametrize("text", NOT_IDS)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(PhantomError):
        phantom_picture(text)


@pytest.mark.parametrize(("n_series", "seed"), [(0, 0), (200_000, 0), (5, -1), (5, 10**9)])
def test_a_table_that_cannot_be_is_refused(n_series, seed):
    with pytest.raises(PhantomError):
        phantom_table(n_series=n_series, seed=seed)
