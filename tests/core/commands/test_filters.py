"""``filters``, held against its contract."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from core.errors import ChannelOffError
from core.workflows import filter_files
from tests.small_version import slices


def filters(core_json, *arguments):
    return core_json("filters", "--task", "kidney_ct", *arguments)


def test_a_picture_gives_one_page_and_its_channels_strongest_first(core_json, pictures, tmp_path):
    called = filters(core_json, pictures["first"], "--layer", "second", "--out", tmp_path / "out")
    assert called.code == 0
    written = json.loads((tmp_path / "out" / "filters.json").read_text())
    assert written == called.document
    assert (written["layer"], written["file"]) == ("second", str(pictures["first"]))
    assert sorted(written["channels"]) == list(range(8))
    assert [page["channels"] for page in written["pages"]] == [written["channels"]]
    pixels = np.asarray(Image.open(tmp_path / "out" / written["pages"][0]["file"]))
    assert pixels.ndim == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"second_01.png", "filters.json"}


def test_only_the_channels_that_were_named_are_drawn(core_json, pictures, tmp_path):
    out = ("--layer", "first", "--out", tmp_path)
    named = filters(core_json, pictures["first"], *out, "--channels", "4,0-1")
    assert sorted(named.document["channels"]) == [0, 1, 4]
    for wrong in ("6", "1-0", "x", "-1"):
        assert filters(core_json, pictures["first"], *out, f"--channels={wrong}").code == 2


def test_a_wrong_layer_names_those_that_there_are_and_writes_nothing(core_json, pictures, tmp_path):
    called = filters(core_json, pictures["first"], "--layer", "conv9", "--out", tmp_path / "out")
    assert called.code == 2
    assert "'conv9'" in called.document["error"]
    assert "first, second" in called.document["what_to_do"]
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_read_or_written_is_said_and_leaves_nothing(core_json, pictures, tmp_path):
    for name in ("truncated", "text", "missing", "folder"):
        out = tmp_path / name
        called = filters(core_json, pictures[name], "--layer", "first", "--out", out)
        assert (called.code, out.exists()) == (2, False), name
        assert called.document["error"]
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        called = filters(core_json, pictures["first"], "--layer", "first", "--out", out)
        assert called.code == 2
        assert "cannot be written" in called.document["error"]


def test_channels_that_are_off_everywhere_are_passed_over_and_told(
    core_json, tmp_path, monkeypatch
):
    def search(view, layer, channel, watch=None):
        if channel % 2 == 0:
            raise ChannelOffError(f"Nothing changes channel {channel}.", remedy="Choose another.")
        return np.full((224, 224, 3), channel, np.uint8)

    monkeypatch.setattr(filter_files, "maximising_picture", search)
    second = ("--layer", "second", "--out", tmp_path)
    document = filters(core_json, *second).document
    assert (document["channels"], document["off"]) == ([1, 3, 5, 7], [0, 2, 4, 6])
    named = filters(core_json, *second, "--channels", "2,3").document
    assert (named["channels"], named["off"]) == ([3], [2])
    called = filters(core_json, *second, "--channels", "2,4")
    assert (called.code, called.document["error"]) == (2, "Nothing changes channel 4.")


def test_one_page_of_several_is_named_by_its_frame(core_json, tmp_path):
    pages = [Image.fromarray(each) for each in slices(2, (224, 224))[..., 0]]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    arguments = (tmp_path / "two.tif", "--layer", "first", "--out", tmp_path / "out")
    assert filters(core_json, *arguments).code == 2
    assert filters(core_json, *arguments, "--frame", 1).code == 0


def test_without_layer_or_folder_the_usage_is_told(core_json):
    called = filters(core_json)
    assert called.code == 2
    assert "--layer" in called.document["error"]
