from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.datasets import read_manifest
from core.errors import RecipeError
from core.preprocessing import STEPS, Recipe
from core.tasks import load_task
from core.workflows.pictures import load_pixels, open_manifest, picture_reader
from tests.core.datasets.folder import write_picture


def smooth(seed, shape=(224, 224)):
    noise = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


@pytest.fixture
def kidney():
    return load_task("kidney_ct")


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        label = ("cyst", "stone")[number % 2]
        write_picture(tmp_path / label / f"{number}.png", smooth(number // 2))
    return tmp_path


def test_pictures_are_loaded_in_the_order_of_the_manifest(folder, kidney):
    manifest = read_manifest(folder, kidney)
    recipe, told = Recipe.from_task(kidney), []
    loaded = load_pixels(manifest, recipe, progress=lambda done, n: told.append((done, n)))
    assert loaded.pixels.shape == (6, 224, 224)
    expected = [recipe.apply(smooth(n // 2)).pixels[:, :, 1] for n in (0, 2, 4, 1, 3, 5)]
    assert np.array_equal(loaded.pixels, np.stack(expected))
    assert loaded.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert told[-1] == (6, 6)


def test_steps_that_the_folder_carries_are_not_run_again(folder, kidney):
    (folder / "dataset.yaml").write_text("already_applied: [resize_lanczos_224, clahe_lab_4_8x8]\n")
    loaded = load_pixels(read_manifest(folder, kidney), Recipe.from_task(kidney))
    assert np.array_equal(loaded.pixels[0], smooth(0))


def test_a_damaged_picture_is_told_and_the_others_are_loaded(folder, kidney):
    (folder / "cyst" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    loaded = load_pixels(read_manifest(folder, kidney), Recipe.from_task(kidney))
    assert [file for file, _ in loaded.errors] == ["cyst/2.png"]
    assert loaded.rows.tolist() == [0, 2, 3, 4, 5]
    assert len(loaded.pixels) == 5


def test_colour_tasks_keep_three_channels(tmp_path):
    task = load_task("glomeruli")
    picture = np.dstack([smooth(1), smooth(2), smooth(3)])
    write_picture(tmp_path / "sclerotic" / "a.png", picture)
    loaded = load_pixels(read_manifest(tmp_path, task), Recipe.from_task(task))
    assert np.array_equal(loaded.pixels[0], picture[:, :, ::-1])  # OpenCV writes BGR


def test_a_recipe_without_a_fixed_size_is_refused(folder, kidney):
    with pytest.raises(RecipeError, match="does not fix the size"):
        load_pixels(read_manifest(folder, kidney), Recipe((STEPS["pad_square"],)))


def test_a_folder_without_groups_gets_them_from_the_pixels(folder, kidney):
    manifest = open_manifest(folder, kidney)
    assert manifest.group_source == "found"
    groups = dict(zip(manifest.frame["file"], manifest.frame["group"], strict=True))
    assert groups["cyst/0.png"] == groups["stone/1.png"] != groups["cyst/2.png"]
    assert open_manifest(folder, kidney, find_groups=False).group_source == "none"


def test_the_reader_shows_a_file_as_analyse_would(tmp_path, kidney):
    write_picture(tmp_path / "a.png", smooth(0))
    assert np.array_equal(picture_reader(kidney)(tmp_path / "a.png"), smooth(0))
