"""The fingerprint of the data names what differs, and nothing else."""

import dataclasses

import numpy as np
import pytest

from core.preprocessing import Recipe
from core.tasks import load_task
from core.training.fingerprint import DataFingerprint, difference_in_words
from tests.core.training.toys import toy_set

RECIPE = Recipe.from_task(load_task("phantom_ct"))
KNOWN = DataFingerprint.of(toy_set(), RECIPE)


def changed(**parts):
    return DataFingerprint.of(dataclasses.replace(toy_set(), **parts), RECIPE)


def test_the_same_data_have_the_same_fingerprint():
    again = DataFingerprint.of(toy_set(), RECIPE)
    assert again == KNOWN
    assert (again.n, again.n_groups) == (96, 24)
    assert difference_in_words(KNOWN, again) is None


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("pixels", "their prepared pixels"),
        ("y_true", "their labels"),
        ("group", "their groups"),
        ("file", "the names of the pictures"),
    ],
)
def test_one_changed_picture_is_noticed_and_named(part, told):
    values = getattr(toy_set(), part).copy()
    values[3] = values[54]
    assert KNOWN.differences(changed(**{part: values})) == (told,)


def test_another_recipe_is_noticed():
    other = DataFingerprint.of(toy_set(), Recipe.from_task(load_task("kidney_ct")))
    assert KNOWN.differences(other) == ("the recipe",)


def test_the_sentence_names_both_sizes():
    data = toy_set(n_groups=12)
    sentence = difference_in_words(KNOWN, DataFingerprint.of(data, RECIPE))
    assert "96 pictures in 24 groups, now 48 in 12" in sentence


def test_order_matters_because_seeds_draw_by_place():
    data, turned = toy_set(), np.arange(95, -1, -1)
    parts = {name: getattr(data, name)[turned] for name in ("pixels", "y_true", "group", "file")}
    assert len(KNOWN.differences(changed(**parts))) == 4
