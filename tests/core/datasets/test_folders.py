from __future__ import annotations

import pytest

from core.datasets.manifest import read_manifest
from core.errors import DatasetError
from core.tasks import load_task
from tests.core.datasets.folder import touch, write_folder

NESTED = "CT-KIDNEY-DATASET-Normal-Cyst-Tumor-Stone"


def labels_of(folder, task="kidney_ct"):
    frame = read_manifest(folder, load_task(task)).frame
    return dict(zip(frame["file"], frame["label"], strict=True))


def test_folders_named_by_class_are_read_whatever_their_case(tmp_path):
    for name in ("Cyst/Cyst- (1).jpg", "NORMAL/n.png", "Stone/s.JPEG", "tumour/t.dcm"):
        touch(tmp_path / name)
    assert labels_of(tmp_path) == {
        "Cyst/Cyst- (1).jpg": "cyst",
        "NORMAL/n.png": "normal",
        "Stone/s.JPEG": "stone",
        "tumour/t.dcm": "tumor",
    }


def test_the_nested_archive_of_the_public_kidney_set_is_read(tmp_path):
    touch(tmp_path / NESTED / NESTED / "Cyst" / "Cyst- (1).jpg")
    touch(tmp_path / NESTED / NESTED / "Stone" / "Stone- (1).jpg")
    touch(tmp_path / "kidneyData.csv")
    assert set(labels_of(tmp_path).values()) == {"cyst", "stone"}


def test_class_folders_inside_train_and_test_folders_are_read_together(tmp_path):
    for name in ("train/NORMAL/a.jpeg", "test/NORMAL/a.jpeg", "val/STONE/b.jpeg"):
        touch(tmp_path / name)
    assert labels_of(tmp_path) == {
        "train/NORMAL/a.jpeg": "normal",
        "test/NORMAL/a.jpeg": "normal",
        "val/STONE/b.jpeg": "stone",
    }


def test_pictures_in_other_folders_are_left_out_and_counted(tmp_path):
    for name in ("cyst/a.png", "stone/b.png", "rejected/c.png", "rejected/d.png"):
        touch(tmp_path / name)
    manifest = read_manifest(tmp_path, load_task("kidney_stone"))
    assert manifest.left_out == {"cyst": 1, "rejected": 2}
    assert list(manifest.frame["file"]) == ["stone/b.png"]


def test_files_that_are_no_pictures_and_hidden_ones_are_passed_over(tmp_path):
    for name in (
        "cyst/a.png",
        "cyst/Thumbs.db",
        "cyst/._a.png",
        "cyst/.git/b.png",
        "__MACOSX/c.png",
    ):
        touch(tmp_path / name)
    assert list(labels_of(tmp_path)) == ["cyst/a.png"]


def test_folders_say_nothing_about_groups(tmp_path):
    touch(tmp_path / "cyst" / "a.png")
    touch(tmp_path / "cyst" / "b.png")
    manifest = read_manifest(tmp_path, load_task("kidney_ct"))
    assert manifest.group_source == "none"
    assert manifest.n_groups == 2


def test_a_description_without_a_table_still_says_what_the_pictures_carry(tmp_path):
    write_folder(tmp_path, None, description="task: kidney_ct\nalready_applied: [pad_square]\n")
    touch(tmp_path / "cyst" / "a.png")
    assert read_manifest(tmp_path, load_task("kidney_ct")).already_applied == ("pad_square",)


@pytest.mark.parametrize("names", [[], ["a.png"], ["one/a.png", "two/b.png"], ["cyst/notes.txt"]])
def test_a_folder_with_neither_is_refused_naming_the_classes(tmp_path, names):
    for name in names:
        touch(tmp_path / name)
    with pytest.raises(DatasetError, match="cyst, normal, stone, tumor"):
        read_manifest(tmp_path, load_task("kidney_ct"))
