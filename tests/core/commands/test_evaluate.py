"""``evaluate``, held against its contract."""

from __future__ import annotations

import pytest

from core.cli import main
from core.config import settings
from core.tasks import load_task
from tests.labelled_folder import write_labelled_folder

KEYS = {
    "n", "groups", "group_source", "class_names", "confusion", "accuracy", "balanced_accuracy",
    "macro_f1", "ece", "brier", "per_class", "refused", "answered", "errors", "left_out",
    "undefined", "warnings", "model_version",
}  # fmt: skip
HEADER = "file,y_true,benign,malignant,group"
ROWS = ["a.png,benign,0.9,0.1,p1", "b.png,malignant,0.2,0.8,p1", "c.png,malignant,0.7,0.3,p2"]


@pytest.fixture
def folder(tmp_path):
    return write_labelled_folder(tmp_path / "set")


@pytest.fixture
def evaluate_table(core_json, tmp_path):
    def call(*lines, classes="benign,malignant"):
        path = tmp_path / "predictions.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return core_json("evaluate", "--class-names", classes, "--predictions", path)

    return call


def test_a_folder_is_evaluated_with_every_key(core_json, folder):
    called = core_json("evaluate", "--task", "kidney_ct", "--data", folder, "--no-store")
    assert called.code == 0
    assert called.document.keys() >= KEYS
    assert called.document["n"] == 12
    assert called.document["groups"] == 4
    assert called.document["group_source"] == "column"
    assert called.document["class_names"] == list(load_task("kidney_ct").class_names)
    assert called.document["model_version"] == "small-1"
    assert called.document["run"] is None
    assert "12 of 12" in called.errors


def test_the_gate_s_refusals_are_a_count_and_figures_stay(core_json, folder):
    arguments = ("--task", "kidney_ct", "--data", folder, "--no-store", "--version", "strict-1")
    document = core_json("evaluate", *arguments).document
    assert document["refused"] > 0
    assert document["n"] == 12
    assert document["answered"]["n"] == 12 - document["refused"]


def test_a_run_is_stored_unless_told_not_to(core_json, folder, use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home")
    document = core_json("evaluate", "--task", "kidney_ct", "--data", folder).document
    assert document["run"].startswith(str(settings().home))
    use_settings(models=models, home=tmp_path / "other")
    core_json("evaluate", "--task", "kidney_ct", "--data", folder, "--no-store")
    assert not (tmp_path / "other" / "evaluation").exists()


def test_a_folder_of_another_task_is_refused(core_json, tmp_path):
    folder = write_labelled_folder(tmp_path / "set", task="chest_xray", labels=("healthy",))
    called = core_json("evaluate", "--task", "kidney_ct", "--data", folder)
    assert called.code == 2
    assert set(called.document) == {"error", "row", "column", "what_to_do"}


def test_unmapped_labels_are_counted(core_json, use_settings, tmp_path, folder):
    from tests.small_version import write_small_version

    write_small_version(tmp_path / "models", "kidney_stone")
    use_settings(models=tmp_path / "models")
    called = core_json("evaluate", "--task", "kidney_stone", "--data", folder, "--no-store")
    assert called.document["left_out"] == {"cyst": 3, "tumor": 3}
    assert called.document["class_names"] == ["normal", "stone"]


def test_without_a_model_version_the_exit_code_is_three(core_json, use_settings, tmp_path, folder):
    use_settings(models=tmp_path / "none")
    assert core_json("evaluate", "--task", "kidney_ct", "--data", folder).code == 3


def test_predictions_of_any_model_are_evaluated(evaluate_table):
    called = evaluate_table(HEADER, *ROWS)
    assert called.code == 0
    assert called.document["confusion"] == [[1, 0], [1, 1]]
    assert called.document["accuracy"]["value"] == pytest.approx(2 / 3)
    assert called.document["groups"] == 2
    assert called.document["model_version"] is None


@pytest.mark.parametrize(
    ("lines", "row", "column"),
    [
        ([HEADER, ROWS[0], "x.png,benign,high,0.1,p"], 3, "benign"),
        ([HEADER, ROWS[0], ROWS[0]], 3, "file"),
        ([HEADER], None, None),
        ([HEADER.replace("malignant", "other"), ROWS[0]], None, "malignant"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_column(evaluate_table, lines, row, column):
    called = evaluate_table(*lines)
    assert called.code == 2
    assert (called.document["row"], called.document["column"]) == (row, column)
    assert called.document["error"] and called.document["what_to_do"]


def test_one_class_only_is_accepted(evaluate_table):
    called = evaluate_table(HEADER, ROWS[0])
    assert called.code == 0
    assert called.document["per_class"]["benign"]["specificity"]["value"] is None
    assert "per_class.benign.auc" in called.document["undefined"]
    assert called.document["warnings"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--task", "kidney_ct"],
        ["--predictions", "x.csv"],
        ["--task", "kidney_ct", "--class-names", "a,b", "--predictions", "x.csv"],
        ["--class-names", "a,b", "--data", "folder"],
        ["--task", "kidney_ct", "--data", "d", "--predictions", "x.csv"],
        ["--class-names", "a", "--predictions", "x.csv"],
        ["--class-names", "a,a", "--predictions", "x.csv"],
        ["--class-names", "a,file", "--predictions", "x.csv"],
        ["--task", "kidney_ct", "--predictions", "x.csv", "--version", "small-1"],
        ["--task", "no_such_task", "--predictions", "x.csv"],
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(core_json, arguments):
    called = core_json("evaluate", *arguments)
    assert called.code == 2
    assert called.document["error"]


def test_a_person_reads_figures_with_intervals(tmp_path, capfd):
    path = tmp_path / "predictions.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    assert main(["evaluate", "--class-names", "benign,malignant", "--predictions", str(path)]) == 0
    told = capfd.readouterr().out
    assert "3 cases, 2 groups" in told
    assert "sensitivity" in told and "not stored" in told


def test_the_same_patient_in_train_and_test_of_a_table_is_a_warning(evaluate_table):
    """Row 68 of the faults."""
    rows = [f"{row},{part}" for row, part in zip(ROWS, ("train", "test", "test"), strict=True)]
    (said,) = [
        line for line in evaluate_table(f"{HEADER},split", *rows).document["warnings"]
        if line.startswith("Leakage: 2 of 3 cases")
    ]  # fmt: skip
    assert "column 'split'" in said
