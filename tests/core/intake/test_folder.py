"""Folders as series: hidden files, links that lead round, what is no picture."""

import os

import pytest

from core.errors import IntakeError
from core.intake.folder import list_folder
from core.workflows.series import open_series
from tests.core.intake.files import encoded, picture
from tests.core.intake.stack_files import InMemory, axial

PNG = encoded(picture())


def listed(root):
    found = list_folder(root, InMemory({}))
    return [os.path.relpath(name, root) for name in found.names], found.notes


def test_files_are_listed_in_natural_order_with_their_folders(tmp_path):
    for name in ("s10.png", "s9.png", "in/s1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PNG)
    assert listed(tmp_path)[0] == ["in/s1.png", "s9.png", "s10.png"]


def test_links_to_folders_are_counted_and_not_followed(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    names, (note,) = listed(tmp_path)
    assert names == ["a.png", "b.png"]
    assert "links to folders (1)" in note
    assert "things that are no regular files (1)" in note


def test_hidden_files_and_pipes_are_counted(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / ".thumbs").write_bytes(PNG)
    os.mkfifo(tmp_path / "pipe.png")
    names, (note,) = listed(tmp_path)
    assert names == ["a.png"]
    assert note == "Passed over: hidden files (1), things that are no regular files (1)."


def test_too_many_files_are_refused(tmp_path, use_settings):
    use_settings(max_series_files=3)
    for k in range(4):
        (tmp_path / f"{k}.png").write_bytes(PNG)
    with pytest.raises(IntakeError, match=r"more than 3 files.*SECOND_LOOK_MAX_SERIES_FILES"):
        listed(tmp_path)


def test_what_is_no_picture_is_counted_by_what_it_is(tmp_path):
    for name, data in axial(3).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "labels.csv").write_text("file,label\n")
    (tmp_path / "viewer.exe").write_bytes(b"MZ" + bytes(100))
    (stack,) = open_series([tmp_path])
    assert len(stack) == 3
    assert stack.notes == ("Passed over: files that are no pictures (2).",)


def test_a_dicomdir_is_counted_by_its_name(tmp_path):
    from tests.core.intake.files import dataset, saved

    index = dataset(picture(), SOPClassUID="1.2.840.10008.1.3.10")
    index.DirectoryRecordSequence = []
    (tmp_path / "DICOMDIR").write_bytes(saved(index))
    (tmp_path / "a.png").write_bytes(PNG)
    (stack,) = open_series([tmp_path])
    assert [item.name for item in stack.slices] == [str(tmp_path / "a.png")]
    assert stack.notes == ("Passed over: DICOMDIR (1).",)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(IntakeError, match="no picture among"):
        open_series([tmp_path])
