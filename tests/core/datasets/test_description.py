from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.datasets import already_applied_for, list_folder, read_manifest
from core.datasets.description import read_description
from core.errors import DatasetError
from core.tasks import load_task
from tests.core.datasets.folder import write_folder

CARRIED = "already_applied: [resize_lanczos_224, clahe_lab_4_8x8]\n"
STEPS = ("resize_lanczos_224", "clahe_lab_4_8x8")


@pytest.mark.parametrize("below", ["a.jpg", "cyst/a.jpg", "train/cyst/a.jpg"])
def test_the_description_counts_for_its_folder_and_two_below(tmp_path, below):
    (tmp_path / "dataset.yaml").write_text(CARRIED)
    expected = ("resize_lanczos_224", "clahe_lab_4_8x8")
    assert already_applied_for(tmp_path / below) == expected


def test_three_folders_below_the_description_it_does_not_count(tmp_path):
    (tmp_path / "dataset.yaml").write_text(CARRIED)
    assert already_applied_for(tmp_path / "a/b/c/x.jpg") == ()


def test_the_nearest_description_that_speaks_of_steps_decides_even_when_it_names_none(tmp_path):
    (tmp_path / "dataset.yaml").write_text(CARRIED)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "dataset.yaml").write_text("already_applied: []\n")
    assert already_applied_for(tmp_path / "raw" / "x.jpg") == ()
    (tmp_path / "raw" / "dataset.yaml").write_text("name: of steps it says nothing\n")
    assert already_applied_for(tmp_path / "raw" / "x.jpg") == STEPS


def test_a_path_with_dots_is_governed_by_the_folder_it_ends_in(tmp_path, monkeypatch):
    inside = tmp_path / "set" / "cyst" / "sub"
    inside.mkdir(parents=True)
    (tmp_path / "set" / "dataset.yaml").write_text(CARRIED)
    monkeypatch.chdir(inside)
    assert already_applied_for(Path("../x.jpg")) == STEPS
    monkeypatch.chdir(tmp_path / "set")
    assert already_applied_for(Path("../outside.jpg")) == ()


def test_without_a_description_nothing_is_applied_already(tmp_path):
    assert already_applied_for(tmp_path / "a" / "b" / "x.jpg") == ()


def test_a_relative_path_is_looked_up_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "dataset.yaml").write_text(CARRIED)
    (tmp_path / "cyst").mkdir()
    monkeypatch.chdir(tmp_path / "cyst")
    assert len(already_applied_for(Path("x.jpg"))) == 2


def test_a_changed_description_is_read_again(tmp_path):
    path = tmp_path / "dataset.yaml"
    path.write_text(CARRIED)
    assert already_applied_for(tmp_path / "x.jpg")
    path.write_text("already_applied: []\n")
    os.utime(path, ns=(1, 1))
    assert already_applied_for(tmp_path / "x.jpg") == ()


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        ("already_aplied: [pad_square]\n", "already_aplied", "already_applied"),
        ("already_applied: pad_square\n", "already_applied", "pad_square"),
        ("task: [kidney_ct]\n", "task", "kidney_ct"),
        ("- a\n- b\n", None, "list"),
        ("a: [1\n", None, "YAML"),
        (
            "task: kidney_ct\ntask: chest_xray\n",
            "task",
            "'task' stands in line 1 and again in line 2",
        ),
    ],
)
def test_a_wrong_description_is_refused_with_its_key(tmp_path, content, column, said):
    (tmp_path / "dataset.yaml").write_text(content)
    with pytest.raises(DatasetError, match=said) as error:
        already_applied_for(tmp_path / "x.jpg")
    assert error.value.column == column
    assert str(tmp_path) not in str(error.value)


def test_a_description_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "dataset.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_description(tmp_path)


def test_keys_of_the_authors_own_are_passed_over(tmp_path):
    (tmp_path / "dataset.yaml").write_text("contact: somebody\ntask: kidney_ct\n")
    assert read_description(tmp_path).task == "kidney_ct"


def test_an_empty_description_says_nothing(tmp_path):
    (tmp_path / "dataset.yaml").write_text("")
    assert read_description(tmp_path).already_applied == ()


def test_looking_up_applied_steps_imports_no_scientific_library():
    code = (
        "import sys; from core.datasets import already_applied_for;"
        "print(sorted({'sklearn', 'scipy', 'pandas', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_groups_that_were_found_are_not_taken_for_known_ones(tmp_path):
    table = "file,label,group\na.png,cyst,found_0000\n"
    write_folder(tmp_path, table, description="task: kidney_ct\ngrouping: found\n")
    assert read_manifest(tmp_path, load_task("kidney_ct")).group_source == "found"
    assert list_folder(tmp_path).group_source == "found"
    with pytest.raises(DatasetError, match=r"grouping is 'guessed'"):
        write_folder(tmp_path / "b", table, description="grouping: guessed\n")
        read_manifest(tmp_path / "b", load_task("kidney_ct"))
