from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.datasets import Manifest, already_applied_for, read_manifest
from core.errors import DatasetError
from core.tasks import load_task
from tests.core.datasets.folder import manifest_of, touch, write_folder

GOOD = "file,label,group,centre\nb/2.png,stone,s2,X\na/1.png,Cyst,s1,Y\nb/3.png,odd,s2,X\n"
DESCRIBED = "task: kidney_ct\ngroup_column: group\nslice_columns: [centre]\n"


@pytest.fixture
def kidney():
    return load_task("kidney_ct")


def test_a_folder_gives_its_pictures_sorted_with_classes_groups_and_slices(tmp_path, kidney):
    manifest = read_manifest(write_folder(tmp_path, GOOD, description=DESCRIBED), kidney)
    assert manifest.frame.to_dict("list") == {
        "file": ["a/1.png", "b/2.png"],
        "label": ["cyst", "stone"],
        "group": ["s1", "s2"],
        "centre": ["Y", "X"],
    }
    assert manifest.group_source == "column"
    assert manifest.left_out == {"odd": 1}
    assert manifest.paths == [tmp_path / "a/1.png", tmp_path / "b/2.png"]
    assert list(manifest.class_indices) == [0, 2]


def test_a_folder_inside_a_described_one_carries_the_same_steps_as_its_pictures(tmp_path, kidney):
    (tmp_path / "dataset.yaml").write_text("already_applied: [resize_lanczos_224]\n")
    folder = tmp_path / "set"
    folder.mkdir()
    write_folder(folder, GOOD, description="task: kidney_ct\n")
    manifest = read_manifest(folder, kidney)
    assert manifest.already_applied == ("resize_lanczos_224",)
    assert {already_applied_for(path) for path in manifest.paths} == {("resize_lanczos_224",)}


def test_pictures_of_one_folder_that_carry_different_steps_are_refused(tmp_path, kidney):
    write_folder(tmp_path, GOOD, description="task: kidney_ct\n")
    (tmp_path / "a" / "dataset.yaml").write_text("already_applied: [resize_lanczos_224]\n")
    with pytest.raises(DatasetError, match="carry different steps") as caught:
        read_manifest(tmp_path, kidney)
    assert caught.value.column == "already_applied"


def test_without_a_group_column_every_picture_stands_alone(tmp_path, kidney):
    manifest = read_manifest(write_folder(tmp_path, "file,label\na.png,cyst\nb.png,cyst\n"), kidney)
    assert manifest.group_source == "none"
    assert manifest.n_groups == 2


def test_another_group_column_may_be_named(tmp_path, kidney):
    table = "file,label,patient\na.png,cyst,p1\nb.png,cyst,p1\n"
    manifest = read_manifest(
        write_folder(tmp_path, table, description="group_column: patient\n"), kidney
    )
    assert manifest.n_groups == 1


def test_the_label_map_of_a_source_is_honoured(tmp_path):
    table = "file,label,group\na.png,cyst,1\nb.png,stone,2\nc.png,normal,3\n"
    folder = write_folder(tmp_path, table, description="task: kidney_ct\n")
    manifest = read_manifest(folder, load_task("kidney_stone"))
    assert sorted(manifest.frame["label"]) == ["normal", "stone"]
    assert manifest.left_out == {"cyst": 1}


def test_a_folder_of_another_task_is_refused(tmp_path, kidney):
    folder = write_folder(tmp_path, GOOD, description="task: chest_xray\n")
    with pytest.raises(DatasetError, match="'chest_xray'"):
        read_manifest(folder, kidney)


@pytest.mark.parametrize(
    ("table", "row", "column", "said"),
    [
        ("file,klass\na.png,cyst\n", None, "label", "no column 'label'"),
        ("name,label\na.png,cyst\n", None, "file", "no column 'file'"),
        ("file;label\na.png;cyst\n", None, "file", "commas"),
        ("file,label\ngone.png,cyst\n", 2, "file", "None of the 1 files exists"),
        ("file,label\na.png,cyst\n\na.png,stone\n", 4, "file", "row 2 already"),
        ("file,label\na.png,cyst\n./a.png,stone\n", 3, "file", "row 2 already"),
        ("file,label\na.png,\n", 2, "label", "empty"),
        ("file,label,group\na.png,cyst,\n", 2, "group", "empty"),
        ("file,label\n../a.png,cyst\n", 2, "file", "leads out"),
        ("file,label\nb/../../a.png,cyst\n", 2, "file", "leads out"),
        ("file,label\n..\\a.png,cyst\n", 2, "file", "leads out"),
        ("file,label\n/etc/passwd,cyst\n", 2, "file", "leads out"),
        ("file,label\nC:\\a.png,cyst\n", 2, "file", "leads out"),
        ("file,label\na.png,dog\n", None, "label", "dog"),
        (b"file,label\na.png,cyst\nb\xe9.png,cyst\n", 3, None, "UTF-8"),
        ("file,label\n", None, None, "no rows"),
        ("", None, None, "empty"),
    ],
)
def test_a_wrong_table_is_refused_with_row_and_column(tmp_path, kidney, table, row, column, said):
    folder = write_folder(tmp_path, table)
    with pytest.raises(DatasetError, match=said) as error:
        read_manifest(folder, kidney)
    assert (error.value.row, error.value.column) == (row, column)
    assert error.value.remedy


@pytest.mark.parametrize("key", ["group_column: scan", "slice_columns: [scan]"])
def test_a_column_that_the_description_names_must_exist(tmp_path, kidney, key):
    folder = write_folder(tmp_path, GOOD, description=key + "\n")
    with pytest.raises(DatasetError, match="'scan'") as error:
        read_manifest(folder, kidney)
    assert error.value.column == "scan"


def test_a_table_that_the_description_names_must_exist(tmp_path, kidney):
    folder = write_folder(tmp_path, None, description="labels: other.csv\n")
    touch(folder / "cyst" / "a.png")
    with pytest.raises(DatasetError, match=r"other\.csv"):
        read_manifest(folder, kidney)


def test_a_path_that_is_no_folder_is_refused(tmp_path, kidney):
    with pytest.raises(DatasetError, match="not a folder"):
        read_manifest(tmp_path / "nowhere", kidney)


def test_a_picture_that_is_a_folder_does_not_count_as_a_file(tmp_path, kidney):
    folder = write_folder(tmp_path, "file,label\na.png,cyst\n")
    (folder / "a.png").unlink()
    (folder / "a.png").mkdir()
    with pytest.raises(DatasetError, match="None of the 1 files exists"):
        read_manifest(folder, kidney)


def test_one_missing_file_does_not_stop_the_rest(tmp_path, kidney):
    folder = write_folder(tmp_path, "file,label\na.png,cyst\ngone.png,cyst\n")
    assert len(read_manifest(folder, kidney)) == 2


def test_windows_separators_and_names_in_other_scripts_are_read(tmp_path, kidney):
    table = "file,label\ncyst\\نزف 1.png,cyst\n'=1+1.png,stone\n"
    manifest = read_manifest(write_folder(tmp_path, table), kidney)
    assert list(manifest.frame["file"]) == ["'=1+1.png", "cyst/نزف 1.png"]


def test_taking_rows_keeps_them_sorted_and_the_facts():
    manifest = manifest_of({"b": ("cyst", 2), "a": ("stone", 2)})
    taken = manifest.take(np.array([3, 0]))
    assert list(taken.frame["file"]) == ["a_0000.png", "b_0001.png"]
    assert list(taken.frame.index) == [0, 1]
    assert taken.task is manifest.task


def test_a_manifest_with_other_columns_is_refused(tmp_path, kidney):
    with pytest.raises(DatasetError, match="columns"):
        Manifest(tmp_path, kidney, pd.DataFrame({"file": ["a"]}), "none")


@pytest.mark.needs_data
def test_the_shared_kidney_folder_is_read_whole(data_root, kidney):
    manifest = read_manifest(data_root / "kidney_ct", kidney)
    assert manifest.frame["label"].value_counts().to_dict() == {
        "normal": 4503,
        "cyst": 3243,
        "tumor": 1972,
        "stone": 1212,
    }
    assert manifest.n_groups == 169
    assert manifest.already_applied == ("resize_lanczos_224", "clahe_lab_4_8x8")


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("task", "folder", "n", "n_groups"),
    [
        ("kidney_stone", "kidney_ct", 5715, 93),
        ("chest_xray", "chest_xray", 4195, 2998),
        ("glomeruli", "glomeruli", 841, 27),
    ],
)
def test_the_other_tasks_read_their_folders(data_root, task, folder, n, n_groups):
    manifest = read_manifest(data_root / folder, load_task(task))
    assert (len(manifest), manifest.n_groups) == (n, n_groups)
