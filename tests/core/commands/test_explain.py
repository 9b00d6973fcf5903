"""``explain``, held against its contract."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

KEYS = {
    "file",
    "status",
    "reason",
    "class",
    "method",
    "layer",
    "raw_peak",
    "has_evidence",
    "peak",
    "gate",
    "model_version",
}
CLASSES = ("cyst", "normal", "stone", "tumor")


def explain(core_json, picture, *arguments):
    return core_json("explain", "--task", "kidney_ct", picture, *arguments)


def test_the_called_class_is_explained_unless_another_is_named(core_json, pictures):
    (answer,) = core_json("predict", "--task", "kidney_ct", pictures["first"]).document
    called = explain(core_json, pictures["first"])
    assert called.code == 0
    assert called.document.keys() >= KEYS
    assert called.document["class"] == answer["predicted"]
    assert called.document["method"] == "grad_cam"
    assert explain(core_json, pictures["first"], "--class", "stone").document["class"] == "stone"


def test_the_map_has_the_size_of_the_picture_and_its_peak_is_where_the_document_says(
    core_json, tmp_path
):
    picture, out = tmp_path / "wide.png", tmp_path / "map.out"
    noise = np.random.default_rng(1).normal(90, 30, (300, 500)).clip(0, 255).astype(np.uint8)
    Image.fromarray(noise).save(picture)
    for name in CLASSES:
        document = explain(core_json, picture, "--class", name, "--heatmap", out).document
        heatmap = np.load(out)
        assert (heatmap.shape, heatmap.dtype) == ((300, 500), np.float32)
        assert document["has_evidence"] == (document["raw_peak"] > 1e-6)
        if document["has_evidence"]:
            assert heatmap.max() == pytest.approx(1)
            assert np.argwhere(heatmap >= 0.999).mean(axis=0) == pytest.approx(document["peak"])
        else:
            assert document["peak"] is None
            assert not heatmap.any()


def test_the_overlay_is_a_lossless_colour_picture_of_the_same_size(core_json, pictures, tmp_path):
    out = tmp_path / "overlay.png"
    explain(core_json, pictures["first"], "--overlay", out)
    with Image.open(out) as overlay:
        assert (overlay.format, overlay.mode, overlay.size) == ("PNG", "RGB", (224, 224))


def test_a_picture_that_the_gate_refuses_is_explained_and_told(core_json, pictures, tmp_path):
    out = tmp_path / "map.npy"
    arguments = ["--version", "strict-1", "--heatmap", out]
    document = explain(core_json, pictures["first"], *arguments).document
    assert document["status"] == "refused"
    assert document["gate"]["inside"] is False
    assert document["reason"]
    assert document["raw_peak"] is not None
    assert out.is_file()


def test_a_file_that_cannot_be_read_writes_no_map(core_json, pictures, tmp_path):
    out = tmp_path / "map.npy"
    called = explain(core_json, pictures["truncated"], "--heatmap", out)
    assert (called.code, called.document["status"]) == (0, "error")
    assert not out.exists()


def test_map_and_overlay_are_written_both_or_not_at_all(core_json, pictures, tmp_path):
    there = tmp_path / "map.npy"
    there.write_bytes(b"of another picture")
    arguments = ["--heatmap", there, "--overlay", tmp_path / "no" / "overlay.png"]
    assert explain(core_json, pictures["first"], *arguments).code == 2
    assert there.read_bytes() == b"of another picture"
    assert list(tmp_path.iterdir()) == [there]
    assert explain(core_json, pictures["first"], "--heatmap", there, "--overlay", there).code == 2


def test_the_picture_itself_is_never_written_over(core_json, pictures, tmp_path):
    mine = tmp_path / "mine.png"
    mine.write_bytes(pictures["first"].read_bytes())
    (tmp_path / "link.png").symlink_to(mine)
    for out in (mine, tmp_path / "link.png"):
        called = explain(core_json, mine, "--overlay", out)
        assert called.code == 2
        assert "the picture itself" in called.document["error"]
    assert mine.read_bytes() == pictures["first"].read_bytes()


def test_a_full_disk_leaves_no_half_of_a_map(core_json, pictures, tmp_path, monkeypatch):
    def full(self, content):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    called = explain(core_json, pictures["first"], "--heatmap", tmp_path / "map.npy")
    assert called.code == 2
    assert "No space left" in called.document["error"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--class", "gallstone"],
        ["--method", "tea_leaves"],
        ["--heatmap", "/no/such/folder/map.npy"],
    ],
)
def test_wrong_arguments_are_exit_2(core_json, pictures, arguments):
    called = explain(core_json, pictures["first"], *arguments)
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
