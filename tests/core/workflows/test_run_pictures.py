"""Pictures of a stored run: drawn again, found below the data root, never outside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.config import Settings
from core.errors import EvaluationError, IntakeError
from core.evaluation.facts import RunFacts
from core.workflows import run_pictures
from core.workflows.run_pictures import answer_for, maps_said, picture_source, thumbnail
from core.workflows.stored_runs import StoredRun, open_run, stored_runs


def run_of(**facts: str | None) -> StoredRun:
    return StoredRun(Path("run"), RunFacts(**facts), 1, 1, shipped=False)  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with one data set whose folder has another name than its description."""
    folder = tmp_path / "root" / "scans"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text("name: The scans\nalready_applied: [resize_lanczos_224]\n")
    picture = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    cv2.imwrite(str(folder / "a.png"), picture)
    cv2.imwrite(str(tmp_path / "root" / "outside.png"), picture)
    settings = Settings(data_root=tmp_path / "root")
    monkeypatch.setattr(run_pictures, "settings", lambda: settings)
    return tmp_path / "root"


def test_pictures_are_found_by_the_name_of_the_data_set(root):
    source = picture_source(run_of(task="kidney_ct", model_version="v", data="The scans"))
    assert source.attached and source.sentence == ""
    assert source.folder == root / "scans"
    assert source.already_applied == ("resize_lanczos_224",)
    assert source.read("a.png") == (root / "scans" / "a.png").read_bytes()


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "missing.png", "a\0.png"])
def test_a_name_that_leads_nowhere_or_outside_is_refused(root, name):
    source = picture_source(run_of(task="kidney_ct", model_version="v", data="The scans"))
    with pytest.raises(IntakeError):
        source.read(name)


def test_pictures_that_are_away_come_with_the_sentence_that_attaches_them(root, monkeypatch):
    stored = run_of(task="kidney_ct", model_version="v", data="Other scans")
    source = picture_source(stored)
    assert not source.attached and "Other scans" in source.sentence
    monkeypatch.setattr(run_pictures, "settings", lambda: Settings(data_root=None))
    assert "SECOND_LOOK_DATA_ROOT" in picture_source(stored).sentence
    with pytest.raises(IntakeError, match="away"):
        source.read("a.png")


def test_drawings_are_drawn_again_and_answered_with_every_map():
    (stored,) = [run for run in stored_runs("phantom_ct") if run.facts.split == "test"]
    source, run = picture_source(stored), open_run(stored)
    assert source.drawn and source.attached
    file = str(run.file[0])
    answer = answer_for(stored, source, file)
    assert answer.prediction is not None
    given = [answer.prediction.probabilities[name] for name in run.class_names]
    assert given == pytest.approx(run.y_prob[0].tolist(), abs=1e-3)
    assert [item.class_name for item in answer.explanations] == list(run.class_names)
    with pytest.raises(IntakeError):
        source.read("phantom_ct/nothing.png")


def test_a_run_of_another_model_has_no_maps():
    stored = run_of(task="phantom_ct", model_version=None, data="theirs.csv")
    with pytest.raises(EvaluationError, match="not installed"):
        answer_for(stored, picture_source(stored), "phantom_ct/s900231_1.png")
    assert "no maps" in maps_said(stored)


def test_maps_of_an_out_of_fold_run_are_said_to_be_of_other_weights():
    assert "shipped weights" in maps_said(run_of(model_version="v", split="out_of_fold"))
    assert maps_said(run_of(model_version="v", split="test")) == ""


def test_a_thumbnail_keeps_the_shape_and_is_never_enlarged(root):
    data = (root / "scans" / "a.png").read_bytes()
    small = cv2.imdecode(np.frombuffer(thumbnail(data, size=50), np.uint8), cv2.IMREAD_UNCHANGED)
    assert small.shape == (25, 50)
    same = cv2.imdecode(np.frombuffer(thumbnail(data, size=900), np.uint8), cv2.IMREAD_UNCHANGED)
    assert same.shape == (100, 200)
    with pytest.raises(IntakeError):
        thumbnail(b"no picture")
