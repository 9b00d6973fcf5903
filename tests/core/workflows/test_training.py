"""From a request to a job: pictures, split, folds, names; the heavy part is tested elsewhere."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from core.config import ROOT
from core.errors import DatasetError, TaskError, TrainingError
from core.phantoms import phantom_picture, phantom_table
from core.tasks import load_task
from core.workflows.picture_guards import limited
from core.workflows.pictures import open_manifest
from core.workflows.training import Listener, TrainingRequest, drawn_manifest, prepare


def ask(**changes):
    known = {"task": "phantom_ct", "architecture": "mobilenet_small", "limit": 32}
    notes = []
    listener = Listener(on_note=notes.append)
    request = TrainingRequest(**{**known, **changes})
    return prepare(request, listener=listener), notes


@pytest.fixture
def folder(tmp_path):
    """Eight drawn series as a picture folder, one file of it damaged."""
    rows = phantom_table(n_series=40, seed=5).groupby("label").head(8)
    lines = ["file,label,group"]
    for number, (_, row) in enumerate(rows.iterrows()):
        name = f"{number:03d}.png"
        (tmp_path / name).write_bytes(phantom_picture(row["file"]))
        lines.append(f"{name},{row['label']},{number // 2}")
    (tmp_path / "000.png").write_bytes(b"damaged")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    (tmp_path / "dataset.yaml").write_text("name: drawn\ntask: phantom_ct\n")
    return tmp_path


def test_a_synthetic_task_is_drawn_without_any_folder():
    job, _ = ask()
    assert job.data.pixels.shape == (32, 160, 160)
    assert np.bincount(job.data.y_true).tolist() == [8, 8, 8, 8]
    assert job.manifest.slice_columns[0] == "lesion_size"
    assert "no patient" in job.manifest.licence


def test_series_to_train_on_are_not_those_of_the_teaching_cases():
    from core.phantoms import teaching_cases

    # The known miss is one of the stored run's test part, and test_teaching.py holds it to that.
    cases = [case for case in teaching_cases() if case.label and not case.known_miss]
    shown = {case.file_id.rsplit("_", 1)[0] for case in cases}
    assert len(shown) == 5
    drawn = drawn_manifest(load_task("phantom_ct"), n_series=1400).frame["file"]
    assert not shown & {file.rsplit("_", 1)[0] for file in drawn}


def test_a_folder_is_read_and_what_cannot_be_read_is_named(folder):
    job, notes = ask(data=folder)
    assert len(notes) == 1
    assert notes[0].startswith("Left out 000.png")
    assert len(job.data) == len(job.manifest) == 31
    assert set(np.unique(job.split.parts)) == {"train", "validation", "calibration", "test"}


def test_pictures_are_cut_by_their_masks_when_asked_and_the_limits_of_that_are_said(folder):
    table = (folder / "labels.csv").read_text().splitlines()
    rows = [table[0] + ",mask", *(line + ",mask.png" for line in table[1:])]
    (folder / "labels.csv").write_text("\n".join(rows))
    (folder / "dataset.yaml").write_text("task: phantom_ct\nmask_column: mask\n")
    whole, _ = ask(data=folder)
    picture = cv2.imread(str(folder / "001.png"))
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[20:-20, 30:-30] = 255
    cv2.imwrite(str(folder / "mask.png"), mask)
    cut, notes = ask(data=folder, changes={"cut": "box"})
    assert any("An upload has no mask" in note for note in notes)
    assert cut.config.cut == "box"
    assert cut.data.fingerprint != whole.data.fingerprint
    row = cut.data.file.tolist().index("001.png")
    expected = cut.recipe.apply(picture[20:-20, 30:-30]).pixels[:, :, 1]
    assert np.array_equal(cut.data.pixels[row], expected)
    with pytest.raises(TrainingError, match="cut"):
        ask(data=folder, changes={"cut": "round"})


def test_no_group_is_in_two_parts_or_two_folds(folder):
    job, _ = ask(data=folder, n_folds=2)
    groups = job.data.group.tolist()
    assert len(set(zip(groups, job.split.parts.tolist(), strict=True))) == len(set(groups))
    assert len(set(zip(groups, job.folds.tolist(), strict=True))) == len(set(groups))


def test_the_limit_is_spread_over_the_classes():
    job, _ = ask(limit=18)
    assert np.bincount(job.data.y_true).tolist() == [5, 5, 4, 4]


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_no_more_than_the_limit_is_taken(limit, folder):
    manifest = open_manifest(folder, load_task("phantom_ct"))
    assert len(limited(manifest, limit)) == limit


def test_a_version_that_exists_is_refused_before_anything_is_read(tmp_path, use_settings):
    (tmp_path / "phantom_ct" / "v1").mkdir(parents=True)
    use_settings(models=tmp_path)
    with pytest.raises(TrainingError, match="exists already"):
        ask(version="v1")


NAMES = ["../evil", "bad name", "a" * 80, "", ".hidden", "v1\n", "compared", "Champion", "audits"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_version_can_have_is_refused_before_anything_is_read(name, monkeypatch):
    monkeypatch.setattr("core.workflows.training.drawn_manifest", None)  # nothing may be drawn
    with pytest.raises(TrainingError, match=r"cannot name a model version.*--version"):
        ask(version=name)


def test_without_a_name_the_version_is_called_by_architecture_and_time():
    assert ask()[0].version.startswith("mobilenet_small-20")


def test_a_task_without_pictures_says_where_to_put_them(use_settings):
    use_settings(data_root=None)
    with pytest.raises(TrainingError, match=r"--data.*SECOND_LOOK_DATA_ROOT.*kidney_ct"):
        ask(task="kidney_ct", architecture="mobilenet")


def rows_of(folder, keep):
    """Leave only some rows in the table of the folder."""
    header, *rows = (folder / "labels.csv").read_text().splitlines()
    kept = [row for row in rows if keep(row)]
    (folder / "labels.csv").write_text("\n".join([header, *kept]))


def test_pictures_of_one_class_are_refused_before_any_is_read(folder, monkeypatch):
    rows_of(folder, lambda row: ",stone," in row)
    monkeypatch.setattr("core.workflows.training.load_pixels", None)
    with pytest.raises(TrainingError, match=r"All 8 pictures are of one class, stone.*normal"):
        ask(data=folder)


def test_pictures_of_one_class_that_can_be_read_are_refused_too(folder):
    rows_of(folder, lambda row: ",stone," in row or row.startswith("000.png"))
    with pytest.raises(TrainingError, match="All 8 pictures are of one class, stone"):
        ask(data=folder)


def test_classes_without_a_picture_are_told(folder):
    rows_of(folder, lambda row: ",stone," in row or ",normal," in row)
    _, notes = ask(data=folder)
    assert [note for note in notes if note.startswith("No picture of: cyst, tumor.")]


def test_a_class_that_does_not_reach_every_part_is_told(folder):
    """Of stones one series is left, two pictures: no part but one can hold them."""
    rows_of(folder, lambda row: ",stone," not in row or row.endswith(",1"))
    job, notes = ask(data=folder)
    (told,) = (note for note in notes if note.startswith("No picture of stone is in:"))
    assert "Its 2 pictures are of 1 series group; four are needed for all parts." in told
    held = set(job.split.parts[job.manifest.frame["label"].to_numpy() == "stone"])
    lacking = told.split(": ", 1)[1].split(".", 1)[0].split(", ")
    assert held | set(lacking) == {"train", "validation", "calibration", "test"}
    assert not held & set(lacking)


def test_too_few_pictures_for_the_gate_are_refused_before_the_fit(folder):
    rows_of(folder, lambda row: int(row[:3]) % 2 and (",stone," in row or ",normal," in row))
    with pytest.raises(TrainingError, match="gate"):
        ask(data=folder)


def test_too_few_groups_are_refused_with_the_number():
    with pytest.raises(TrainingError, match="there are too few") as refusal:
        ask(limit=8)
    assert refusal.value.remedy.endswith("has the most, 2.")


def test_settings_of_steps_are_told_to_say_nothing_where_the_head_is_solved():
    solved = {"strategy": "head", "head_solver": "lbfgs", "label_smoothing": 0}
    _, notes = ask(changes={**solved, "epochs": 3, "learning_rate": 0.1})
    assert "epochs, learning_rate have no effect" in notes[0]
    assert not ask(changes=solved)[1]


def test_frozen_layers_that_are_random_are_told():
    def told(**changes):
        _, notes = ask(architecture="mobilenet", changes={"weights": "none", **changes})
        return [note for note in notes if "those that are frozen stay so" in note]

    assert told() and told(strategy="head")
    assert not told(strategy="all")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"task": "knee"}, TaskError),
        ({"architecture": "vgg99"}, TrainingError),
        ({"changes": {"impetus": 1}}, TrainingError),
        ({"n_folds": 30}, DatasetError),
    ],
)
def test_a_wrong_request_is_refused(changes, error):
    with pytest.raises(error):
        ask(**changes)


def test_preparing_imports_nothing_heavy():
    code = (
        "import sys, core.workflows.training;"
        "assert not {'keras', 'tensorflow', 'mlflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0
