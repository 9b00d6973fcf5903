"""Groups found from pixels, against the true series: pictures shuffled and renamed first."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.datasets import find_groups, read_manifest, survey_pictures
from core.tasks import load_task

pytestmark = pytest.mark.needs_data


def read_grey(path):
    """Decode without intake: a third of the time, and these files are plain grey JPEG."""
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


@pytest.fixture(scope="module")
def found(data_root):
    """Return the manifest's frame with the number in the original name and the found group."""
    task = load_task("kidney_ct")
    manifest = read_manifest(data_root / "kidney_ct", task)
    thumbnails = survey_pictures(manifest, read_grey).thumbnails
    shuffled = np.random.default_rng(7).permutation(len(manifest))
    groups = find_groups(thumbnails[shuffled], threshold=task.near_duplicate_correlation)
    frame = manifest.frame.iloc[shuffled].assign(found=groups)
    frame["number"] = frame["file"].str.extract(r"_(\d+)\.jpg$")[0].astype(int)
    return frame.sort_values(["label", "number"])


def test_neighbouring_slices_of_a_series_end_in_one_group(found):
    before, after = found.iloc[:-1].reset_index(), found.iloc[1:].reset_index()
    neighbours = (
        (after["number"] == before["number"] + 1)
        & (after["label"] == before["label"])
        & (after["group"] == before["group"])
    )
    assert neighbours.sum() > 10_000
    assert (before["found"] == after["found"])[neighbours].mean() >= 0.99


def test_hardly_any_found_group_holds_two_series(found):
    n_series = found.groupby("found")["group"].nunique()
    assert 150 < len(n_series) < 220
    assert (n_series > 1).mean() <= 0.005
