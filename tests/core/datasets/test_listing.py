"""Every picture of a folder, whatever the task."""

import pytest

from core.datasets import list_folder
from core.errors import DatasetError
from tests.core.datasets.folder import touch, write_folder


def test_every_row_of_the_table_is_listed_also_labels_that_no_task_has(tmp_path):
    write_folder(tmp_path, "file,label,group\nb.png,odd,g1\na.png,stone,g2\n")
    found = list_folder(tmp_path)
    assert (found.files, found.groups, found.task) == (("a.png", "b.png"), ("g2", "g1"), None)


def test_the_description_names_table_group_column_and_task(tmp_path):
    write_folder(tmp_path, None, description="task: chest_xray\nlabels: t.csv\ngroup_column: who\n")
    (tmp_path / "t.csv").write_text("file,who\nx.png,p1\n")
    touch(tmp_path / "x.png")
    found = list_folder(tmp_path)
    assert (found.files, found.groups, found.task) == (("x.png",), ("p1",), "chest_xray")


def test_without_a_group_column_nothing_is_said_of_groups(tmp_path):
    write_folder(tmp_path, "file,label\na.png,stone\n")
    assert list_folder(tmp_path).groups is None


def test_folders_named_by_class_are_walked_and_other_files_passed_over(tmp_path):
    for name in ("stone/b.jpg", "normal/deep/a.PNG", "stone/notes.txt", ".hidden/c.png"):
        touch(tmp_path / name)
    found = list_folder(tmp_path)
    assert (found.files, found.groups) == (("normal/deep/a.PNG", "stone/b.jpg"), None)


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("file,label\na.png,stone\na.png,stone\n", 3, "file"),
        ("file,label\n../a.png,stone\n", 2, "file"),
        ("name,label\na.png,stone\n", None, "file"),
        ("file,group\na.png,\n", 2, "group"),
        ("", None, None),
    ],
)
def test_a_wrong_table_is_refused_with_row_and_column(tmp_path, table, row, column):
    write_folder(tmp_path, table)
    with pytest.raises(DatasetError) as error:
        list_folder(tmp_path)
    assert (error.value.row, error.value.column) == (row, column)


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"neither labels\.csv nor pictures"):
        list_folder(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        list_folder(tmp_path / "gone")
