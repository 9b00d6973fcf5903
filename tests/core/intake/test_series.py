"""Stacks: ordered by place, number or name; gaps and mixtures said; series never merged."""

import numpy as np
import pytest

from core.errors import IntakeError
from core.intake.file_sources import Listing
from core.intake.series import choose_series, read_series
from core.intake.stack import OrderedBy
from core.intake.zip_archive import list_zip
from tests.core.intake.files import dicom, encoded, hounsfield, picture
from tests.core.intake.stack_files import (
    AXIAL,
    CORONAL,
    OTHER_SERIES,
    InMemory,
    axial,
    ct,
    drawn,
    listing,
    stacks,
    zipped,
)

PIXELS = drawn(8)
OBLIQUE = (0.8, 0, 0.6, 0, 1, 0)


def one(files, **options):
    (stack,) = stacks(files, **options)
    return stack


def numbers(stack):
    return [item.instance_number for item in stack.slices]


def test_slices_stand_by_position_whatever_their_names_and_numbers_say():
    files = {
        f"{name}": ct(PIXELS[k], at=(0, 0, height), number=9 - k)
        for k, (name, height) in enumerate([("c", 10), ("a", -5), ("b", 2.5)])
    }
    stack = one(files)
    assert [item.name for item in stack.slices] == ["a", "b", "c"]
    assert stack.ordered_by is OrderedBy.POSITION


def test_a_stack_says_what_it_is_and_where_it_lies():
    stack = one(axial(4, distance=2.5))
    assert stack.title == "CT, axial, 4 slices of 80 x 80"
    assert (stack.slice_distance_mm, stack.spacing_mm) == (2.5, (0.8, 0.7))
    assert (stack.edges, stack.ends) == (("R", "A"), ("F", "H"))
    assert stack.notes == ()
    assert numbers(stack) == [1, 2, 3, 4]


def test_an_oblique_stack_stands_along_its_own_normal():
    row, column = np.array(OBLIQUE[:3]), np.array(OBLIQUE[3:])
    normal = np.cross(row, column)
    # In the plane the slices are moved about far more than along the normal.
    draw = np.random.default_rng(3)
    files = {}
    for k in draw.permutation(6):
        place = 3.0 * k * normal + draw.normal(0, 50) * row + draw.normal(0, 50) * column
        files[f"{draw.integers(10**6)}"] = ct(
            PIXELS[k], at=place.round(4).tolist(), orientation=OBLIQUE, number=int(k) + 1
        )
    stack = one(files)
    assert numbers(stack) == [1, 2, 3, 4, 5, 6]
    assert stack.title.startswith("CT, oblique axial")
    assert stack.slice_distance_mm == pytest.approx(3, abs=0.02)


def test_missing_slices_are_said_with_their_place():
    files = {f"{k}": ct(PIXELS[k], at=(0, 0, 5.0 * k), number=k) for k in (0, 1, 2, 5, 6, 7)}
    assert one(files).notes == (
        "By the usual distance of 5 mm, 2 slices are missing: 2 after slice 3.",
    )


def test_uneven_distances_are_said():
    heights = (0, 5, 10, 15.8)
    files = {f"{k}": ct(PIXELS[k], at=(0, 0, z)) for k, z in enumerate(heights)}
    assert one(files).notes == (
        "The distances between slices differ: 5 to 5.8 mm, 5 mm as a rule.",
    )


def test_slices_at_one_position_stand_by_number_and_are_said():
    files = {f"{k}": ct(PIXELS[k], at=(0, 0, 5 * (k // 2)), number=9 - k) for k in range(6)}
    stack = one(files)
    assert numbers(stack) == [8, 9, 6, 7, 4, 5]
    assert stack.notes == ("3 slices have the position of another one; all are kept.",)


def test_without_a_position_of_each_the_instance_numbers_decide():
    files = {f"{9 - k}": ct(PIXELS[k], at=(0, 0, -k) if k else None, number=k) for k in range(4)}
    stack = one(files)
    assert (numbers(stack), stack.ordered_by) == ([0, 1, 2, 3], OrderedBy.INSTANCE_NUMBER)
    assert stack.notes == (
        "1 of 4 slices state no position; the order is that of their instance numbers.",
    )
    assert stack.ends is None


def test_left_out_and_doubled_instance_numbers_are_said():
    files = {f"{k}": ct(PIXELS[k], number=n) for k, n in enumerate((1, 2, 2, 6))}
    assert one(files).notes[1:] == (
        "1 slice has the instance number of another one; all are kept.",
        "By their numbers, 3 slices are missing, after number 2.",
    )


def test_pictures_without_tags_stand_by_natural_name():
    files = {f"s{k}.png": encoded(PIXELS[0]) for k in (10, 9, 100, 1)}
    stack = one(files)
    assert [item.name for item in stack.slices] == ["s1.png", "s9.png", "s10.png", "s100.png"]
    assert stack.ordered_by is OrderedBy.FILE_NAME
    assert (stack.slice_distance_mm, stack.spacing_mm, stack.edges, stack.ends) == (None,) * 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"PixelSpacing": [0.5, 0.5]}, "different pixel spacings: 3 of 0.8 x 0.7 mm, 1 of 0.5"),
        ({"Modality": "MR"}, "different modalities: 3 of CT, 1 of MR"),
    ],
)
def test_what_is_mixed_is_said(changed, said):
    files = axial(3)
    files["last"] = ct(PIXELS[0], at=(0, 0, 15), number=4, **changed)
    (note,) = one(files).notes
    assert said in note


def test_mixed_sizes_and_directions_are_said_and_directions_stand_apart():
    files = axial(3)
    files["a_scout"] = ct(picture(64, 96), at=(0, 0, 7), orientation=CORONAL, number=0)
    stack = one(files)
    assert numbers(stack) == [1, 2, 3, 0]
    assert stack.notes == (
        "The slices lie in 2 directions (axial, coronal), which stand one after the other.",
        "The slices have 2 different sizes: 3 of 80 x 80, 1 of 96 x 64.",
    )
    assert stack.edges is None


def test_two_series_are_kept_apart_and_one_must_be_chosen():
    files = {f"a/{name}": data for name, data in axial(3, SeriesNumber=7).items()}
    files |= {f"b/{k}": ct(PIXELS[k], at=(0, 0, k), series=OTHER_SERIES, SeriesNumber=2)
              for k in range(5)}  # fmt: skip
    found = stacks(files)
    assert [len(stack) for stack in found] == [5, 3]
    with pytest.raises(IntakeError) as caught:
        choose_series(found, None)
    assert "2 series" in caught.value.problem
    assert "1: CT, axial, 5 slices" in caught.value.problem
    assert "2: CT, axial, 3 slices" in caught.value.problem
    assert choose_series(found, 2) is found[1]
    with pytest.raises(IntakeError, match="none has the number 3"):
        choose_series(found, 3)


def test_folders_of_plain_pictures_are_series_of_their_own():
    files = {f"{folder}/{k}.png": encoded(PIXELS[k]) for folder in "ab" for k in range(2)}
    assert [[item.name for item in stack.slices] for stack in stacks(files)] == [
        ["a/0.png", "a/1.png"],
        ["b/0.png", "b/1.png"],
    ]


def test_pictures_that_a_person_names_are_one_series_wherever_they_lie():
    files = {f"{folder}/{k}.png": encoded(PIXELS[k]) for folder in "ab" for k in range(2)}
    assert len(one(files, is_named=True)) == 4


def test_a_file_with_several_frames_is_that_many_slices():
    frames = np.stack([hounsfield() + k for k in range(3)])
    stack = one({"a.dcm": dicom(frames, n_frames=3)})
    assert [item.frame for item in stack.slices] == [0, 1, 2]
    assert [float(stack.image(k).values.min()) for k in range(3)] == [24, 25, 26]


def test_frames_of_an_enhanced_object_stand_by_their_own_positions():
    from pydicom.dataset import Dataset

    from tests.core.intake.files import dataset, saved

    made = dataset(np.stack([hounsfield() + k for k in range(3)]), n_frames=3)
    shared, plane = Dataset(), Dataset()
    plane.ImageOrientationPatient = list(AXIAL)
    shared.PlaneOrientationSequence = [plane]
    made.SharedFunctionalGroupsSequence = [shared]
    items = []
    for height in (20, -3, 8):
        item, place = Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, height]
        item.PlanePositionSequence = [place]
        items.append(item)
    made.PerFrameFunctionalGroupsSequence = items
    stack = one({"a.dcm": saved(made)})
    assert [item.frame for item in stack.slices] == [1, 2, 0]
    assert stack.ordered_by is OrderedBy.POSITION


def test_a_claim_of_too_many_frames_is_refused(use_settings):
    use_settings(max_series_files=10)
    data = dicom(hounsfield(), NumberOfFrames=11)
    stack = one({"a.dcm": data, "b.dcm": ct(PIXELS[0], at=(0, 0, 0))})
    assert "claims 11 frames" in stack.slices[-1].problem


def test_frames_of_all_files_together_have_a_limit(use_settings):
    use_settings(max_series_files=10)
    frames = dicom(np.stack([hounsfield()] * 6), n_frames=6)
    with pytest.raises(IntakeError, match="more than 10 files or frames"):
        stacks({"a.dcm": frames, "b.dcm": frames})


def test_a_file_that_cannot_be_read_stands_last_with_its_reason():
    files = axial(3) | {"broken.dcm": b"", "IM.png": encoded(picture())[:40] + b"x"}
    found = stacks(files)
    assert [item.name for item in found[0].slices[3:]] == ["broken.dcm", "IM.png"]
    assert found[0].slices[3].problem.startswith("The file is empty.")
    assert "2 files cannot be read and stand last." in found[0].notes
    with pytest.raises(IntakeError, match="empty"):
        found[0].image(3)


def test_a_damaged_slice_without_an_ending_does_not_vanish():
    cut = ct(PIXELS[0], at=(0, 0, 0))[:180]
    stack = one(axial(3) | {"IM7": cut})
    assert stack.slices[-1].name == "IM7"
    assert stack.slices[-1].problem


class Unreadable(InMemory):
    """Files of which one cannot be read."""

    def read(self, name):
        if name in ("IM9", "viewer.exe"):
            raise IntakeError("The file is too large.", remedy="Export it again.")
        return super().read(name)


def test_what_cannot_be_read_is_a_slice_unless_its_name_says_otherwise():
    files = axial(3) | {"IM9": b"", "viewer.exe": b""}
    (stack,) = read_series(Listing(tuple(files), Unreadable(files)))
    assert [item.name for item in stack.slices if item.problem] == ["IM9"]
    assert "too large, no pictures by their names (1)" in stack.notes[-2]


def test_a_slice_with_its_pixels_cut_off_keeps_its_place():
    files = axial(3)
    name = "scan/IM0002"
    files[name] = files[name][:-2000]
    stack = one(files)
    assert [item.name for item in stack.slices][1] == name
    with pytest.raises(IntakeError, match="incomplete"):
        stack.image(1)
    assert stack.image(2).rows == 80


def test_slices_are_decoded_as_single_files_are():
    stack = one(axial(3))
    assert np.array_equal(stack.image(0).values, PIXELS[0])
    assert stack.image(0).orientation == ("R", "A")


def test_nothing_that_names_a_patient_or_a_series_survives():
    marks = {"PatientName": "PLANTED^MARK", "SeriesDescription": "PLANTED", "StudyID": "PLANTED"}
    stack = one(axial(2, **marks))
    shown = f"{stack} {stack.notes} {stack.image(0).tags}"
    assert "PLANTED" not in shown
    assert "1.2.826" not in shown


def test_several_files_are_read_one_at_a_time_with_progress():
    told = []
    read_series(listing(axial(3)), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_zip_is_a_stack_too():
    (stack,) = read_series(list_zip(zipped(axial(4))))
    assert numbers(stack) == [1, 2, 3, 4]
    assert np.array_equal(stack.image(3).values, PIXELS[3])
