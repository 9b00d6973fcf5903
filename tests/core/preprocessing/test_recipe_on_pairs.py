"""The recipe on files as exported, against the same files as their publisher processed them."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.config import settings
from core.preprocessing import STEPS, Recipe
from core.tasks import load_task

pytestmark = pytest.mark.needs_data


def pixels_of(path):
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture(scope="module")
def pairs():
    root = settings().data_root
    files = pd.read_csv(root / "kidney_ct_raw" / "labels.csv")["file"]
    return [
        (pixels_of(root / "kidney_ct_raw" / file), pixels_of(root / "kidney_ct" / file))
        for file in files
    ]


def differences(pairs, change):
    return [float(np.abs(change(raw).astype(float) - done).mean()) for raw, done in pairs]


@pytest.fixture(scope="module")
def ours(pairs):
    recipe = Recipe.from_task(load_task("kidney_ct"))
    return differences(pairs, lambda raw: recipe.apply(raw).pixels)


def test_the_recipe_reproduces_the_published_files_but_for_their_jpeg_loss(pairs, ours):
    assert len(pairs) == 100
    assert np.mean(ours) == pytest.approx(3.8, abs=0.05)
    assert max(ours) < 5.55


def test_the_other_order_of_the_steps_is_worse_on_average(pairs, ours):
    clahe, resize = STEPS["clahe_lab_4_8x8"], STEPS["resize_lanczos_224"]
    assert np.mean(differences(pairs, lambda raw: resize(clahe(raw)))) > np.mean(ours) + 0.4


def test_pillows_lanczos_is_worse_on_average(pairs, ours):
    def change(raw):
        small = Image.fromarray(raw).resize((224, 224), Image.Resampling.LANCZOS)
        return STEPS["clahe_lab_4_8x8"](np.asarray(small))

    assert np.mean(differences(pairs, change)) > np.mean(ours) + 1.5


def test_clahe_on_grey_values_instead_of_lightness_is_worse_on_average(pairs, ours):
    def change(raw):
        grey = cv2.cvtColor(STEPS["resize_lanczos_224"](raw), cv2.COLOR_RGB2GRAY)
        return cv2.createCLAHE(4.0, (8, 8)).apply(grey)[:, :, None]

    assert np.mean(differences(pairs, change)) > np.mean(ours)


def test_the_recipe_applied_twice_is_far_off(pairs, ours):
    recipe = Recipe.from_task(load_task("kidney_ct"))
    twice = differences(pairs, lambda raw: recipe.apply(recipe.apply(raw).pixels).pixels)
    assert np.mean(twice) > 2 * np.mean(ours)
