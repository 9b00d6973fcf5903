"""The score and its reason."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.intake import read_study
from core.intake.quality import sharpness
from tests.core.intake import files


def quality(pixels):
    return read_study(files.encoded(pixels)).quality


def test_a_good_picture_scores_one():
    found = quality(files.picture(300, 300))
    assert found.score == 1
    assert found.reason.startswith("Sharp")


@pytest.mark.parametrize(
    ("pixels", "part", "word"),
    [
        (Image.fromarray(files.picture(300, 300)).filter(ImageFilter.GaussianBlur(8)), "blur",
         "blurred"),
        (files.picture(300, 300) // 64 + 120, "contrast", "contrast"),
        (np.where(files.picture(300, 300) > 90, 255, 0).astype(np.uint8), "exposure", "exposed"),
        (files.picture(80, 300), "size", "300 x 80 pixels"),
    ],
)  # fmt: skip
def test_the_worst_part_is_the_score_and_gives_the_reason(pixels, part, word):
    found = quality(pixels)
    assert found.score == pytest.approx(found.parts[part], abs=1e-3) == min(found.parts.values())
    assert found.score < 0.5
    assert word in found.reason


def test_sharpness_of_a_hand_computed_picture():
    checks = (np.indices((4, 4)).sum(axis=0) % 2).astype(np.float32)
    # the Laplacian is 4 on a black square, -4 on a white one: variance 16, over 0.25
    assert sharpness(checks) == pytest.approx(64)


def test_sharpness_does_not_depend_on_contrast():
    grey = files.picture().astype(np.float32)
    assert sharpness(grey / 3 + 50) == pytest.approx(sharpness(grey), rel=1e-4)


def test_a_very_narrow_picture_has_a_quality_too():
    assert quality(files.picture(2, 900)).score == 0
