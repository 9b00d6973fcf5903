from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import RecipeError
from core.preprocessing import STEPS, Recipe
from core.tasks import load_task, load_tasks


@pytest.fixture
def kidney():
    return Recipe.from_task(load_task("kidney_ct"))


def grey(rows=300, columns=260, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)


@pytest.mark.parametrize("key", list(load_tasks()))
def test_the_recipe_of_every_task_gives_three_channels_of_a_known_size(key):
    recipe = Recipe.from_task(load_task(key))
    seen = recipe.apply(grey())
    assert seen.pixels.shape == (*recipe.output_size, 3)
    assert seen.pixels.dtype == np.uint8
    assert seen.steps_applied == recipe.names


def test_a_recipe_rebuilt_from_its_data_is_the_same_recipe(kidney):
    again = Recipe.from_data(kidney.to_data())
    assert again == kidney
    assert again.fingerprint == kidney.fingerprint
    assert len(kidney.fingerprint) == 64


def test_the_fingerprint_knows_the_order_of_the_steps(kidney):
    other = Recipe(tuple(reversed(kidney.steps)))
    assert other.fingerprint != kidney.fingerprint


def test_the_fingerprint_of_the_kidney_recipe_is_the_one_that_shipped_models_carry(kidney):
    assert kidney.fingerprint == (
        "b51a3849ecc0f82cac5349aa63bd7224120024c2210775b59d8b6c8dc3017f08"
    )


def test_steps_already_applied_are_left_out_and_named(kidney):
    seen = kidney.apply(grey(224, 224), already_applied=kidney.names)
    assert seen.steps_applied == ()
    assert seen.steps_left_out == kidney.names
    assert np.array_equal(seen.pixels[:, :, 1], grey(224, 224))


def test_the_callers_array_stays_writable_and_unchanged(kidney):
    pixels = np.repeat(grey(224, 224)[:, :, None], 3, axis=2)
    before = pixels.copy()
    seen = kidney.apply(pixels, already_applied=kidney.names)
    assert np.array_equal(pixels, before)
    assert pixels.flags.writeable
    assert not np.shares_memory(seen.pixels, pixels)
    assert not seen.pixels.flags.writeable


def test_a_read_only_picture_is_accepted(kidney):
    pixels = grey()
    pixels.setflags(write=False)
    assert kidney.apply(pixels).pixels.shape == (224, 224, 3)


def test_a_picture_that_claims_the_resize_but_has_another_size_is_refused_with_both_sizes(kidney):
    with pytest.raises(RecipeError, match=r"224 x 224.*300 x 260"):
        kidney.apply(grey(), already_applied=["resize_lanczos_224"])


def test_a_picture_that_claims_a_square_but_is_none_is_refused():
    chest = Recipe.from_task(load_task("chest_xray"))
    with pytest.raises(RecipeError, match=r"as many rows as columns.*300 x 260"):
        chest.apply(grey(), already_applied=["pad_square"])


def test_an_unknown_step_already_applied_is_refused_naming_the_allowed_ones(kidney):
    with pytest.raises(RecipeError, match=r"'sharpen'.*resize_lanczos_224, clahe_lab_4_8x8"):
        kidney.apply(grey(), already_applied=["sharpen"])


def test_a_known_step_that_the_recipe_does_not_have_changes_nothing(kidney):
    plain = kidney.apply(grey())
    seen = kidney.apply(grey(), already_applied=["pad_square"])
    assert np.array_equal(plain.pixels, seen.pixels)
    assert seen.steps_left_out == ()


def test_grey_and_three_equal_channels_give_the_same_picture(kidney):
    pixels = grey()
    colour = np.repeat(pixels[:, :, None], 3, axis=2)
    assert np.array_equal(kidney.apply(pixels).pixels, kidney.apply(colour).pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8), np.float32),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8,), np.uint8),
        np.zeros((0, 8), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_its_shape_and_type(kidney, pixels):
    with pytest.raises(RecipeError, match=str(pixels.dtype)) as error:
        kidney.apply(pixels)
    assert str(pixels.shape) in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "no steps"),
        ([{"step": "blur"}], "'blur'"),
        ([{"stp": "pad_square"}], "unknown key 'stp'"),
        ([{"step": "pad_square", "version": 99}], "version 99"),
        ([{"step": "resize_lanczos_224", "parameters": {"rows": 225}}], "225"),
        ([{"step": "pad_square"}, {"step": "pad_square"}], "more than once"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_offending_value(data, said):
    with pytest.raises(RecipeError, match=said):
        Recipe.from_data(data)


def test_a_recipe_is_frozen(kidney):
    with pytest.raises(dataclasses.FrozenInstanceError):
        kidney.steps = ()


def test_a_recipe_without_a_resize_has_no_fixed_size():
    assert Recipe((STEPS["pad_square"], STEPS["clahe_lab_4_8x8"])).output_size is None
    assert Recipe((STEPS["resize_area_224"], STEPS["pad_square"])).output_size == (224, 224)
