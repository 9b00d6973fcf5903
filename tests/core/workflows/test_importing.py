"""From a published folder to a data folder that every reader takes; nothing half written."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from core import cli
from core.datasets import read_manifest
from core.errors import DatasetError, TaskError
from core.tasks import load_task
from core.workflows.importing import ImportRequest, import_pictures
from core.workflows.splits import check_split
from core.workflows.training import Listener, TrainingRequest, prepare
from tests.core.datasets.published_sets import (
    biopsies,
    chest_set,
    glomeruli_set,
    kidney_set,
    put,
)


def imported(task, source, out, **changes):
    return import_pictures(ImportRequest(task, source, out, **changes))


def parts_left(folder):
    return [path.name for path in folder.rglob("*.part")]


def test_the_kidney_set_comes_with_the_series_that_its_pixels_show(tmp_path):
    out = tmp_path / "out"
    told = imported("kidney_ct", kidney_set(tmp_path / "set"), out).document()
    assert (told["n"], told["groups"], told["grouping"]["method"]) == (24, 8, "found")
    manifest = read_manifest(out, load_task("kidney_ct"))
    assert (len(manifest), manifest.n_groups, manifest.group_source) == (24, 8, "found")
    assert manifest.frame["label"].value_counts().to_dict() == dict.fromkeys(
        ("cyst", "normal", "stone", "tumor"), 6
    )
    assert all(path.is_file() for path in manifest.paths)
    about = yaml.safe_load((out / "dataset.yaml").read_text(encoding="utf-8"))
    assert about["grouping_method"].startswith("Groups found from the pixels")
    assert check_split(out).group_source == "found"


def test_the_chest_set_names_patients_on_both_sides_of_its_published_split(tmp_path):
    out = tmp_path / "out"
    told = imported("chest_xray", chest_set(tmp_path / "set"), out).document()
    assert told["straddling"] == ["person12", "IM-0115"]
    assert told["straddling_groups"] == 2
    assert any("person12, IM-0115" in note for note in told["notes"])
    assert any("No picture of: covid19" in note for note in told["notes"])
    manifest = read_manifest(out, load_task("chest_xray"))
    assert manifest.group_source == "column"
    assert manifest.slice_columns == ("published_split",)
    rows = manifest.frame.set_index("file").loc["test/PNEUMONIA/person12_virus_80.jpeg"]
    assert rows.tolist() == ["viral_pneumonia", "person12", "test"]
    assert check_split(out).group_source == "column"


@pytest.mark.needs_data
def test_the_published_table_is_read_and_every_missing_picture_counted(tmp_path, data_root):
    source = tmp_path / "set"
    source.mkdir()
    shutil.copy(data_root / "glomeruli/public.csv", source)
    lines = (source / "public.csv").read_text().splitlines()[1:]
    drawn = lines[::160]
    for number, line in enumerate(drawn):
        put(source, f"{'ab'[number % 2]}/{line.split(',')[0]}", scene=number)
    told = imported("glomeruli", source, tmp_path / "out").document()
    n_sclerotic = sum(line.endswith(",1") for line in drawn)
    assert told["layout"] == "names_table"
    assert told["n"] == len(drawn) == 36
    assert told["n_by_class"]["sclerotic"] == n_sclerotic > 0
    assert told["missing"]["n"] == 5758 - 36
    assert len(told["missing"]["first"]) == 20
    assert told["groups"] == len({line.split("_PAS_")[0] for line in drawn})
    assert told["grouping"]["group_source"] == "column"


def test_what_is_imported_can_be_trained_on(tmp_path):
    out = tmp_path / "out"
    imported("glomeruli", glomeruli_set(tmp_path / "set", biopsies()), out)
    request = TrainingRequest("glomeruli", "simple_cnn", data=out, n_folds=2)
    job = prepare(request, listener=Listener())
    assert (len(job.data), len(set(job.data.group)), job.n_folds) == (24, 12, 2)
    assert job.manifest.group_source == "column"


def test_linked_pictures_need_no_room_and_copies_are_their_own(tmp_path):
    source = kidney_set(tmp_path / "set")
    file = "CT-KIDNEY/CT-KIDNEY/Cyst/Cyst- (1).jpg"
    assert imported("kidney_ct", source, tmp_path / "a").placed == "linked"
    assert (tmp_path / "a" / file).samefile(source / file)
    assert imported("kidney_ct", source, tmp_path / "b", pictures="copy").placed == "copied"
    assert not (tmp_path / "b" / file).samefile(source / file)
    assert (tmp_path / "b" / file).read_bytes() == (source / file).read_bytes()


def test_where_links_cannot_be_made_pictures_are_copied(tmp_path, monkeypatch):
    def other_disk(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    told = imported("kidney_ct", kidney_set(tmp_path / "set"), tmp_path / "out")
    assert told.placed == "copied"
    assert len(read_manifest(tmp_path / "out", load_task("kidney_ct"))) == 24


@pytest.mark.parametrize("above", [False, True])
def test_in_place_only_two_files_are_written(tmp_path, above):
    source = kidney_set(tmp_path / "above" / "my set")
    out = source.parent if above else source
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert imported("kidney_ct", source, out).placed == "in place"
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert after - before == {out / "labels.csv", out / "dataset.yaml"}
    assert len(read_manifest(out, load_task("kidney_ct"))) == 24
    with pytest.raises(DatasetError, match=r"holds dataset\.yaml already"):
        imported("kidney_ct", source, out)


def test_pictures_that_cannot_be_read_are_named_and_left_out(tmp_path):
    source = kidney_set(tmp_path / "set")
    folder = source / "CT-KIDNEY/CT-KIDNEY/Cyst"
    (folder / "broken.jpg").write_bytes((folder / "Cyst- (1).jpg").read_bytes()[:300])
    (folder / "empty.JPG").write_bytes(b"")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    told = imported("kidney_ct", source, tmp_path / "out").document()
    names = [Path(item["file"]).name for item in told["errors"]]
    assert names == ["broken.jpg", "empty.JPG", "gone.jpg", "loop.jpg"]
    assert all(item["reason"] for item in told["errors"])
    assert told["n"] == 24
    assert not (tmp_path / "out" / "CT-KIDNEY/CT-KIDNEY/Cyst/broken.jpg").exists()


def test_copies_and_copies_with_two_labels_are_told(tmp_path):
    source = kidney_set(tmp_path / "set")
    base = source / "CT-KIDNEY/CT-KIDNEY"
    shutil.copy(base / "Cyst/Cyst- (1).jpg", base / "Cyst/again.jpg")
    shutil.copy(base / "Stone/Stone- (1).jpg", base / "Tumor/again.jpg")
    notes = imported("kidney_ct", source, tmp_path / "out").notes
    told = "Exact copies of others: 2 pictures; with two different labels: 1 picture."
    assert told in notes


def test_labels_left_out_are_counted(tmp_path):
    source = kidney_set(tmp_path / "set")
    out = {"Cyst": "-", "Tumor": "-"}
    told = imported("kidney_stone", source, tmp_path / "out", labels=out).document()
    assert told["left_out"] == {"Cyst": 6, "Tumor": 6}
    assert told["n_by_class"] == {"normal": 6, "stone": 6}


def test_steps_that_pictures_carry_are_taken_over(tmp_path):
    source = kidney_set(tmp_path / "set")
    imported("kidney_ct", source, tmp_path / "a")
    above = source / "CT-KIDNEY/dataset.yaml"
    above.write_text("already_applied: [resize_lanczos_224]\n")
    imported("kidney_ct", source, tmp_path / "b", name="Ours", licence="CC BY 4.0")
    imported("kidney_ct", source, tmp_path / "c", already_applied=("clahe_lab_4_8x8",))
    steps = [
        read_manifest(tmp_path / name, load_task("kidney_ct")).already_applied for name in "abc"
    ]
    assert steps == [(), ("resize_lanczos_224",), ("clahe_lab_4_8x8",)]
    manifest = read_manifest(tmp_path / "b", load_task("kidney_ct"))
    assert (manifest.name, manifest.licence) == ("Ours", "CC BY 4.0")


BAD_NAMES = {"a\\b.jpg": "a backslash", "a\nb.jpg": "a control character"}


@pytest.mark.parametrize(("name", "told"), BAD_NAMES.items())
def test_a_name_that_no_table_can_hold_is_refused(tmp_path, name, told):
    source = kidney_set(tmp_path / "set")
    picture = source / "CT-KIDNEY/CT-KIDNEY/Cyst/Cyst- (1).jpg"
    shutil.copy(picture, picture.with_name(name))
    with pytest.raises(DatasetError, match=told):
        imported("kidney_ct", source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bytes_that_are_no_text_in_a_name_are_refused(tmp_path):
    source = kidney_set(tmp_path / "set")
    picture = source / "CT-KIDNEY/CT-KIDNEY/Cyst/Cyst- (1).jpg"
    shutil.copy(picture, os.fsencode(picture.parent) + b"/\xff.jpg")
    with pytest.raises(DatasetError, match="not UTF-8"):
        imported("kidney_ct", source, tmp_path / "out")


def test_a_blank_before_the_first_folder_is_refused_because_tables_lose_it(tmp_path):
    put(tmp_path / "set", " Cyst/a.jpg", scene=1)
    with pytest.raises(DatasetError, match="a blank at its beginning"):
        imported("kidney_ct", tmp_path / "set", tmp_path / "out")


def test_a_target_that_holds_something_or_lies_inside_is_refused(tmp_path):
    source = kidney_set(tmp_path / "set")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("x")
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "full", tmp_path / "file"):
        with pytest.raises(DatasetError, match="not an empty folder"):
            imported("kidney_ct", source, out)
    with pytest.raises(DatasetError, match="lies inside"):
        imported("kidney_ct", source, source / "out")
    (tmp_path / "empty").mkdir()
    assert imported("kidney_ct", source, tmp_path / "empty").placed == "linked"


def test_a_data_folder_is_not_imported_again_without_its_groups(tmp_path):
    imported("kidney_ct", kidney_set(tmp_path / "set"), tmp_path / "out")
    with pytest.raises(DatasetError, match="it is a data folder already"):
        imported("kidney_ct", tmp_path / "out", tmp_path / "again")


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    source, calls = kidney_set(tmp_path / "set"), []
    whole = shutil.copyfile

    def full(source_path, target):
        calls.append(target)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(source_path, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DatasetError, match=r"No space left.*nothing was left behind"):
        imported("kidney_ct", source, tmp_path / "out", pictures="copy")
    assert len(calls) == 6
    assert not (tmp_path / "out").exists()
    assert parts_left(tmp_path) == []


def test_in_place_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    source = kidney_set(tmp_path / "set")

    def refused(self, target):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(DatasetError, match="Permission denied"):
        imported("kidney_ct", source, source)
    left = [path.name for path in source.iterdir() if path.is_file()]
    assert left == []


def test_nothing_readable_is_refused_with_the_first_reason(tmp_path):
    folder = tmp_path / "set" / "Cyst"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"None .* can be read \(1 in all\).*Cyst/a\.jpg"):
        imported("kidney_ct", tmp_path / "set", tmp_path / "out")
    with pytest.raises(DatasetError, match="Every picture of set is left out"):
        imported("kidney_ct", tmp_path / "set", tmp_path / "out", labels={"Cyst": "-"})
    with pytest.raises(TaskError):
        imported("knee", tmp_path / "set", tmp_path / "out")


def call(*arguments):
    return cli.main(["import", *map(str, arguments)])


def test_the_command_answers_with_one_document_and_with_text(tmp_path, capfd):
    source = chest_set(tmp_path / "set")
    known = (source, "--task", "chest_xray", "--out")
    assert call(*known, tmp_path / "a", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["n"], told["layout"], told["published_split"]) == (
        8,
        "patient_names",
        "published_split",
    )
    assert call(*known, tmp_path / "b", "--label", "PNEUMONIA=-") == 0
    out = capfd.readouterr().out
    assert "4 pictures (healthy 4) in 3 groups, linked" in out
    assert "Left out: PNEUMONIA 4." in out
    put(tmp_path / "one", "NORMAL/a.jpg", scene=1)
    assert call(tmp_path / "one", "--task", "chest_xray", "--out", tmp_path / "c") == 0
    assert "1 picture (healthy 1) in 1 group, linked" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (("--layout", "split_folders"), "Not a class of chest_xray: 'PNEUMONIA' (4 pictures)"),
        (("--label", "PNEUMONIA"), "--label got 'PNEUMONIA'"),
        (("--layout", "zip"), "no layout 'zip'"),
    ],
)
def test_the_command_refuses_with_2_and_a_sentence(tmp_path, capfd, extra, told):
    source = chest_set(tmp_path / "set")
    arguments = (source, "--task", "chest_xray", "--out", tmp_path / "out", "--json", *extra)
    assert call(*arguments) == 2
    assert told in json.loads(capfd.readouterr().out)["error"]
    assert not (tmp_path / "out").exists()
