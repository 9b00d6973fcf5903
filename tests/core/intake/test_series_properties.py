"""Whatever the order of the files and the tilt of the scan, the slices stand in one order."""

import dataclasses
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.domain import PictureKind
from core.intake.file_names import natural_key
from core.intake.stack import OrderedBy, Slice
from core.intake.stack_notes import slice_distance
from core.intake.stack_order import order_slices

ANGLES = st.tuples(*[st.floats(-math.pi, math.pi)] * 3)
HEIGHTS = st.lists(st.integers(-4000, 4000), min_size=1, max_size=25, unique=True)


def turned(angles):
    """Return a rotation matrix of three angles about x, y and z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = math.cos(angle)
        turn[i, j], turn[j, i] = -math.sin(angle), math.sin(angle)
        matrix = turn @ matrix
    return matrix


def placed(heights, angles, shift):
    """Return slices of an axial scan at these heights (tenths of a mm), then turned and moved."""
    matrix = turned(angles)
    return [
        Slice(
            f"IM{k}",
            kind=PictureKind.DICOM,
            position_mm=tuple((matrix @ [shift, -shift, height / 10] + shift).tolist()),
            orientation=(*matrix[:, 0].tolist(), *matrix[:, 1].tolist()),
            instance_number=k,
        )
        for k, height in enumerate(heights)
    ]


@given(HEIGHTS, ANGLES, st.floats(-300, 300), st.randoms(use_true_random=False))
def test_turning_the_scan_and_shuffling_the_files_change_nothing(heights, angles, shift, random):
    slices = placed(heights, angles, shift)
    shuffled = random.sample(slices, len(slices))
    ordered, by = order_slices(shuffled)
    assert by is OrderedBy.POSITION
    assert [item.instance_number for item in ordered] == np.argsort(heights).tolist()


@given(HEIGHTS, ANGLES)
def test_the_distance_is_the_median_one_of_the_heights(heights, angles):
    found = slice_distance(order_slices(placed(heights, angles, 0.0))[0])
    if len(heights) < 2:
        assert found is None
    else:
        assert abs(found - np.median(np.diff(np.sort(heights))) / 10) < 0.011


PARTIAL = st.builds(
    Slice,
    name=st.text("ab019", min_size=1, max_size=4),
    frame=st.none() | st.integers(0, 2),
    instance_number=st.none() | st.integers(-3, 3),
    position_mm=st.none() | st.tuples(*[st.integers(-2, 2).map(float)] * 3),
    orientation=st.sampled_from([None, (1.0, 0, 0, 0, 1.0, 0), (1.0, 0, 0, 0, 0, -1.0)]),
)


@given(
    st.lists(PARTIAL, max_size=12, unique_by=lambda item: (item.name, item.frame or 0)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_files_never_matters_and_no_slice_is_lost(slices, random):
    ordered, by = order_slices(slices)
    assert order_slices(random.sample(slices, len(slices))) == (ordered, by)
    assert sorted(map(str, ordered)) == sorted(map(str, slices))


@given(st.lists(PARTIAL, min_size=1, max_size=8, unique_by=lambda item: item.name))
def test_numbers_decide_where_all_slices_have_one_and_not_all_a_position(slices):
    numbered = [
        dataclasses.replace(item, instance_number=k, position_mm=None)
        for k, item in enumerate(slices)
    ]
    ordered, by = order_slices(reversed(numbered))
    assert (list(ordered), by) == (numbered, OrderedBy.INSTANCE_NUMBER)


@given(st.lists(st.integers(0, 10**9), unique=True, max_size=20))
def test_natural_order_is_that_of_the_numbers(numbers):
    names = [f"slice {number}.png" for number in numbers]
    expected = [f"slice {number}.png" for number in sorted(numbers)]
    assert sorted(names, key=natural_key) == expected


@given(st.lists(st.text(max_size=12), unique=True))
def test_any_names_have_an_order(names):
    assert sorted(sorted(names), key=natural_key) == sorted(names[::-1], key=natural_key)
