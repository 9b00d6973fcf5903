"""What a version's own thresholds find in its test part: counted by hand, nothing else read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Prediction
from core.tasks import load_task
from core.workflows.models import champion
from core.workflows.points import ANY_FINDING, points_of
from core.workflows.shipped_points import shipped_points
from core.workflows.stored_runs import open_run, stored_runs
from pages._shared import worth
from tests.small_version import write_small_version

STONE = load_task("kidney_stone")


def prediction(stone: float, *flagged: str) -> Prediction:
    return Prediction(
        probabilities={"normal": 1 - stone, "stone": stone},
        predicted="stone" if flagged else "normal",
        flagged=flagged,
        thresholds={"stone": 0.127},
    )


@pytest.fixture(scope="module")
def shipped():
    version = champion("kidney_stone")
    return shipped_points(STONE, version.name, points_of(version).shipped)


@pytest.fixture
def version_without_runs(use_settings, tmp_path) -> str:
    write_small_version(tmp_path / "models")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    assert not stored_runs("kidney_ct")
    return champion("kidney_ct").name


def test_the_shipped_threshold_is_judged_in_the_test_part(shipped):
    (point,) = shipped
    run = next(
        open_run(run) for run in stored_runs("kidney_stone") if run.shipped and run.name == "test"
    )
    is_stone, above = run.y_true == 1, run.y_prob[:, 1] >= point.threshold
    assert point.class_name == "stone"
    assert point.n_positive == is_stone.sum()
    assert point.sensitivity[0] == pytest.approx((above & is_stone).sum() / is_stone.sum())
    assert point.specificity[0] == pytest.approx((~above & ~is_stone).sum() / (~is_stone).sum())
    assert point.n_groups == len(set(run.group[is_stone]))


def test_its_sentence_says_where_it_was_checked_and_the_price(shipped):
    (point,) = shipped
    points = {"stone": point}
    (said,) = worth.points_said(points, prediction(0.4, "stone"), STONE)
    assert f"(stone ≥ {point.threshold:.3f}) the model finds" in said
    assert f"n {point.n_positive}, {point.n_groups} series" in said
    assert "pictures without one suspicious, on series of its test part." in said
    assert worth.points_said(points, prediction(0.01), STONE) == [said]


def test_a_shipped_point_for_any_finding_is_said_too(shipped):
    (point,) = shipped
    points = {ANY_FINDING: replace(point, class_name=ANY_FINDING)}
    (said,) = worth.points_said(points, prediction(0.4, "stone"), STONE)
    began = f"At the version's own point for any finding (≥ {point.threshold:.3f}) the model finds"
    assert said.startswith(began)


def test_without_thresholds_nothing_is_read():
    kidney = load_task("kidney_ct")
    assert shipped_points(kidney, champion("kidney_ct").name, {}) == ()


def test_without_a_test_part_nothing_is_said(version_without_runs):
    assert shipped_points(load_task("kidney_ct"), version_without_runs, {"stone": 0.2}) == ()
