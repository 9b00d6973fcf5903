"""``preview``: the files it writes, and its one document."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from core.preprocessing import Recipe
from core.tasks import load_task
from tests.core.training.experiment_files import write_experiment


def preview(core_json, *arguments):
    return core_json("preview", "--task", "kidney_ct", *arguments)


def test_one_png_a_step_and_version_and_a_contact_sheet(core_json, pictures, tmp_path):
    called = preview(core_json, pictures["first"], "--out", tmp_path / "out", "--n", 2)
    assert called.code == 0
    written = json.loads((tmp_path / "out" / "preview.json").read_text())
    assert written == called.document
    assert [stage["file"] for stage in written["stages"]] == [
        "00_as_read.png",
        "01_resize_lanczos_224.png",
        "02_clahe_lab_4_8x8.png",
    ]
    assert written["augmented"] == ["augmented_00.png", "augmented_01.png"]
    names = {stage["file"] for stage in written["stages"]} | set(written["augmented"])
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == names | {"preview.json", "contact_sheet.png"}
    last = np.asarray(Image.open(tmp_path / "out" / "02_clahe_lab_4_8x8.png"))
    raw = np.asarray(Image.open(pictures["first"]))
    recipe = Recipe.from_task(load_task("kidney_ct"))
    assert np.array_equal(last, recipe.apply(raw).pixels)
    assert written["recipe_fingerprint"] == recipe.fingerprint


def test_a_recipe_of_ones_own_and_steps_carried_already(core_json, pictures, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("[{step: median_filter}, {step: stain_macenko}]")
    called = preview(
        *(core_json, pictures["first"], "--out", tmp_path / "out", "--n", 0),
        *("--recipe", path, "--already-applied", "median_filter_3"),
    )
    assert called.document["steps_left_out"] == ["median_filter_3"]
    (_, stain) = called.document["stages"]
    assert "no stained tissue" in stain["note"]
    assert called.document["augmented"] == []


def test_what_cannot_be_read_or_written_is_said_and_leaves_nothing(core_json, pictures, tmp_path):
    for name in ("truncated", "text", "missing", "folder"):
        out = tmp_path / name
        called = preview(core_json, pictures[name], "--out", out)
        assert (called.code, out.exists()) == (2, False), name
        assert called.document["error"]
    (tmp_path / "file").write_text("")
    called = preview(core_json, pictures["first"], "--out", tmp_path / "file")
    assert called.code == 2
    assert "cannot be written" in called.document["error"]
    many = preview(core_json, pictures["first"], "--out", tmp_path / "out", "--n", 65)
    assert (many.code, "65" in many.document["error"]) == (2, True)
    step = ("--already-applied", "sharpen")
    assert preview(core_json, pictures["first"], "--out", tmp_path / "out", *step).code == 2


def test_a_wrong_experiment_of_ones_own_is_told_and_in_the_way_of_nothing(
    core_json, pictures, tmp_path, use_settings
):
    write_experiment(tmp_path, architecture="vgg99")
    use_settings(experiments=tmp_path)
    called = preview(core_json, pictures["first"], "--out", tmp_path / "out", "--n", 1)
    assert called.code == 0
    assert "mine.yaml" in called.errors
