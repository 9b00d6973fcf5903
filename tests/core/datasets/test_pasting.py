"""Drawn stones: where they are put, what they change, and that their places are known."""

import numpy as np
import pytest

from core.datasets.drawn_stones import draw_stones
from core.datasets.kidney_zone import body_of, kidney_zone, soft_places
from core.datasets.pasting import PastingSpec, paste
from core.errors import DatasetError

SPEC = PastingSpec(finding="stone")


@pytest.fixture(scope="module")
def slice_():
    """Return an axial slice in outline: body, vertebra, two kidneys."""
    row, column = np.mgrid[0:224, 0:224]
    grey = np.zeros((224, 224), np.uint8)

    def ellipse(centre, half, value):
        inside = ((row - centre[0]) / half[0]) ** 2 + ((column - centre[1]) / half[1]) ** 2 < 1
        grey[inside] = value

    ellipse((112, 112), (70, 95), 90)
    ellipse((140, 112), (16, 16), 250)
    for side in (-1, 1):
        ellipse((125, 112 + side * 45), (22, 16), 150)
    return grey


def test_the_zone_lies_beside_the_spine_on_both_sides(slice_):
    zone = kidney_zone(slice_)
    assert zone[125, 67] and zone[125, 157]
    assert not zone[140, 112] and not zone[60, 112] and not zone[200, 112]


def test_a_blank_picture_has_no_body_and_no_zone():
    blank = np.zeros((64, 64), np.uint8)
    assert body_of(blank) is None and kidney_zone(blank) is None
    assert not soft_places(blank, np.ones((64, 64), bool)).any()


def test_a_stone_brightens_its_box_and_nothing_else(slice_):
    zone = kidney_zone(slice_)
    for seed in range(20):
        drawn, boxes = draw_stones(slice_, zone, np.random.default_rng(seed))
        near = np.zeros(slice_.shape, bool)
        for left, top, right, bottom in boxes:
            near[int(top) - 9 : int(bottom) + 10, int(left) - 9 : int(right) + 10] = True
            assert zone[int((top + bottom) / 2), int((left + right) / 2)]
        assert (drawn >= slice_).all() and (drawn[~near] == slice_[~near]).all()
        assert drawn[near].max() > 200


def test_a_zone_without_room_gives_nothing(slice_):
    nowhere = np.zeros(slice_.shape, bool)
    assert draw_stones(slice_, nowhere, np.random.default_rng(0)) is None


def test_some_pictures_get_stones_and_every_box_is_bright(slice_):
    made = [paste(slice_, SPEC, np.random.default_rng(seed)) for seed in range(100)]
    assert {len(pasted.boxes) > 0 for pasted in made} == {True, False}
    for pasted in made:
        assert pasted.grey.shape == slice_.shape and pasted.grey.dtype == np.uint8
        for left, top, right, bottom in pasted.boxes:
            inside = pasted.grey[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
            assert inside.max() > 170


def test_decoys_have_no_box(slice_):
    decoys = PastingSpec(finding="stone", chance=0.0, decoy=1.0, zoom=1.0)
    made = [paste(slice_, decoys, np.random.default_rng(seed)) for seed in range(12)]
    assert not any(pasted.boxes for pasted in made)


def test_the_source_stays_as_it_was(slice_):
    colour = np.repeat(slice_[..., None], 3, axis=2)
    before = colour.copy()
    assert paste(colour, SPEC, np.random.default_rng(3)).grey.shape == slice_.shape
    assert np.array_equal(colour, before)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"finding": "stone", "depth": 3},
        {"finding": "stone", "chance": 1.9},
        {"finding": "stone", "zoom": 0.5},
        {"finding": "stone", "augmentation": {"glow": 1}},
        {"finding": "stone", "augmentation": {"shift": 0.1}},
    ],
)
def test_a_wrong_spec_is_refused(data):
    with pytest.raises(DatasetError):
        PastingSpec.from_data(data)


def test_a_spec_survives_the_round_trip():
    assert PastingSpec.from_data(SPEC.to_data()) == SPEC
