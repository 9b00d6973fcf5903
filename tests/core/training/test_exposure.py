"""Which judged pictures had a twin, or their group, among those trained on."""

from dataclasses import replace

import numpy as np
import pytest

from core.datasets.left_out import LeftOut
from core.evaluation.leakage import GROUP_COLUMN, TWIN_COLUMN
from core.training.exposure import Exposures, training_pictures
from tests.core.training.toys import toy_job


@pytest.fixture
def job(tmp_path):
    return toy_job(tmp_path)


def with_copy(job, original, copy):
    pixels = job.data.pixels.copy()
    pixels[copy] = pixels[original]
    return replace(job, data=replace(job.data, pixels=pixels))


def test_unlike_pictures_have_no_twin(job):
    folds = np.arange(len(job.data)) % 3
    assert set(Exposures(job).of_folds(folds)[TWIN_COLUMN]) == {"no"}


def test_a_copy_in_another_fold_is_a_twin_of_both(job):
    folds = np.arange(len(job.data)) % 3
    column = Exposures(with_copy(job, 0, 4)).of_folds(folds)[TWIN_COLUMN]
    assert np.flatnonzero(column == "yes").tolist() == [0, 4]


def test_held_out_pictures_are_compared_with_those_trained_on_only(job):
    copied = with_copy(job, 0, 4)
    judged, trained = np.array([4, 5, 6]), np.array([0, 1, 2])
    assert Exposures(copied).of_held_out(judged, trained)[TWIN_COLUMN].tolist() == [
        "yes",
        "no",
        "no",
    ]
    assert set(Exposures(copied).of_held_out(judged, trained[1:])[TWIN_COLUMN]) == {"no"}


def test_a_random_split_says_of_each_picture_whether_its_group_was_trained_on(job):
    judged, trained = np.array([0, 4, 8]), np.array([1, 5, 12])  # four pictures a group
    columns = Exposures(job).of_split(judged, trained)
    assert columns[GROUP_COLUMN].tolist() == ["yes", "yes", "no"]
    unknown = replace(job, manifest=replace(job.manifest, group_source="none"))
    assert GROUP_COLUMN not in Exposures(unknown).of_split(judged, trained)


def test_what_is_left_out_is_compared_with_what_was_fitted_on_without_it(job):
    places = np.full(len(job.data), -1)
    places[:12] = np.repeat([0, 1, 0], 4)  # three groups of four pictures, one of each in turn
    left_out = LeftOut("centre", ("east", "west"), places, job.data.group)
    columns = Exposures(with_copy(job, 0, 4)).of_left_out(left_out)
    assert np.flatnonzero(columns[TWIN_COLUMN] == "yes").tolist() == [0, 4]
    assert columns[GROUP_COLUMN].tolist() == ["no"] * 12


def test_the_list_of_training_pictures_is_everything_outside_the_test_part(job):
    found = training_pictures(job)
    tested = set(job.data.file[job.rows("test")])
    assert tested.isdisjoint(found.file)
    assert len(found.file) + len(tested) == len(job.data)
    assert set(found.group).isdisjoint(job.data.group[job.rows("test")])
