"""Names and parameters of steps: one name, one step; faults are told with what is allowed."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import RecipeError
from core.preprocessing import KINDS, STEPS, Recipe
from core.tasks.spec import RecipeStep


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_can_be_built_from_what_its_step_says(kind):
    (name, *_) = [name for name in STEPS if STEPS[name].kind == kind]
    step = STEPS[name]
    assert KINDS[kind].from_name(name) == step
    assert KINDS[kind].from_parameters(step.parameters) == step
    recipe = Recipe((step,))
    assert Recipe.from_data(recipe.to_data()).fingerprint == recipe.fingerprint
    assert RecipeStep(step=name).step == name  # a card's name may stand in a task file


@pytest.mark.parametrize(
    ("kind", "parameters", "name"),
    [
        ("resize_area", {"rows": 224, "columns": 250}, "resize_area_224x250"),
        ("resize_lanczos", {"rows": 300, "columns": 300}, "resize_lanczos_300"),
        ("centre_crop", {"rows": 200, "columns": 100}, "centre_crop_200x100"),
        ("gaussian_filter", {"sigma": 2}, "gaussian_filter_2"),
        ("gaussian_filter", {"sigma": 0.75}, "gaussian_filter_0.75"),
        ("clahe_lab", {"clip": 2}, "clahe_lab_2_8x8"),
        ("canny_edges", {"low": 20}, "canny_edges_20_150"),
        (
            "stain_reinhard",
            {"mean": [60, 20.5, -15], "deviation": [15, 8, 6]},
            "stain_reinhard_60_20.5_-15_15_8_6",
        ),
    ],
)
def test_parameters_make_the_name_and_the_name_the_step(kind, parameters, name):
    recipe = Recipe.from_data([{"step": kind, "parameters": parameters}])
    assert recipe.names == (name,)
    assert STEPS[name] == recipe.steps[0]
    assert Recipe.from_data(recipe.to_data()) == recipe


def test_a_whole_number_and_the_same_with_a_point_are_one_step():
    one, other = (
        Recipe.from_data([{"step": "gaussian_filter", "parameters": {"sigma": sigma}}])
        for sigma in (2, 2.0)
    )
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    "name",
    [
        "median_filter",  # which size?
        "median_filter_03",
        "median_filter_4",
        "median_filter_3_3",
        "median_filter_x",
        "gaussian_filter_1.0",
        "resize_area_224x224",
        "resize_area",
        "resize_cubic_224",
        "clahe_lab_4_8x9",
        "stain_reinhard_60",
        "sharpen",
        "",
    ],
)
def test_what_is_no_full_name_is_no_key_of_the_table(name):
    assert name not in STEPS


@pytest.mark.parametrize(
    ("step", "parameters", "column", "allowed"),
    [
        ("median_filter", {"size": 4}, "size", "an odd whole number from 3 to 31"),
        ("median_filter", {"size": 3.5}, "size", "whole number"),
        ("median_filter", {"size": True}, "size", "whole number"),
        ("median_filter", {"sigma": 3}, "sigma", "size"),
        ("gaussian_filter", {"sigma": 0}, "sigma", "from 0.3 to 20"),
        ("gaussian_filter", {"sigma": float("nan")}, "sigma", "from 0.3 to 20"),
        ("gaussian_filter", {"sigma": "2"}, "sigma", "from 0.3 to 20"),
        ("hue", {"degrees": 360}, "degrees", "from 0 to 359"),
        ("resize_area", {"rows": 224}, "columns", "from 8 to 2048"),
        ("resize_area", {"rows": 4, "columns": 4}, "rows", "from 8 to 2048"),
        ("resize_area", {"rows": 9, "columns": 9, "kernel": "cubic"}, "kernel", "another step"),
        ("canny_edges", {"low": 90, "high": 80}, "low", "below high"),
        ("stain_reinhard", {"mean": [60, 20]}, "mean", "3 numbers from -128 to 127"),
        ("stain_macenko", {"second": [0.597, 0.691, 0.397]}, "second", "differ"),
        ("stain_macenko", {"strongest": [0, 1]}, "strongest", "2 numbers from 0.05 to 10"),
        ("sharpen", {}, "step", "median_filter"),
    ],
)
def test_a_wrong_parameter_is_told_with_what_is_allowed(step, parameters, column, allowed):
    with pytest.raises(RecipeError) as error:
        Recipe.from_data([{"step": step, "parameters": parameters}])
    assert "Step 1 of the recipe" in error.value.problem
    assert allowed in error.value.remedy
    assert error.value.column == column


def test_a_step_with_parameters_can_be_carried_already():
    recipe = Recipe.from_data(
        [
            {"step": "resize_area", "parameters": {"rows": 96, "columns": 120}},
            {"step": "gaussian_filter", "parameters": {"sigma": 1.5}},
        ]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (96, 120), dtype=np.uint8)
    seen = recipe.apply(pixels, already_applied=recipe.names)
    assert (seen.steps_applied, seen.steps_left_out) == ((), recipe.names)
    assert np.array_equal(seen.pixels[:, :, 0], pixels)
    other = recipe.apply(pixels, already_applied=["gaussian_filter_2", "resize_area_96x120"])
    assert other.steps_applied == ("gaussian_filter_1.5",)
    with pytest.raises(RecipeError, match="96 x 120"):
        recipe.apply(pixels.T, already_applied=["resize_area_96x120"])
    with pytest.raises(RecipeError, match="'gaussian_filter'"):
        recipe.apply(pixels, already_applied=["gaussian_filter"])


def test_a_crop_larger_than_the_picture_is_refused_with_both_sizes():
    with pytest.raises(RecipeError, match=r"centre_crop_300.*200 x 400"):
        STEPS["centre_crop_300"](np.zeros((200, 400), np.uint8))
