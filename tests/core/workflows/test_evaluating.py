"""Evaluating folders and predictions tables, and what is stored of it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.config import ROOT, settings
from core.errors import EvaluationError, IntakeError, ModelVersionError
from core.evaluation.runs import RunFacts, read_run, write_run
from core.inference.package import find_version
from core.tasks import load_task
from core.workflows.analyse import analyse_files
from core.workflows.evaluating import (
    Outcome,
    evaluate_folder,
    evaluate_manifest,
    evaluate_predictions,
    find_run,
    open_run,
    performance,
    stored_runs,
)
from core.workflows.pictures import open_manifest
from core.workflows.predicting import predict_all
from core.workflows.run_performance import frame_csv
from tests.drawn_runs import draw_run
from tests.labelled_folder import write_labelled_folder
from tests.small_version import write_small_version

TASK = load_task("kidney_ct")
CERTAIN = np.array([0.1, 0.2, 0.3, 0.4])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shipped = write_run(draw_run(60), tmp_path_factory.mktemp("run") / "test_split")
    write_small_version(folder)
    run = {f"evaluation/test_split/{path.name}": path for path in shipped.iterdir()}
    _add_version(folder, "small-2", run)
    return folder


def _add_version(models: Path, version: str, extra: dict[str, Path]) -> None:
    from core.inference.writer import write_version
    from tests.small_version import version_files

    files = version_files(TASK, version)
    write_version(models / "kidney_ct", version, files={**files, **extra})


@pytest.fixture(autouse=True)
def _home(use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path):
    return write_labelled_folder(tmp_path / "set")


def manifest_of(folder):
    return open_manifest(folder, TASK)


def evaluated(folder, predict):
    return evaluate_manifest(manifest_of(folder), predict, facts=RunFacts())


def test_a_run_holds_files_labels_groups_and_slices_of_the_folder(folder):
    run = evaluated(folder, lambda path, _: Outcome(CERTAIN))
    assert run.file.tolist()[:2] == ["slice_00.png", "slice_01.png"]
    assert [TASK.class_names[index] for index in run.y_true[::3]] == list(TASK.class_names)
    assert run.group.tolist()[:4] == ["g0", "g0", "g0", "g1"]
    assert run.slices["centre"].tolist()[:2] == ["south", "north"]
    assert run.facts.group_source == "column"


def test_one_bad_file_never_stops_the_rest(folder):
    def predict(path, _):
        if path.name == "slice_04.png":
            raise IntakeError("The file is incomplete.", remedy="Export it again.")
        return Outcome(CERTAIN)

    run = evaluated(folder, predict)
    assert run.n == 11
    assert "slice_04.png" not in run.file
    assert run.facts.errors == (("slice_04.png", "The file is incomplete. Export it again."),)


def test_steps_that_the_folder_carries_reach_the_predictor(folder):
    description = (folder / "dataset.yaml").read_text()
    carried = "already_applied: [resize_lanczos_224]"
    (folder / "dataset.yaml").write_text(description.replace("already_applied: []", carried))
    seen = []
    evaluated(folder, lambda path, steps: seen.append(steps) or Outcome(CERTAIN))
    assert set(seen) == {("resize_lanczos_224",)}


def test_a_folder_without_a_readable_picture_is_refused(folder):
    with pytest.raises(EvaluationError, match="None of the 12 pictures"):
        evaluated(folder, lambda path, _: Outcome(None, reason="It is empty."))


def test_unmapped_labels_are_left_out_and_counted(folder):
    manifest = open_manifest(folder, load_task("kidney_stone"))
    run = evaluate_manifest(
        manifest, lambda path, _: Outcome(np.array([0.5, 0.5])), facts=RunFacts()
    )
    assert run.n == 6
    assert dict(run.facts.left_out) == {"cyst": 3, "tumor": 3}


def test_results_come_in_order_with_progress_and_few_in_work():
    working, most, told = [], [], []

    def predict(path, _):
        working.append(path)
        most.append(len(working))
        working.remove(path)
        return Outcome(np.array([float(path.name)]))

    paths = [Path(str(index)) for index in range(60)]
    outcomes = predict_all(
        predict, paths, already_applied=(), progress=lambda done, n: told.append((done, n))
    )
    assert [outcome.y_prob[0] for outcome in outcomes] == list(range(60))
    assert told[-1] == (60, 60)
    assert max(most) <= 64


def test_a_version_is_evaluated_as_analyse_answers(folder):
    done = evaluate_folder(TASK, folder, store=False)
    paths = [folder / file for file in done.run.file]
    answers = list(analyse_files(paths, task="kidney_ct"))
    assert {answer.status for answer in answers} == {"ok"}
    expected = [list(answer.prediction.probabilities.values()) for answer in answers]
    assert done.run.y_prob == pytest.approx(np.array(expected), abs=1e-9)
    assert done.figures["model_version"] == "small-1"
    assert done.folder is None


def test_what_the_gate_would_refuse_is_counted_and_still_measured(folder):
    from PIL import Image

    Image.new("L", (224, 224), 7).save(folder / "slice_03.png")
    Image.new("L", (50, 40), 7).save(folder / "slice_05.png")
    (folder / "slice_07.png").write_bytes(b"no picture")
    done = evaluate_folder(TASK, folder, store=False)
    assert (done.figures["n"], done.figures["refused"]) == (11, 2)
    assert done.figures["answered"]["n"] == 9
    assert [error["file"] for error in done.figures["errors"]] == ["slice_07.png"]


def test_a_run_is_stored_by_version_and_listed(folder):
    done = evaluate_folder(TASK, folder)
    assert done.folder.parent == settings().home / "evaluation" / "kidney_ct" / "small-1"
    (listed,) = stored_runs("kidney_ct", "small-1")
    assert listed.folder == done.folder
    assert (listed.n, listed.n_groups, listed.shipped) == (12, 4, False)
    assert np.array_equal(open_run(listed).y_prob, done.run.y_prob)
    assert read_run(done.folder).facts.data == "Drawn set"


def test_two_runs_in_one_second_do_not_collide(folder):
    first, second = (evaluate_folder(TASK, folder).folder for _ in range(2))
    assert first != second
    assert len(stored_runs("kidney_ct", "small-1")) == 2


def test_a_run_of_other_content_under_the_same_name_is_not_listed(folder):
    done = evaluate_folder(TASK, folder)
    facts = done.folder / "run.yaml"
    digest = find_version("kidney_ct", "small-1").digest
    facts.write_text(facts.read_text().replace(digest, "0" * 64))
    assert stored_runs("kidney_ct", "small-1") == []


def test_half_a_run_is_not_listed(folder):
    done = evaluate_folder(TASK, folder)
    (done.folder / "run.yaml").unlink()
    assert stored_runs("kidney_ct", "small-1") == []


def test_a_shipped_run_comes_first_and_carries_the_version():
    runs = stored_runs("kidney_ct", "small-2")
    assert [(run.name, run.shipped) for run in runs] == [("test_split", True)]
    version = find_version("kidney_ct", "small-2")
    assert runs[0].facts.model_version == "small-2"
    assert runs[0].facts.version_digest == version.digest


def test_a_run_is_found_by_name_or_the_others_are_named():
    assert find_run("kidney_ct", "test_split", version="small-2").n == 60
    with pytest.raises(EvaluationError, match="Stored runs: test_split"):
        find_run("kidney_ct", "other", version="small-2")


def test_without_a_version_there_are_no_runs():
    with pytest.raises(ModelVersionError):
        stored_runs("glomeruli")


def test_performance_gives_frames_and_what_to_doubt():
    made = performance(find_run("kidney_ct", "test_split", version="small-2"))
    assert made.confusion["n"].sum() == 60
    assert len(made.classes) == 4 * 7
    assert made.reliability["n"].sum() == 60
    assert set(made.summary["figure"]) >= {"accuracy", "macro_f1"}
    assert made.refused == 0


@pytest.mark.parametrize("name", ["confusion", "classes", "summary", "reliability"])
def test_every_table_says_version_and_threshold_in_its_csv(name):
    made = performance(find_run("kidney_ct", "test_split", version="small-2"))
    again = pd.read_csv(io.BytesIO(frame_csv(made, getattr(made, name))))
    assert set(again["model_version"]) == {"small-2"}
    assert set(again["threshold"]) == {"argmax"}
    assert set(again["run"]) == {"test_split"}
    assert len(again) == len(getattr(made, name))


def predictions_file(path, n=8):
    rows = [f"f{i}.png,{TASK.class_names[i % 4]},0.7,0.1,0.1,0.1,p{i // 2}" for i in range(n)]
    header = "file,y_true,cyst,normal,stone,tumor,group"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_predictions_of_another_model_are_evaluated_and_stored_beside(tmp_path):
    path = predictions_file(tmp_path / "theirs.csv")
    done = evaluate_predictions(path, class_names=TASK.class_names, task=TASK)
    assert done.figures["confusion"] == [[2, 0, 0, 0]] * 4
    assert done.figures["model_version"] is None
    assert done.folder.parent.name == "external"
    assert [run.facts.data for run in stored_runs("kidney_ct", "small-1")] == ["theirs.csv"]
    made = performance(stored_runs("kidney_ct", "small-1")[0])
    assert b"not ours" in frame_csv(made, made.summary)


def test_predictions_without_a_task_are_not_stored(tmp_path):
    path = predictions_file(tmp_path / "theirs.csv")
    done = evaluate_predictions(path, class_names=TASK.class_names)
    assert done.folder is None
    assert not settings().home.exists()


@pytest.mark.parametrize("name", ["missing.csv", "a\0b.csv", ""])
def test_a_predictions_file_that_cannot_be_opened_is_refused(tmp_path, name):
    with pytest.raises(EvaluationError, match="cannot be opened"):
        evaluate_predictions(tmp_path / name, class_names=TASK.class_names)


def test_the_training_set_s_own_name_is_warned_about(folder):
    text = (folder / "dataset.yaml").read_text()
    (folder / "dataset.yaml").write_text(text.replace("Drawn set", "drawn"))
    done = evaluate_folder(TASK, folder, store=False)
    assert "measure memory" in done.figures["warnings"][0]


def test_the_page_s_way_imports_neither_engine_nor_scikit_learn():
    code = (
        "import sys; from core.workflows.evaluating import *; "
        "from core.workflows.run_performance import frame_csv; import core.charts;"
        "made = performance(find_run('kidney_ct', 'test_split', version='small-2'));"
        "frame_csv(made, made.classes);"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'sklearn', 'openvino', 'streamlit', 'torch'};"
        "print(','.join(sorted(heavy & set(sys.modules))) or 'none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "none"
