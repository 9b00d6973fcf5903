"""``predict``, held against its contract."""

from __future__ import annotations

import pytest

from core.cli import main
from core.tasks import load_task

KEYS = {
    "file",
    "status",
    "reason",
    "predicted",
    "flagged",
    "probabilities",
    "gate",
    "steps_applied",
    "quality",
    "model_version",
}
ALL_STEPS = "resize_lanczos_224,clahe_lab_4_8x8"


def test_answers_stand_in_the_order_of_the_arguments_with_every_key(core_json, pictures):
    files = [pictures["second"], pictures["truncated"], pictures["first"]]
    called = core_json("predict", "--task", "kidney_ct", *files)
    assert called.code == 0
    assert [answer["file"] for answer in called.document] == [str(path) for path in files]
    assert [answer["status"] for answer in called.document] == ["ok", "error", "ok"]
    assert all(answer.keys() >= KEYS for answer in called.document)


def test_probabilities_follow_the_classes_and_sum_to_one(core_json, pictures):
    (answer,) = core_json("predict", "--task", "kidney_ct", pictures["first"]).document
    assert tuple(answer["probabilities"]) == load_task("kidney_ct").class_names
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert answer["predicted"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert answer["reason"] is None
    assert answer["gate"]["distance"] <= answer["gate"]["threshold"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("missing", "error"),
        ("folder", "error"),
        ("empty", "error"),
        ("text", "error"),
        ("truncated", "error"),
        ("blank", "refused"),
        ("small", "refused"),
    ],
)
def test_what_cannot_be_answered_has_one_sentence_and_no_figures(core_json, pictures, kind, status):
    called = core_json("predict", "--task", "kidney_ct", pictures[kind])
    (answer,) = called.document
    assert (called.code, answer["status"]) == (0, status)
    assert answer["predicted"] is answer["flagged"] is answer["probabilities"] is None
    assert len(answer["reason"]) > 10
    assert "\n" not in answer["reason"]


def test_outside_the_gate_there_are_no_probabilities(core_json, pictures):
    (answer,) = core_json(
        "predict", "--task", "kidney_ct", "--version", "strict-1", pictures["first"]
    ).document
    assert (answer["status"], answer["model_version"]) == ("refused", "strict-1")
    assert answer["gate"]["inside"] is False
    assert answer["gate"]["distance"] > answer["gate"]["threshold"]
    assert answer["predicted"] is answer["flagged"] is answer["probabilities"] is None


@pytest.mark.parametrize(
    ("given", "applied"),
    [
        ([], ALL_STEPS.split(",")),
        (["--already-applied", "none"], ALL_STEPS.split(",")),
        (["--already-applied", "clahe_lab_4_8x8"], ["resize_lanczos_224"]),
        (["--already-applied", ALL_STEPS], []),
    ],
)
def test_steps_that_a_picture_carries_are_not_applied_again(core_json, pictures, given, applied):
    (answer,) = core_json("predict", "--task", "kidney_ct", *given, pictures["first"]).document
    assert answer["steps_applied"] == applied


def test_without_the_argument_the_nearest_dataset_yaml_says_what_a_picture_carries(
    core_json, pictures, tmp_path
):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    picture = inner / "first.png"
    picture.write_bytes(pictures["first"].read_bytes())
    (tmp_path / "dataset.yaml").write_text(
        f"task: kidney_ct\nalready_applied: [{ALL_STEPS}]\n", encoding="utf-8"
    )
    (answer,) = core_json("predict", "--task", "kidney_ct", picture).document
    assert answer["steps_applied"] == []
    (answer,) = core_json(
        "predict", "--task", "kidney_ct", "--already-applied", "none", picture
    ).document
    assert answer["steps_applied"] == ALL_STEPS.split(",")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--task", "knee"],
        ["--task", "kidney_ct", "--already-applied", "sharpen"],
        ["--task", "kidney_ct", "--frame", "-1"],
        [],
    ],
)
def test_wrong_arguments_are_exit_2(core_json, pictures, arguments):
    called = core_json("predict", *arguments, pictures["first"])
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}


@pytest.mark.parametrize("arguments", [["chest_xray"], ["kidney_ct", "--version", "2001-1"]])
def test_without_a_usable_version_it_is_exit_3(core_json, pictures, arguments):
    called = core_json("predict", "--task", *arguments, pictures["first"])
    assert called.code == 3
    assert called.document["what_to_do"]


def test_a_person_reads_percentages_and_the_version(capfd, use_settings, models, pictures):
    use_settings(models=models)
    assert main(["predict", "--task", "kidney_ct", str(pictures["first"])]) == 0
    text = capfd.readouterr().out
    assert "tumor" in text
    assert "%" in text
    assert "small-1" in text


def test_a_strange_name_is_given_back_as_it_is_and_stays_out_of_the_log(
    core_json, pictures, use_settings, tmp_path, models
):
    use_settings(home=tmp_path / "home", models=models)
    picture = tmp_path / "ZZPHI^TEST <img src=x>\u202e.png"
    picture.write_bytes(pictures["first"].read_bytes())
    called = core_json("predict", "--task", "kidney_ct", picture, tmp_path / "ZZPHI^TEST gone.png")
    assert [answer["status"] for answer in called.document] == ["ok", "error"]
    assert called.document[0]["file"] == str(picture)
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert written
    assert all(b"ZZPHI" not in path.read_bytes() for path in written)
    assert "ZZPHI" not in called.errors
