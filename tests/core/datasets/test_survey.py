from __future__ import annotations

import numpy as np
import pytest

from core.datasets import survey_pictures, with_found_groups
from core.errors import IntakeError
from tests.core.datasets.folder import manifest_of

PICTURES = {
    f"a_{number:04d}.png": np.random.default_rng(number // 2).integers(0, 256, (50, 60), np.uint8)
    for number in range(4)
}


def read(path):
    return PICTURES[path.name]


@pytest.fixture
def manifest():
    return manifest_of({"a": ("cyst", 4)}, source="none")


def test_a_survey_tells_sizes_and_digests_in_the_order_of_the_rows(manifest):
    survey = survey_pictures(manifest, read)
    assert survey.sizes.tolist() == [[50, 60]] * 4
    assert survey.digests[0] == survey.digests[1] != survey.digests[2] == survey.digests[3]
    assert survey.thumbnails.shape == (4, 40, 40)


def test_found_groups_take_the_place_of_none(manifest):
    grouped = with_found_groups(manifest, survey_pictures(manifest, read))
    assert grouped.group_source == "found"
    assert list(grouped.frame["group"]) == ["found_0000"] * 2 + ["found_0001"] * 2


def test_a_picture_that_cannot_be_read_is_noted_and_stays_alone(manifest):
    def careful(path):
        if path.name == "a_0001.png":
            raise IntakeError("The file is empty.", remedy="Export it again.")
        return read(path)

    survey = survey_pictures(manifest, careful)
    assert survey.errors == (("a_0001.png", "The file is empty. Export it again."),)
    assert survey.sizes[1].tolist() == [0, 0]
    assert with_found_groups(manifest, survey).n_groups == 3


def test_the_same_values_in_another_shape_have_another_digest():
    manifest = manifest_of({"a": ("cyst", 2)})
    flat = np.zeros((4, 9), np.uint8)
    shapes = {"a_0000.png": flat, "a_0001.png": flat.reshape(6, 6)}
    survey = survey_pictures(manifest, lambda path: shapes[path.name])
    assert survey.digests[0] != survey.digests[1]
