"""What a data set holds and what reading all of it tells, against counts made by hand."""

import base64
import os
import shutil

import cv2
import numpy as np
import pytest

from core.errors import DatasetError
from core.phantoms import phantom_picture, phantom_table
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.data_checks import check_pictures, kept_check
from core.workflows.data_samples import samples, try_on
from core.workflows.data_sets import data_facts, data_set_of, data_sets
from core.workflows.experiment_words import experiment_choices
from core.workflows.training_jobs import experiment_from_text

TASK = load_task("phantom_ct")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """32 drawings in 16 groups of one class each."""
    folder = tmp_path_factory.mktemp("drawn") / "drawn"
    folder.mkdir()
    rows = phantom_table(n_series=40, seed=5).groupby("label").head(8)
    lines = ["file,label,group,centre"]
    for number, (_, row) in enumerate(rows.iterrows()):
        (folder / f"{number:03d}.png").write_bytes(phantom_picture(row["file"]))
        lines.append(f"{number:03d}.png,{row['label']},g{number // 2:02d},{'AB'[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "dataset.yaml").write_text(
        "name: Drawn\ntask: phantom_ct\nslice_columns: [centre]\nlicence: free\n"
    )
    return folder


@pytest.fixture
def root(drawn, tmp_path, use_settings):
    """A data root with the drawings, and a folder of another task."""
    shutil.copytree(drawn, tmp_path / "root" / "drawn")
    other = tmp_path / "root" / "other"
    other.mkdir()
    (other / "dataset.yaml").write_text("task: chest_xray\n")
    use_settings(data_root=tmp_path / "root", home=tmp_path / "home")
    return tmp_path / "root"


def test_only_what_the_task_reads_is_listed(root, use_settings):
    assert [data.key for data in data_sets(TASK)] == ["drawn"]
    assert [data.key for data in data_sets(load_task("chest_xray"))] == ["other"]
    use_settings(data_root=None)
    assert data_sets(TASK) == []


def test_pictures_groups_parts_and_slices_are_counted(root):
    made = data_facts(data_sets(TASK)[0], TASK)
    assert (made.n, made.n_groups, made.group_source) == (32, 16, "column")
    assert [(item.n, item.n_groups) for item in made.classes] == [(8, 4)] * 4
    assert all(sum(item.parts.values()) == item.n for item in made.classes)
    assert {by["stone"] for by in made.slices["centre"].values()} == {4}
    assert {item.code for item in made.findings} >= {"SL001", "SL002", "SL003"}
    assert ("Licence", "free") in made.facts


def test_other_shares_move_pictures_between_parts(root):
    wide = {"train": 0.25, "validation": 0.25, "calibration": 0.25, "test": 0.25}
    made = data_facts(data_sets(TASK)[0], TASK, seed=3, fractions=wide)
    assert {tuple(item.parts.values()) for item in made.classes} == {(2, 2, 2, 2)}
    assert made.seed == 3


def test_too_few_groups_are_told_and_nothing_breaks(root):
    table = (root / "drawn" / "labels.csv").read_text().splitlines()
    (root / "drawn" / "labels.csv").write_text("\n".join(table[:5]))
    made = data_facts(data_sets(TASK)[0], TASK)
    assert made.classes[0].parts == {} or sum(made.classes[0].parts.values()) >= 0
    assert "block" in {item.severity.value for item in made.findings}


def test_reading_every_picture_finds_copies_and_is_kept_until_the_table_changes(root):
    folder = root / "drawn"
    (folder / "031.png").write_bytes((folder / "000.png").read_bytes())  # another class and group
    (folder / "005.png").write_bytes(b"nothing")
    data = data_sets(TASK)[0]
    assert kept_check(data, TASK) is None
    told = []
    made = check_pictures(data, TASK, watch=Watch(lambda done, n: told.append((done, n))))
    assert told[-1] == (32, 32)
    found = {item.code: item for item in made.findings}
    assert found["SL005"].severity == "block"
    assert "000.png" in found["SL005"].message
    assert (made.n_errors, made.errors[0][0]) == (1, "005.png")
    assert made.leaks
    assert "of 16 groups (series)" in made.random_leak
    assert kept_check(data, TASK) == made
    with (folder / "dataset.yaml").open("a") as stream:
        stream.write("reference: other\n")
    assert kept_check(data_sets(TASK)[0], TASK) is None


def test_a_folder_without_a_table_is_told_apart_by_its_pictures(tmp_path, use_settings):
    root = tmp_path / "root"
    for name in ("Cyst/a.png", "Stone/b.png", "Stone/c.png"):
        (root / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "set" / name).write_bytes(b"picture")
    (root / "set" / "dataset.yaml").write_text("task: phantom_ct\n")
    use_settings(data_root=root)

    def told():
        return data_sets(TASK)[0].content

    seen = [told()]
    (root / "set" / "notes.txt").write_text("no picture")
    assert told() == seen[-1]
    (root / "set/Stone/c.png").write_bytes(b"another")
    os.utime(root / "set/Stone/c.png", ns=(1, 1))
    seen.append(told())
    (root / "set/Stone/c.png").rename(root / "set/Stone/d.png")
    seen.append(told())
    (root / "aside").mkdir()
    (root / "set/Cyst").rename(root / "aside/Cyst")
    seen.append(told())
    (root / "set/Cyst").symlink_to(root / "aside/Cyst")
    assert told() == seen[2]  # a linked class folder is read like any other
    (root / "aside/Cyst/loop").symlink_to(root / "set")
    assert told() == seen[2]
    (root / "aside/Cyst/gone.png").symlink_to("nowhere.png")
    seen.append(told())
    assert len(set(seen)) == len(seen)


def test_a_home_that_cannot_be_written_is_said(root, use_settings, tmp_path):
    (tmp_path / "file").write_text("")
    use_settings(data_root=root, home=tmp_path / "file")
    with pytest.raises(DatasetError, match="cannot be kept"):
        check_pictures(data_sets(TASK)[0], TASK, watch=Watch())


def test_samples_are_of_different_groups_and_the_same_each_time(root):
    made = data_facts(data_set_of(root / "drawn"), TASK)
    shown = samples(made, TASK)
    assert samples(made, TASK) == shown
    assert [item.label for item in shown] == [key for key in TASK.class_names for _ in range(4)]
    assert len({item.group for item in shown}) == 16
    small = cv2.imdecode(np.frombuffer(base64.b64decode(shown[0].png), np.uint8), 0)
    assert max(small.shape) == min(176, max(small.shape))


def test_a_picture_that_cannot_be_read_stands_there_with_its_reason(root):
    (root / "drawn" / "001.png").write_bytes(b"nothing")
    shown = samples(data_facts(data_sets(TASK)[0], TASK), TASK)
    assert [item.file for item in shown if item.problem] == ["001.png"]


def test_an_experiment_is_tried_on_a_picture(root):
    own = experiment_choices("phantom_ct")[0]
    assert (own.key, own.kind) == ("phantom_ct", "ours")
    experiment = experiment_from_text(own.text)
    path = root / "drawn" / "000.png"
    made = try_on(path, TASK, experiment, already_applied=(), n=3)
    assert made.stages[0].words.startswith("as read")
    assert len(made.augmented) == 3
    assert len({item.png for item in made.augmented}) == 3
    again = try_on(path, TASK, experiment, already_applied=(), n=3, seed=1)
    assert again.augmented != made.augmented
    assert again.stages == made.stages
