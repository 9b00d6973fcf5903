"""``explain-audit``, held against its contract."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from core.inference.package import read_version
from core.saliency.methods import METHODS
from core.workflows import auditing
from core.workflows.audit_records import audit_of
from tests.labelled_folder import write_labelled_folder
from tests.small_version import slices

FIGURE = {"value", "low", "high", "n", "low_grouped", "high_grouped", "n_groups"}


@pytest.fixture
def folders(tmp_path):
    boxes = tmp_path / "stone_places"
    boxes.mkdir()
    Image.fromarray(slices(1, (224, 224), seed=8)[0, :, :, 0]).save(boxes / "a.png")
    lines = ["file,x_centre,y_centre,width,height", "a.png,0.5,0.5,0.1,0.1"]
    (boxes / "boxes.csv").write_text("\n".join(lines), encoding="utf-8")
    return write_labelled_folder(tmp_path / "set"), boxes


@pytest.fixture
def few(monkeypatch):
    small = auditing.Sizes(randomised=2, slow_randomised=0, slow_curves=0, slow_boxes=0)
    monkeypatch.setattr("core.commands.explain_audit.Sizes", lambda: small)


def test_it_answers_with_every_key(core_json, folders, few, use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home")
    out = tmp_path / "audit.json"
    called = core_json(
        "explain-audit", "--task", "kidney_ct", "--data", folders[0], "--data", folders[1],
        "--methods", "grad_cam", "--pictures", 4, "--out", out,
    )  # fmt: skip
    document = called.document
    assert called.code == 0
    assert document["model_version"] == "small-1"
    assert set(document["randomisation"]["grad_cam"]["ssim"]) == FIGURE
    for kind in ("deletion", "insertion"):
        assert document[kind]["grad_cam"].keys() >= {"area", "random_area"}
        assert set(document[kind]["grad_cam"]["area"]) == FIGURE
    pointing = document["pointing"]["stone_places"]
    assert set(pointing) == {"n", "chance", "brightest", "centre", "grad_cam"}
    assert pointing["n"] == 1 and set(pointing["grad_cam"]) == FIGURE
    assert "4 of 4 pictures" in called.errors
    assert json.loads(out.read_text(encoding="utf-8"))["document"] == document


def test_slow_methods_alone_play_the_pointing_game(
    core_json, folders, monkeypatch, use_settings, models, tmp_path
):
    use_settings(models=models, home=tmp_path / "home")
    monkeypatch.setattr("core.workflows.audit_parts.METHODS", _all_slow())
    arguments = ("--data", folders[1], "--methods", "grad_cam")
    document = core_json("explain-audit", "--task", "kidney_ct", *arguments).document
    pointing = document["pointing"]["stone_places"]
    assert pointing["n"] == pointing["grad_cam"]["n"] == 1
    assert document["energy"]["stone_places"]["grad_cam"]["n"] == 1


def _all_slow():
    return {key: replace(spec, takes_many_passes=True) for key, spec in METHODS.items()}


def test_two_folders_of_one_name_are_both_measured(
    core_json, folders, few, use_settings, models, tmp_path
):
    use_settings(models=models, home=tmp_path / "home")
    other = tmp_path / "elsewhere" / folders[1].name
    shutil.copytree(folders[1], other)
    arguments = ("--data", folders[1], "--data", other, "--methods", "grad_cam")
    document = core_json("explain-audit", "--task", "kidney_ct", *arguments).document
    assert list(document["pointing"]) == ["stone_places", "stone_places-2"]


def test_an_audit_of_less_leaves_the_one_that_tells_more(
    core_json, folders, few, use_settings, models, tmp_path
):
    use_settings(models=models, home=tmp_path / "home")
    both = ("--data", folders[0], "--data", folders[1], "--pictures", 2)
    ask = ("explain-audit", "--task", "kidney_ct", *both, "--methods")
    core_json(*ask, "grad_cam,layer_cam")
    assert core_json(*ask, "grad_cam").code == 0
    kept = audit_of(read_version(models / "kidney_ct" / "small-1"))
    assert kept is not None and set(kept.document["deletion"]) == {"grad_cam", "layer_cam"}


def test_a_picture_with_boxes_that_cannot_be_read_is_told_of(
    core_json, folders, few, use_settings, models, tmp_path
):
    use_settings(models=models, home=tmp_path / "home")
    with (folders[1] / "boxes.csv").open("a", encoding="utf-8") as table:
        table.write("\nb.png,0.5,0.5,0.1,0.1\n")
    (folders[1] / "b.png").write_bytes(b"not a picture")
    arguments = ("--data", folders[1], "--methods", "grad_cam")
    document = core_json("explain-audit", "--task", "kidney_ct", *arguments).document
    assert any(
        "1 of 2 pictures are not counted: they cannot be read" in note for note in document["notes"]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--methods", "grad_can"), "no saliency method"),
        (("--data", "/nowhere"), "not a folder"),
        (("--pictures", "0"), "above 0"),
    ],
)
def test_a_wrong_call_says_what_to_do(core_json, arguments, words):
    called = core_json("explain-audit", "--task", "kidney_ct", *arguments)
    assert called.code == 2
    assert words in called.document["error"] and called.document["what_to_do"]


def test_without_a_version_the_code_is_3(core_json):
    assert core_json("explain-audit", "--task", "glomeruli").code == 3
