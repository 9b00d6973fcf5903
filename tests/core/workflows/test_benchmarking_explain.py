"""``bench explain`` on the small version: names, targets, samples; theirs is a stand-in."""

import time

import numpy as np
import pytest

from core.inference.package import read_version
from core.inference.probe import open_probe
from core.inference.writer import write_version
from core.tasks import load_task
from core.workflows import benchmarking_explain as module
from tests.small_version import slices, version_files

TASK = load_task("kidney_ct")


class SlowOracle:
    """Takes a known time, and notes how many masks it was asked for."""

    def __init__(self):
        self.asked = []

    def grid(self, batch, class_index, *, n_masks=None):
        self.asked.append(n_masks)
        time.sleep(0.4)
        return np.zeros((7, 7), np.float32)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    version = read_version(write_version(folder, "small-1", files=version_files(TASK)))
    pictures = slices(2, (224, 224)).astype(np.float32)
    return module._Subject("_small", open_probe(version), pictures, SlowOracle())


def test_the_methods_of_one_pass_are_held_against_a_bare_pass(subject):
    rows = module._one_pass_rows(subject, 3)
    assert set(rows) == {
        "grad_cam_over_forward_small",
        "hires_cam_over_forward_small",
        "grad_cam_plus_plus_over_forward_small",
        "layer_cam_over_forward_small",
        "eigen_cam_over_forward_small",
        "activation_maps_over_forward_small",
    }
    assert {row["target"] for row in rows.values()} == {1.3, 2.0}
    assert all(len(row["ours_s"]) == len(row["theirs_s"]) == 3 for row in rows.values())
    assert rows["activation_maps_over_forward_small"]["layer"] == "second"


def test_score_cam_and_rise_are_held_against_as_many_masks_and_against_all(subject, monkeypatch):
    monkeypatch.setattr(module, "FULL_RISE", module.RandomMasks(n=64))
    rows = module._mask_rows(subject, 2)
    assert set(subject.oracle.asked) == {8}  # the small network has eight channels
    same, few = rows["tf_keras_vis_over_score_cam_small"], rows["all_masks_over_few_rise_small"]
    assert (same["n_masks"], same["target"]) == (8, 2.5)
    assert same["ratio"] == pytest.approx(np.median(same["theirs_s"]) / np.median(same["ours_s"]))
    assert few["target"] == 8.0
    assert few["n_masks"] < 64
    assert few["met"] == (few["ratio"] >= 8 and few["rank_correlation"] >= 0.95)


def test_maps_are_compared_over_the_classes_that_have_one():
    rising = np.arange(4, dtype=np.float32).reshape(2, 2)
    empty = np.zeros((2, 2), np.float32)
    agreement = module._agreement(np.stack([rising, empty]), np.stack([2 * rising, rising]))
    assert agreement == pytest.approx(1.0)
    assert module._agreement(empty[None], rising[None]) == 0.0
