"""Slices of a stored run: columns, picture properties kept in the home, CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.config import settings
from core.errors import IntakeError
from core.evaluation.facts import RunFacts
from core.evaluation.runs import EvaluationRun, write_run
from core.tasks import load_task
from core.workflows import slicing
from core.workflows.picture_properties import BackgroundMeasure, measure_pictures
from core.workflows.points import PointsInForce
from core.workflows.stored_runs import StoredRun, open_run
from tests.drawn_runs import draw_run

TASK = load_task("kidney_ct")
NAMES = ("a.png", "sub/b.png", "missing.png")


def store(run: EvaluationRun, folder: Path, data: str = "The scans") -> StoredRun:
    facts = RunFacts(
        name="run", task="kidney_ct", model_version="v", data=data, group_source="column",
        group_name="series", created_at="2026-01-02T03:04:05Z",
    )  # fmt: skip
    write_run(replace(run, facts=facts), folder / "run")
    return StoredRun(folder / "run", facts, run.n, 40, shipped=False)


@pytest.fixture
def stored(use_settings, tmp_path) -> StoredRun:
    """A run of three pictures, of which two are below the data root."""
    root = tmp_path / "root"
    (root / "scans" / "sub").mkdir(parents=True)
    (root / "scans" / "dataset.yaml").write_text("name: The scans\n")
    cv2.imwrite(str(root / "scans" / "a.png"), np.full((40, 60), 90, np.uint8))
    cv2.imwrite(str(root / "scans" / "sub" / "b.png"), np.full((80, 80), 200, np.uint8))
    use_settings(data_root=root, home=tmp_path / "home")
    run = replace(draw_run(3, n_groups=2), file=np.array(NAMES, dtype=object))
    return store(run, tmp_path)


def test_properties_are_measured_once_and_kept_without_the_pictures(stored, use_settings, tmp_path):
    assert not slicing.is_measured(stored)
    found = measure_pictures(stored)
    assert found["rows"].tolist() == [40, 80, None]
    assert found["brightness"].tolist() == [90.0, 200.0, None]
    use_settings(data_root=None, home=tmp_path / "home")
    assert slicing.is_measured(stored)
    kept = slicing.read_properties(stored)
    assert {name: values.tolist() for name, values in kept.items()} == {
        name: values.tolist()
        for name, values in found.items()
        if name not in ("mean_red", "mean_blue")  # no picture has colours: nothing to cut by
    }
    columns = slicing.run_columns(open_run(stored), kept)
    assert columns["picture brightness"].labels == ("90", "200", slicing.NOT_STATED)
    assert columns["picture area share"].labels == ("0", slicing.NOT_STATED)  # two flat pictures


def test_features_of_a_picture_are_measured_on_the_copy_that_its_light_is(stored):
    drawn = np.zeros((80, 80), np.uint8)
    drawn[20:60, 20:60] = 200
    cv2.imwrite(str(settings().data_root / "scans" / "sub" / "b.png"), drawn)
    found = measure_pictures(stored)
    assert found["area_share"].tolist() == [0, 0.25, None]
    # A quarter of the pixels and three quarters: 0.25 * 2 + 0.75 * log2(4 / 3) bits.
    assert found["entropy"].tolist() == [0, pytest.approx(0.8113, abs=1e-4), None]
    assert found["glcm_homogeneity"][0] == 1
    assert 0.9 < found["glcm_homogeneity"][1] < 1


def test_of_pictures_in_colour_red_and_blue_are_measured(stored):
    drawn = np.zeros((80, 80, 3), np.uint8)
    drawn[:40] = (200, 30, 100)  # OpenCV writes blue first
    cv2.imwrite(str(settings().data_root / "scans" / "sub" / "b.png"), drawn)
    found = measure_pictures(stored)
    assert found["mean_red"].tolist() == [None, pytest.approx(50), None]
    assert found["mean_blue"].tolist() == [None, pytest.approx(100), None]
    assert slicing.read_properties(stored)["mean_blue"].tolist() == found["mean_blue"].tolist()


def test_pictures_that_are_away_are_said_and_nothing_is_kept(stored, use_settings, tmp_path):
    use_settings(data_root=None, home=tmp_path / "home")
    with pytest.raises(IntakeError, match="SECOND_LOOK_DATA_ROOT"):
        measure_pictures(stored)
    assert not slicing.is_measured(stored)
    assert slicing.read_properties(stored) == {}


def test_a_damaged_file_of_properties_is_no_properties(stored, tmp_path):
    measure_pictures(stored)
    (path,) = (tmp_path / "home" / "properties").iterdir()
    path.write_bytes(b"PAR1 no")
    assert slicing.read_properties(stored) == {}


def test_measuring_goes_on_in_the_background_and_can_be_stopped_and_started_again(stored):
    measure = BackgroundMeasure(stored)
    measure.start()
    measure.wait()
    assert (measure.done, measure.n, measure.problem) == (3, 3, "")
    assert slicing.is_measured(stored)
    stopped = BackgroundMeasure(stored)
    stopped.stop()
    assert stopped.was_stopped and not stopped.is_running
    stopped.start()
    stopped.wait()
    assert not stopped.was_stopped and stopped.done == 3


def test_a_stop_keeps_nothing(stored):
    measure = BackgroundMeasure(stored)
    measure._stop.set()
    assert measure_pictures(stored, stop=measure._stop) is None
    assert not slicing.is_measured(stored)


def test_why_measuring_failed_is_said(stored, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "properties").write_text("a file in the way")
    measure = BackgroundMeasure(stored)
    measure.start()
    measure.wait()
    assert "cannot be kept" in measure.problem


def with_slices(n: int = 400) -> EvaluationRun:
    run = draw_run(n)
    side = np.random.default_rng(0).choice(["left", "right", None], n)
    refused = np.arange(n) < 5
    return replace(run, slices={"side": side.astype(object)}, refused=refused)


def test_the_gate_is_a_column_where_it_refused_any():
    run = with_slices()
    columns = slicing.run_columns(run, {})
    assert list(columns) == ["side", "gate"]
    assert columns["gate"].labels == ("let in", "refused")
    assert list(slicing.run_columns(replace(run, refused=np.zeros(run.n, bool)), {})) == ["side"]


def test_a_stored_column_is_not_overwritten_by_a_measured_one():
    run = with_slices(10)
    run = replace(run, slices={"picture rows": np.array(["x"] * 10, dtype=object)})
    columns = slicing.run_columns(run, {"rows": np.arange(10).astype(object)})
    assert columns["picture rows"].labels == ("x",)


def test_categories_stand_worst_first_and_what_is_not_stated_last():
    run = with_slices()
    column = slicing.run_columns(run, {})["side"]
    made = slicing.sliced_run(run, TASK, column, PointsInForce())
    figures = slicing.figures_of(made, "stone")
    assert next(iter(figures)) == slicing.ALL and [*figures][-1] == slicing.NOT_STATED
    values = [row["sensitivity"]["value"] for row in figures.values()][1:-1]
    assert values == sorted(values)


def test_the_csv_carries_version_threshold_and_run():
    run = with_slices()
    column = slicing.run_columns(run, {})["side"]
    made = slicing.sliced_run(run, TASK, column, PointsInForce({"stone": 0.2}))
    first = next(csv.DictReader(io.StringIO(slicing.slices_csv(made).decode("utf-8-sig"))))
    assert (first["threshold"], first["run"], first["model_version"]) == (
        "stone >= 0.2", "run", "not ours",
    )  # fmt: skip


def test_the_misses_of_a_slice_are_those_a_person_would_count():
    run = with_slices()
    columns = slicing.run_columns(run, {})
    data = slicing.misses_csv(run, TASK, columns, {"side": "left"}, "stone", PointsInForce())
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    expected = {
        file
        for file, side, y, p in zip(
            run.file, run.slices["side"], run.y_true, run.y_prob, strict=True
        )
        if side == "left" and y == 2 and p.argmax() != 2
    }
    assert {row["file"] for row in rows} == expected
    scores = [float(row["p_stone"]) for row in rows]
    assert scores == sorted(scores)


def test_findings_stand_dearest_first():
    assert slicing.findings_of(draw_run(20), TASK) == ["tumor", "stone", "cyst"]
