"""Cutting pictures by their masks, against brute force."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from core.datasets import read_manifest
from core.datasets.outlines import crop_to_outline, mask_files, read_mask
from core.errors import DatasetError, IntakeError, RecipeError
from core.preprocessing import Recipe
from core.tasks import load_task
from core.workflows.pictures import load_pixels
from tests.core.datasets.folder import write_picture


def ellipse(rows=60, columns=80, *, centre=(40, 30), axes=(30, 18), turned=30):
    mask = np.zeros((rows, columns), np.uint8)
    cv2.ellipse(mask, centre, axes, turned, 0, 360, 255, -1)
    return mask > 0


def picture(rows=60, columns=80):
    return np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def test_the_box_is_opencvs_bounding_rectangle():
    left, top, width, height = cv2.boundingRect(ellipse().astype(np.uint8))
    cut = crop_to_outline(picture(), ellipse(), cut="box")
    assert np.array_equal(cut, picture()[top : top + height, left : left + width])


@pytest.mark.parametrize("seed", range(6))
def test_the_inside_is_the_largest_rectangle_that_brute_force_finds(seed):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.75
    largest = max(
        (bottom - top) * (right - left)
        for top, bottom in itertools.combinations(range(10), 2)
        for left, right in itertools.combinations(range(12), 2)
        if mask[top:bottom, left:right].all()
    )
    place = np.arange(99).reshape(9, 11).astype(np.uint8)
    cut = crop_to_outline(place, mask, cut="inside")
    assert cut.size == largest
    assert mask.ravel()[cut.ravel()].all()
    rows, columns = np.unravel_index(cut.ravel(), mask.shape)
    assert cut.shape == (np.ptp(rows) + 1, np.ptp(columns) + 1)


def test_a_mask_of_another_size_or_of_nothing_is_refused():
    with pytest.raises(IntakeError, match=r"9 x 9.*60 x 80"):
        crop_to_outline(picture(), np.ones((9, 9), bool), cut="box")
    with pytest.raises(IntakeError, match="marks nothing"):
        crop_to_outline(picture(), np.zeros((60, 80), bool), cut="inside")


@pytest.fixture
def folder(tmp_path):
    """Two glomeruli with masks of unequal shape, in a folder that carries the recipe already."""
    lines = ["file,label,group,outline"]
    for name, axes in (("a", (30, 18)), ("b", (20, 25))):
        write_picture(tmp_path / f"{name}.png", picture(224, 224))
        mask = ellipse(224, 224, centre=(110, 100), axes=axes, turned=0)
        write_picture(tmp_path / "masks" / f"{name}.png", mask.astype(np.uint8) * 255)
        lines.append(f"{name}.png,sclerotic,{name},masks\\{name}.png")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "dataset.yaml").write_text(
        "task: glomeruli\nmask_column: outline\n"
        "already_applied: [pad_square_border, resize_area_224]\n"
    )
    return tmp_path


def test_a_folder_is_read_cut_and_the_recipe_gives_all_one_size(folder):
    task = load_task("glomeruli")
    recipe, manifest = Recipe.from_task(task), read_manifest(folder, task)
    cut = load_pixels(manifest, recipe, cut="box")
    whole = picture(224, 224)[:, :, ::-1]  # OpenCV writes BGR
    for row, (down, across) in enumerate(((18, 30), (25, 20))):
        part = whole[100 - down : 101 + down, 110 - across : 111 + across]
        assert np.array_equal(cut.pixels[row], recipe.apply(part).pixels)
    assert np.array_equal(load_pixels(manifest, recipe).pixels[0], whole)


def test_an_unknown_step_that_the_folder_carries_is_told_as_ever(folder):
    path = folder / "dataset.yaml"
    path.write_text(path.read_text().replace("pad_square_border", "sharpen"))
    task = load_task("glomeruli")
    with pytest.raises(RecipeError, match="'sharpen'"):
        load_pixels(read_manifest(folder, task), Recipe.from_task(task), cut="box")


def test_a_missing_or_damaged_mask_is_told_and_the_others_are_read(folder):
    task = load_task("glomeruli")
    (folder / "masks" / "b.png").write_bytes(b"no picture")
    loaded = load_pixels(read_manifest(folder, task), Recipe.from_task(task), cut="inside")
    ((file, reason),) = loaded.errors
    assert (file, "b.png is no picture" in reason) == ("b.png", True)
    (folder / "masks" / "b.png").unlink()
    with pytest.raises(IntakeError, match=r"b\.png cannot be read"):
        read_mask(folder / "masks" / "b.png")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mask_column: outline\n", "", "names no masks"),
        ("mask_column: outline", "mask_column: shape", "no column 'shape'"),
    ],
)
def test_a_folder_without_masks_is_refused(folder, old, new, said):
    path = folder / "dataset.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=said):
        mask_files(folder)


def test_a_mask_may_not_lead_out_of_the_folder(folder):
    path = folder / "labels.csv"
    path.write_text(path.read_text().replace("masks\\a.png", "../a.png"))
    with pytest.raises(DatasetError, match="leads out") as error:
        mask_files(folder)
    assert (error.value.row, error.value.column) == (2, "outline")
