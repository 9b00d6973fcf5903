"""Thresholds that members of an ensemble had to ship are not lost."""

import numpy as np
import pytest

from core.evaluation.runs import read_run
from core.inference.calibration import parse_calibration
from tests.small_ensemble import drawn_run, write_ensemble, write_member


def test_an_ensemble_ships_the_threshold_that_its_members_had_to_ship(tmp_path, use_settings):
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    for seed, name, share in ((1, "a", 0.9), (2, "b", 0.95)):
        runs = [drawn_run(seed=seed), drawn_run("test", seed=10 + seed)]
        write_member(tmp_path / "models", name, runs=runs, required={"stone": share})
    version = write_ensemble(tmp_path / "models", combine="stack", meta="logistic_regression")
    calibration = parse_calibration(version.file("calibration.yaml").read_bytes())
    assert calibration.required_sensitivity == {"stone": 0.95}
    folded = read_run(version.path / "evaluation" / "out_of_fold")
    test = read_run(version.path / "evaluation" / "test")
    threshold = calibration.operating_points["stone"]
    index = folded.class_names.index("stone")
    outside = (folded.y_true == index) & ~np.isin(folded.file, test.file)
    assert (folded.y_prob[outside].argmax(axis=1) == index).mean() < 0.95
    found = (folded.y_prob[outside, index] >= threshold).mean()
    assert found == pytest.approx(0.95, abs=0.03)  # a fold has a temperature of its own
