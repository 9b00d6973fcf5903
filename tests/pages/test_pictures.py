"""Pictures for the screen: lossless, reduced only where nothing is lost to the eye."""

from __future__ import annotations

import doctest
import importlib
import io
import pkgutil

import numpy as np
import pytest
from PIL import Image

import pages._shared
from core.domain import PictureKind, StudyImage, Window
from pages._shared import pictures


@pytest.mark.parametrize("shape", [(37, 51), (37, 51, 3), (37, 51, 4)])
def test_png_gives_back_the_very_pixels(shape: tuple[int, ...]):
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(pictures.png(pixels)))), pixels)


def test_a_picture_that_fits_is_not_touched_and_a_larger_one_says_its_share():
    small, large = np.zeros((300, 200), np.uint8), np.zeros((4096, 1024), np.uint8)
    assert pictures.reduced(small) == (small, 1.0)
    shown, share = pictures.reduced(large)
    assert (shown.shape, share) == ((2048, 512), 0.5)


def _study(values: np.ndarray) -> StudyImage:
    window = Window(0, 100)
    return StudyImage(values.astype(np.float32), window, PictureKind.DICOM, "0" * 64, bits=16)


def test_the_models_own_window_shows_exactly_what_the_model_is_given():
    image = _study(np.arange(120).reshape(10, 12))
    shown = pictures.through_window(image, Window(0, 100, "again"), inverted=False)
    assert np.array_equal(shown, image.pixels)


def test_another_window_and_inversion_change_only_the_view():
    image = _study(np.array([[0, 50, 100, 200]]))
    wide = pictures.through_window(image, Window(0, 200), inverted=False)
    assert wide.tolist() == [[0, 64, 128, 255]]
    assert pictures.through_window(image, Window(0, 200), inverted=True).tolist() == [
        [255, 191, 127, 0]
    ]
    assert image.pixels.tolist() == [[0, 128, 255, 255]]


@pytest.mark.parametrize(
    "name", [item.name for item in pkgutil.iter_modules(pages._shared.__path__)]
)
def test_the_examples_of_the_shared_parts_run(name: str):
    module = importlib.import_module(f"pages._shared.{name}")
    assert doctest.testmod(module).failed == 0
