"""The operating points in force: signed, else shipped, else none; what they flag."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from core.inference.calibration import Calibration
from core.inference.package import find_version
from core.workflows.analyse import analyse_bytes
from core.workflows.downloads import answer_row
from core.workflows.points import points_in_force, points_of
from core.workflows.records import OperatingPoint, record_operating_point
from tests.pages.looking import encoded, picture
from tests.small_version import write_small_version
from tests.source_tree import ROOT

PNG = encoded(picture())


def point(**changes: object) -> OperatingPoint:
    made = OperatingPoint(
        task="kidney_ct",
        model_version="small-1",
        version_digest="d" * 64,
        class_name="stone",
        threshold=0.25,
        sensitivity_asked=0.95,
        rule="one class",
        run="test",
        chosen_on="out_of_fold",
        sensitivity=(0.95, 0.9, 0.98),
        specificity=(0.82, 0.7, 0.9),
        n_positive=165,
        lower_bound_one_sided_95=0.91,
        claim_holds=False,
        prevalence=0.12,
        signed_by="Dr Example",
        n_groups=22,
    )
    return replace(made, **changes)


@pytest.fixture
def version(use_settings, tmp_path):
    calibration = Calibration(operating_points={"cyst": 0.4}).to_yaml()
    write_small_version(tmp_path / "models", calibration=calibration)
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return find_version("kidney_ct")


def test_without_a_signature_the_shipped_points_are_in_force(version):
    points = points_of(version)
    assert dict(points.thresholds) == {"cyst": 0.4}
    assert not points.signed


def test_a_signed_point_takes_the_place_of_the_shipped_one_and_the_latest_counts(version):
    for threshold in (0.3, 0.35):
        record_operating_point(
            point(version_digest=version.digest, class_name="cyst", threshold=threshold)
        )
    record_operating_point(point(version_digest=version.digest))
    assert dict(points_of(version).thresholds) == {"cyst": 0.35, "stone": 0.25}
    assert points_of(version).signed["stone"].n_groups == 22


def test_a_point_of_another_version_changes_nothing(version):
    record_operating_point(point(version_digest="e" * 64))
    assert dict(points_of(version).thresholds) == {"cyst": 0.4}


@pytest.mark.parametrize(("threshold", "is_flagged"), [(0.0, True), (1.0, False)])
def test_an_answer_is_flagged_at_the_signed_point_and_carries_it(version, threshold, is_flagged):
    record_operating_point(point(version_digest=version.digest, threshold=threshold))
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert ("stone" in answer.prediction.flagged) is is_flagged
    row = answer_row(answer, name="a.png", sha256="0" * 64, class_names=("stone",))
    assert row["threshold"] == f"cyst >= 0.4; stone >= {threshold!r}"


def test_the_key_of_cached_answers_changes_with_a_threshold_and_with_nothing_else():
    one = points_in_force("none", {"stone": 0.25, "cyst": 0.4})
    assert one.key == points_in_force("none", {"cyst": 0.4, "stone": 0.25}).key
    assert one.key != points_in_force("none", {"stone": 0.2500001, "cyst": 0.4}).key
    assert one.key != points_in_force("none", {"stone": 0.25}).key


def test_reading_points_where_nothing_was_recorded_needs_no_database_library():
    code = (
        "import sys; from core.workflows.points import points_in_force; "
        "points_in_force('none', {}); print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "SECOND_LOOK_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
