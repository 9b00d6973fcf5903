"""``cases``, ``audit``, ``backup`` and ``restore``, held against their contract."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import sys
import zipfile
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.cli import main
from core.config import settings

MARKER = "ZZPHI"


@pytest.fixture
def home(tmp_path, use_settings, core_json):
    folder = tmp_path / "home"
    use_settings(home=folder)
    return folder


@pytest.fixture
def added(home, core_json, pictures):
    """Return the case of the first picture."""
    (item,) = core_json("cases", "add", "--task", "kidney_ct", pictures["first"]).document
    return item["case_id"]


@pytest.fixture
def verdicts(capfd, monkeypatch):
    """Return a function that sends lines and reads the answers."""

    def send(*lines: object) -> list[dict]:
        data = b"".join(
            (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
            for line in lines
        )
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(["cases", "verdicts", "-", "--json"]) == 0
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    return send


def verdict(case_id: str, **changes) -> dict:
    said = {
        "case_id": case_id,
        "reader": "A. Reader",
        "class": "stone",
        "confidence": 0.8,
        "comment": "beside the ureter",
        "key": "k1",
    }
    return said | changes


def test_every_file_is_answered_and_the_same_pixels_are_one_case(
    home, core_json, pictures, tmp_path
):
    other = tmp_path / "other.tiff"
    Image.open(pictures["first"]).save(other)
    files = [pictures["first"], pictures["truncated"], other, pictures["blank"]]
    called = core_json("cases", "add", "--task", "kidney_ct", *files)
    assert called.code == 0
    assert [item["file"] for item in called.document] == [str(path) for path in files]
    assert [item["status"] for item in called.document] == [
        "added",
        "error",
        "duplicate",
        "refused",
    ]
    first, bad, duplicate, _ = called.document
    assert duplicate["case_id"] == first["case_id"]
    assert (bad["case_id"], first["reason"]) == (None, None)
    listed = core_json("cases", "list").document
    assert {row["state"] for row in listed} == {"new", "refused"}
    assert core_json("cases", "list", "--total", "--state", "refused").document == {"total": 1}
    assert core_json("audit", "verify").document["ok"]


def test_a_study_that_is_yet_to_come_is_refused(home, core_json, pictures):
    words = ("cases", "add", "--task", "kidney_ct", pictures["first"], "--study-date")
    assert "is yet to come" in core_json(*words, "2999-01-01").document["error"]
    assert core_json("cases", "list").document == []
    (added,) = core_json(*words, "2020-02-29").document
    assert core_json("cases", "list").document[0]["case_id"] == added["case_id"]


def test_a_page_follows_the_page_before(home, core_json, pictures):
    core_json("cases", "add", "--task", "kidney_ct", pictures["first"], pictures["second"])
    for sort in ("risk", "uncertainty", "waiting_since", "priority"):
        (first,) = core_json("cases", "list", "--rows", 1, "--sort", sort).document
        after = ["--sort", sort, "--after", first["after"]]
        (second,) = core_json("cases", "list", "--rows", 1, *after).document
        assert first["case_id"] != second["case_id"]
        after[-1] = second["after"]
        assert core_json("cases", "list", *after).document == []
    for wrong in ("x", "nan,1", f"0.5,{2**70}"):
        assert core_json("cases", "list", "--after", wrong).code == 2
    assert len(core_json("cases", "list", "--rows", 2**70).document) == 2
    assert "There is no task" in core_json("cases", "list", "--task", "nope").document["error"]
    wrong = core_json("cases", "list", "--task", "kidney_ct", "--finding", "zebra")
    assert (wrong.code, wrong.document["error"]) == (2, "zebra is no class of kidney_ct.")


def test_a_case_shows_its_answer_and_its_context_only_when_asked(added, core_json):
    shown = core_json("cases", "show", added).document
    assert shown["context"] is None
    assert "pseudonym" not in json.dumps(shown)
    answer = core_json("predict", "--task", "kidney_ct", "--version", "small-1")
    assert answer.code == 2  # no file: only to show that a wrong call stays one
    assert shown["answers"][0]["model_version"] == "small-1"
    assert sum(shown["answers"][0]["probabilities"].values()) == pytest.approx(1)
    before = core_json("audit", "verify").document["rows"]
    context = core_json("cases", "show", added, "--context", "--by", "A. Reader").document
    assert context["context"] == {"pseudonym": f"P-{added}", "study_date": None}
    assert core_json("audit", "verify").document["rows"] == before + 1
    assert core_json("cases", "show", "nowhere").code == 2


def test_verdicts_are_answered_one_by_one_and_bad_lines_stop_nothing(added, core_json, verdicts):
    answers = verdicts(
        verdict(added),
        b"not json",
        b"\xff\xfe",
        b"[1]",
        verdict("nowhere", key="k2"),
        verdict(added, key="k3", **{"class": "pneumonia"}),
        verdict(added, key="k4", confidence=1.5),
        verdict(added, key="k5", confidence=True),
        b'{"key": "k6", "confidence": NaN}',
        verdict(added, key="k7", reader=" "),
        verdict(added, key=""),
        verdict(added),
        verdict(added, key="k8", confidence=None, **{"class": "not_assessable"}),
    )
    assert [item["ok"] for item in answers] == [True] + [False] * 10 + [True, True]
    assert [item["key"] for item in answers[4:9]] == ["k2", "k3", "k4", "k5", "k6"]
    assert all(set(item) == {"key", "ok", "error"} for item in answers)
    assert all(item["ok"] == (item["error"] is None) for item in answers)
    reads = core_json("cases", "show", added).document["reads"]
    assert [(item["verdict"], item["corrects"]) for item in reads] == [
        ("stone", None),
        ("not_assessable", 1),
    ]
    assert reads[0]["shown"]["model_version"] == "small-1"
    (row,) = core_json("cases", "list").document
    assert row["state"] == "not_assessable"


def test_a_chain_that_was_changed_or_cut_is_exit_1(added, home, core_json):
    kept = core_json("audit", "verify").document
    assert core_json("audit", "verify", "--head", kept["head"]).code == 0
    assert core_json("audit", "verify", "--head", "x").code == 2
    with closing(sqlite3.connect(home / "second_look.db")) as connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE sequence = 2")
        connection.commit()
    found = core_json("audit", "verify")
    assert (found.code, found.document["ok"], found.document["first_bad"]) == (1, False, 2)
    (home / "audit_head").unlink()
    found = core_json("audit", "verify", "--head", kept["head"])
    assert (found.code, found.document["first_bad"]) == (1, 2)


def test_a_case_is_replayed_as_it_was_and_refused_without_its_version(
    added, home, core_json, pictures, tmp_path, use_settings
):
    out = tmp_path / "replay"
    called = core_json("audit", "replay", added, "--out", out)
    assert (called.code, called.document["is_same"]) == (0, True)
    shown = np.asarray(Image.open(out / "picture.png"))
    assert (shown == np.asarray(Image.open(pictures["first"]))).all()
    explained = core_json(
        "explain", "--task", "kidney_ct", "--class", "stone", pictures["first"],
        "--heatmap", tmp_path / "map.npy",
    )  # fmt: skip
    assert explained.code == 0
    np.testing.assert_allclose(np.load(out / "map_stone.npy"), np.load(tmp_path / "map.npy"))
    assert json.loads((out / "case.json").read_text())["audit"][0]["action"] == "case_added"
    (second,) = core_json("cases", "add", "--task", "kidney_ct", pictures["second"]).document
    file = tmp_path / "a file"
    file.write_bytes(b"")
    for place in (out, file, file / "below"):  # maps of two cases never lie in one folder
        refused = core_json("audit", "replay", second["case_id"], "--out", place)
        assert refused.code == 2
    assert json.loads((out / "case.json").read_text())["case_id"] == added
    assert core_json("audit", "replay", added, "--out", out).code == 0
    others = tmp_path / "models"
    shutil.copytree(settings().models / "kidney_ct" / "strict-1", others / "kidney_ct" / "strict-1")
    use_settings(models=others)
    gone = core_json("audit", "replay", added, "--out", out)
    assert gone.code == 3
    assert "not installed any more" in gone.document["error"]


def test_a_backup_comes_back_with_everything(added, home, core_json, tmp_path, verdicts):
    assert verdicts(verdict(added))[0]["ok"]
    before = core_json("cases", "show", added).document
    file = tmp_path / "kept.zip"
    made = core_json("backup", file).document
    assert core_json("backup", file).code == 2
    assert core_json("restore", file).code == 2  # the home is not empty
    assert core_json("backup", file / "below").code == 2
    assert verdicts(verdict(added, key="k2", **{"class": "cyst"}))[0]["ok"]
    restored = core_json("restore", file, "--replace")
    assert (restored.code, restored.document["head"]) == (0, made["head"])
    assert core_json("cases", "show", added).document == before
    assert core_json("audit", "verify", "--head", made["head"]).code == 0
    assert core_json("audit", "replay", added, "--out", tmp_path / "again").code == 0
    (aside,) = home.glob("replaced-*")
    assert (aside / "second_look.db").is_file()
    assert verdicts(verdict(added, key="k3"))[0]["ok"]


def rewritten(file, target, change) -> None:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))


def flip(name: str, data: bytes) -> tuple[str, bytes]:
    return name, bytes([data[0] ^ 1]) + data[1:] if name.endswith(".png") else data


def outside(name: str, data: bytes) -> tuple[str, bytes]:
    return name, data.replace(b'"pictures/', b'"../pictures/') if name == "manifest.json" else data


def head_of_another(name: str, data: bytes) -> tuple[str, bytes]:
    if name != "manifest.json":
        return name, data
    return name, json.dumps(json.loads(data) | {"head": "2:" + "0" * 64}).encode()


@pytest.mark.parametrize("change", [flip, outside, head_of_another])
def test_a_backup_that_was_changed_replaces_nothing(added, home, core_json, tmp_path, change):
    core_json("backup", tmp_path / "kept.zip")
    rewritten(tmp_path / "kept.zip", tmp_path / "changed.zip", change)
    before = sorted(path.name for path in home.iterdir())
    refused = core_json("restore", tmp_path / "changed.zip", "--replace")
    assert refused.code == 2
    assert "Nothing was restored" in refused.document["error"]
    assert sorted(path.name for path in home.iterdir()) == before
    assert core_json("audit", "verify").document["ok"]


def test_a_file_that_is_no_backup_is_a_sentence(home, core_json, pictures):
    assert core_json("restore", pictures["first"]).code == 2
    assert core_json("backup", home / "kept.zip").code == 2  # nothing was ever recorded


def test_the_name_of_a_patient_is_found_nowhere(home, core_json, pictures, tmp_path, verdicts):
    info = PngInfo()
    info.add_text("Patient", MARKER)
    path = tmp_path / f"{MARKER}^TEST.png"
    Image.open(pictures["first"]).save(path, pnginfo=info)
    bad = tmp_path / f"{MARKER}^BAD.png"
    bad.write_bytes(MARKER.encode())
    (item, _) = core_json("cases", "add", "--task", "kidney_ct", path, bad).document
    verdicts(verdict(item["case_id"]))
    core_json("audit", "replay", item["case_id"], "--out", home / "replay")
    core_json("backup", home / "kept.zip")
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if MARKER.encode() in path.read_bytes()] == []
    assert [path for path in files if MARKER in path.name] == []
