from __future__ import annotations

import numpy as np
import pytest

from core.datasets.augmentation import AugmentationSpec, augment
from core.errors import ArgumentError, DatasetError, RecipeError
from core.preprocessing import Recipe
from core.tasks import load_task
from core.workflows.previewing import PreviewPlan, plan_preview, preview_picture

RECIPE = Recipe.from_data(
    [{"step": "stain_reinhard"}, {"step": "resize_area_96"}, {"step": "sobel_magnitude"}]
)
NOISE = AugmentationSpec(noise=20, flip_left_right=0.5)


def picture(*shape):
    return np.random.default_rng(0).integers(0, 256, shape or (120, 150), dtype=np.uint8)


def test_every_step_has_its_stage_and_the_last_is_what_a_model_sees():
    made = preview_picture(picture(), PreviewPlan(RECIPE, NOISE, n=0))
    assert [stage.step for stage in made.stages] == ["as_read", *RECIPE.names]
    assert [stage.pixels.shape for stage in made.stages] == [(120, 150)] * 2 + [(96, 96)] * 2
    assert [bool(stage.note) for stage in made.stages] == [False, True, False, False]
    seen = RECIPE.apply(picture()).pixels
    assert np.array_equal(made.stages[-1].pixels, seen[:, :, 0])
    assert made.augmented == ()


def test_versions_are_those_that_training_draws_and_their_seed_decides():
    task_is_grey = PreviewPlan(RECIPE, NOISE, n=3, seed=4, is_grey=True)
    made = preview_picture(picture(), task_is_grey)
    last = made.stages[-1].pixels
    for index, version in enumerate(made.augmented):
        drawn = augment(last, NOISE, np.random.default_rng([4, index]))
        assert np.array_equal(version, np.repeat(drawn[:, :, None], 3, axis=2))
    more = preview_picture(picture(), PreviewPlan(RECIPE, NOISE, n=5, seed=4, is_grey=True))
    assert all(map(np.array_equal, made.augmented, more.augmented[:3]))
    other = preview_picture(picture(), PreviewPlan(RECIPE, NOISE, n=1, seed=5, is_grey=True))
    assert not np.array_equal(made.augmented[0], other.augmented[0])


def test_steps_that_the_picture_carries_are_left_out():
    made = preview_picture(
        picture(96, 96, 3), PreviewPlan(RECIPE, NOISE, n=1), already_applied=("resize_area_96",)
    )
    assert [stage.step for stage in made.stages[1:]] == [RECIPE.names[0], RECIPE.names[2]]
    assert made.steps_left_out == ("resize_area_96",)


def test_a_preview_is_frozen_and_leaves_the_callers_picture_writable():
    pixels = picture(40, 40, 3)
    made = preview_picture(pixels, PreviewPlan(RECIPE, NOISE, n=1))
    assert pixels.flags.writeable
    assert not any(stage.pixels.flags.writeable for stage in made.stages)
    assert not made.augmented[0].flags.writeable


def test_without_files_the_task_says_what_is_tried():
    task = load_task("glomeruli")
    plan = plan_preview(task)
    assert plan.recipe == Recipe.from_task(task)
    assert plan.augmentation.border == "mirror"  # core/training/defaults.yaml
    assert not plan.is_grey
    assert plan_preview(load_task("chest_xray")).is_grey


@pytest.mark.parametrize("is_experiment", [False, True])
def test_recipe_and_augmentation_come_from_yaml_alone_or_within_an_experiment(
    tmp_path, is_experiment
):
    recipe, changes = tmp_path / "recipe.yaml", tmp_path / "changes.yaml"
    recipe.write_text("- {step: resize_area, parameters: {rows: 64, columns: 96}}\n")
    changes.write_text("{hue: 20, probabilities: {hue: 0.5}}\n")
    if is_experiment:
        recipe.write_text(f"name: x\nrecipe:\n{recipe.read_text()}augmentation: {{hue: 20}}\n")
        changes = recipe
    plan = plan_preview(load_task("glomeruli"), recipe=recipe, augmentation=changes)
    assert plan.recipe.names == ("resize_area_64x96",)
    assert plan.augmentation.hue == 20


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("- {step: median_filter, parameters: {size: 4}}", RecipeError, "size is 4"),
        ("- {step: blur}", RecipeError, "'blur'"),
        ("step: resize_area_96", ArgumentError, "no list of steps"),
        ("- resize_area_96", ArgumentError, "no list of steps"),
        ("[", ArgumentError, "cannot be read as YAML"),
        ("[]", RecipeError, "no steps"),
    ],
)
def test_a_wrong_recipe_file_is_refused_in_words(tmp_path, text, error, said):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(error, match=said):
        plan_preview(load_task("glomeruli"), recipe=path)


def test_a_wrong_augmentation_file_or_number_is_refused_in_words(tmp_path):
    task, path = load_task("glomeruli"), tmp_path / "changes.yaml"
    path.write_text("[hue, 20]")
    with pytest.raises(ArgumentError, match="no augmentation"):
        plan_preview(task, augmentation=path)
    path.write_text("glow: 2")
    with pytest.raises(DatasetError, match="'glow'"):
        plan_preview(task, augmentation=path)
    with pytest.raises(ArgumentError, match=r"missing\.yaml cannot be read"):
        plan_preview(task, augmentation=tmp_path / "missing.yaml")
    with pytest.raises(ArgumentError, match="65"):
        plan_preview(task, n=65)
