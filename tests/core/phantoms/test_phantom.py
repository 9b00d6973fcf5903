"""A drawing as a study image."""

from __future__ import annotations

import hashlib

import numpy as np

from core.domain import PictureKind
from core.phantoms import draw_phantom, png_bytes, to_study_image
from core.tasks.loader import load_task


def test_a_drawing_becomes_a_ct_in_the_task_s_window_that_says_it_is_synthetic():
    phantom = draw_phantom(2, 0)
    image = to_study_image(phantom)
    task = load_task("phantom_ct")
    assert (image.kind, image.modality) == (PictureKind.DRAWN, "CT")
    assert image.modality in task.modalities
    assert (image.window.low, image.window.high) == task.window
    assert image.pixel_spacing_mm == (phantom.pixel_spacing_mm,) * 2
    assert "synthetic, for teaching" in " ".join(image.notes)


def test_the_study_image_and_the_png_show_the_same_pixels():
    phantom = draw_phantom(2, 1)
    image = to_study_image(phantom)
    assert np.array_equal(image.pixels, phantom.pixels)
    assert image.sha256 == hashlib.sha256(png_bytes(phantom)).hexdigest()


def test_pixel_spacing_is_that_of_an_abdominal_ct():
    spacings = [draw_phantom(seed, 0).pixel_spacing_mm for seed in range(30)]
    assert all(1.2 <= spacing <= 1.6 for spacing in spacings)
    assert len(set(spacings)) > 10
