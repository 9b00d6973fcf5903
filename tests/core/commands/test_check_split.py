"""``check-split``, held against its contract; and what it finds on the shared kidney set."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from core.cli import main
from core.datasets import make_split, read_manifest
from core.tasks import load_task

KEYS = {"n", "groups", "straddling_groups", "near_duplicate_pairs_across", "leak", "worst",
        "sentence"}  # fmt: skip
GROUPS = ("g0", "g0", "g1", "g1", "g2", "g2")


@pytest.fixture
def folder(tmp_path):
    """Return six unlike pictures, two a group, with a table."""
    pictures = np.random.default_rng(0).integers(0, 256, (6, 80, 80), dtype=np.uint8)
    root = tmp_path / "set"
    root.mkdir()
    lines = ["file,label,group"]
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(root / f"p{index}.png"), picture)
        lines.append(f"p{index}.png,stone,{GROUPS[index]}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def check(core_json, folder, tmp_path):
    def call(split=None, *, data=folder):
        arguments = ["check-split", "--data", data]
        if split is not None:
            path = tmp_path / "split.csv"
            path.write_text(split)
            arguments += ["--split", path]
        return core_json(*arguments)

    return call


def split_of(*parts, header="file,split"):
    return "\n".join([header, *(f"p{i}.png,{part}" for i, part in enumerate(parts))]) + "\n"


APART = split_of("train", "train", "validation", "validation", "test", "test")
ACROSS = split_of("train", "test", "validation", "validation", "test", "test")


def test_a_split_by_group_has_no_leak(check):
    called = check(APART)
    assert called.code == 0
    assert called.document.keys() >= KEYS
    assert called.document["leak"] is False
    assert (called.document["n"], called.document["groups"]) == (6, 3)
    assert called.document["straddling_groups"] == 0
    assert called.document["near_duplicate_pairs_across"] == 0
    assert called.document["worst"] == []
    assert called.document["sentence"].startswith("No leak found")
    assert "6 of 6 pictures" in called.errors


def test_a_group_in_two_parts_is_a_leak_with_exit_code_1(check):
    called = check(ACROSS)
    assert called.code == 1
    assert called.document["straddling_groups"] == 1
    assert called.document["straddling"] == ["g0"]
    assert called.document["leak"] is True


def test_a_copy_under_another_name_is_a_leak_though_groups_are_apart(check, folder):
    shutil.copy(folder / "p0.png", folder / "p4.png")
    called = check(APART)
    assert called.code == 1
    assert called.document["straddling_groups"] == 0
    assert called.document["near_duplicate_pairs_across"] == 1
    pair = called.document["worst"][0]
    assert (pair["train_file"], pair["test_file"], pair["distance"]) == ("p0.png", "p4.png", 0)
    assert "1 pairs of nearly equal pictures" in called.document["sentence"]


def test_a_brighter_smaller_export_of_the_same_picture_is_found_too(check, folder):
    picture = cv2.GaussianBlur(cv2.imread(str(folder / "p0.png"), 0), (0, 0), 4)
    picture = cv2.normalize(picture, None, 0, 200, cv2.NORM_MINMAX)
    cv2.imwrite(str(folder / "p0.png"), picture)
    smaller = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "p5.png"), cv2.add(smaller, 30))
    called = check(APART)
    assert called.document["near_duplicate_pairs_across"] == 1
    assert 0 <= called.document["worst"][0]["distance"] < 0.06


def test_without_a_split_file_a_random_split_is_checked_and_said_to_be_one(check):
    document = check().document
    assert document["leak"] is True
    assert document["parts"] == {"train": 5, "test": 1}
    assert "random split" in document["sentence"]


def test_groups_are_found_where_the_folder_names_none(check, folder):
    (folder / "labels.csv").unlink()
    (folder / "stone").mkdir()
    for index in range(6):
        (folder / f"p{index}.png").rename(folder / "stone" / f"p{index}.png")
    shutil.copy(folder / "stone/p0.png", folder / "stone/p5.png")
    split = ACROSS.replace("\np", "\nstone/p")
    document = check(split).document
    assert document["group_source"] == "found"
    assert document["groups"] == 5
    assert document["straddling_groups"] == 1
    assert "groups, so they were found from the pixels" in document["sentence"]


def test_a_picture_that_cannot_be_read_is_named_and_the_rest_is_checked(check, folder):
    (folder / "p3.png").write_bytes(b"no picture")
    called = check(APART)
    assert called.code == 0
    assert [item["file"] for item in called.document["errors"]] == ["p3.png"]
    assert "1 pictures could not be read" in called.document["sentence"]


def test_one_part_alone_leaks_nowhere(check):
    called = check(split_of(*["test"] * 6))
    assert (called.code, called.document["leak"]) == (0, False)
    assert "nothing to leak across" in called.document["sentence"]


@pytest.mark.parametrize(
    ("split", "row", "column"),
    [
        (APART + "q.png,test\n", 8, "file"),  # not in the folder
        (APART + "p0.png,test\n", 8, "file"),  # twice
        (split_of("train", "train", "train", "train", "test"), None, "file"),  # p5 is missing
        (APART.replace("validation", "valid", 1), 4, "split"),
        (split_of(*["train"] * 6, header="file,part"), None, "split"),
        ("file,split\n", None, None),
        ("", None, None),
        ("file,split\np0.png\n", 2, None),
    ],
)
def test_a_wrong_split_file_is_refused_with_row_and_column(check, split, row, column):
    called = check(split)
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
    assert (called.document["row"], called.document["column"]) == (row, column)
    assert called.document["error"]


def test_a_missing_folder_or_split_file_is_refused(core_json, folder, tmp_path):
    for arguments in (
        ("--data", tmp_path / "gone"),
        ("--data", folder, "--split", tmp_path / "gone.csv"),
        ("--data", folder / "p0.png"),
    ):
        assert core_json("check-split", *arguments).code == 2


def test_a_person_reads_the_sentence_and_the_worst_pairs(folder, capfd):
    shutil.copy(folder / "p0.png", folder / "p4.png")
    assert main(["check-split", "--data", str(folder), "--seed", "1"]) in (0, 1)
    assert "random split" in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.needs_data
def test_the_shared_kidney_set_leaks_by_lot_and_not_by_series(core_json, data_root, tmp_path):
    data = data_root / "kidney_ct"
    by_lot = core_json("check-split", "--data", data)
    assert by_lot.code == 1
    assert by_lot.document["straddling_groups"] > 100
    assert by_lot.document["near_duplicate_pairs_across"] > 10_000
    assert by_lot.document["worst"][0]["distance"] == 0
    assert "series" in by_lot.document["sentence"]
    make_split(read_manifest(data, load_task("kidney_ct")), seed=0).save(tmp_path / "s.csv")
    by_series = core_json("check-split", "--data", data, "--split", tmp_path / "s.csv")
    assert by_series.code == 0
    assert by_series.document["straddling_groups"] == 0
    assert by_series.document["near_duplicate_pairs_across"] == 0
