"""``predict --series``, held against its contract: files, a folder, a zip, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.tasks import load_task
from tests.core.commands.test_predict import KEYS
from tests.core.intake.stack_files import OTHER_SERIES, ct, zipped
from tests.small_version import slices

CLASSES = load_task("kidney_ct").class_names
N = 5


@pytest.fixture(scope="module")
def drawn():
    """Slices by name whose names run against their positions; the fourth position is left out."""
    pictures = slices(N, (224, 224), seed=5)[..., 0]
    heights = (0, 5, 10, 20, 25)
    return {
        f"IM{N - k}.dcm": ct(pixels, at=(0, 0, height), number=k + 1)
        for k, (pixels, height) in enumerate(zip(pictures, heights, strict=True))
    }


@pytest.fixture
def scan(tmp_path, drawn):
    """Return a folder with the slices, beside a zip of it."""
    folder = tmp_path / "scan"
    folder.mkdir()
    for name, data in drawn.items():
        (folder / name).write_bytes(data)
    (tmp_path / "scan.zip").write_bytes(zipped(drawn))
    return folder


@pytest.fixture
def predict(core_json):
    """Return a function that asks for the series among some files."""

    def call(*files, options=()):
        return core_json("predict", "--task", "kidney_ct", "--series", *options, *files)

    return call


def test_slices_stand_in_order_with_every_key_and_the_series(predict, scan):
    called = predict(*sorted(scan.iterdir()))
    assert called.code == 0
    names = [str(scan / f"IM{k}.dcm") for k in range(N, 0, -1)]
    assert [item["file"] for item in called.document] == names
    assert all(item.keys() >= KEYS | {"series"} for item in called.document)
    series = called.document[0]["series"]
    assert all(item["series"] == series for item in called.document)
    assert (series["n"], series["n_answered"], series["rule"]) == (N, N, "mean")
    assert series["notes"] == [
        "By the usual distance of 5 mm, 1 slice is missing: 1 after slice 3."
    ]
    assert (series["slice_distance_mm"], series["pixel_spacing_mm"]) == (5, [0.8, 0.7])
    assert series["edges"] == {"left": "R", "top": "A"}
    assert series["ends"] == {"first": "F", "last": "H"}


def test_the_series_is_the_mean_of_its_slices_and_names_the_strongest(predict, scan):
    document = predict(scan).document
    series = document[0]["series"]
    table = np.array([[item["probabilities"][name] for name in CLASSES] for item in document])
    assert tuple(series["probabilities"]) == CLASSES
    assert list(series["probabilities"].values()) == pytest.approx(table.mean(axis=0), abs=1e-9)
    assert series["predicted"] == CLASSES[int(table.mean(axis=0).argmax())]
    assert series["strongest"] == {
        name: document[int(table[:, k].argmax())]["file"] for k, name in enumerate(CLASSES)
    }


def test_a_folder_and_a_zip_answer_as_their_files_do(predict, scan):
    files, folder, archive = predict(*scan.iterdir()), predict(scan), predict(f"{scan}.zip")
    assert files.document == folder.document
    assert [item["file"] for item in archive.document] == [f"IM{k}.dcm" for k in range(N, 0, -1)]
    assert (
        archive.document[0]["series"]["probabilities"]
        == (folder.document[0]["series"]["probabilities"])
    )


def test_one_slice_that_cannot_be_read_or_is_refused_stops_nothing(predict, scan):
    whole = (scan / "IM1.dcm").read_bytes()
    (scan / "IM1.dcm").write_bytes(whole[:-9000])
    blank = ct(np.full((224, 224), 7), at=(0, 0, 30), number=6)
    (scan / "IM0.dcm").write_bytes(blank)
    called = predict(scan)
    assert called.code == 0
    assert [item["status"] for item in called.document] == ["ok"] * 4 + ["error", "refused"]
    series = called.document[0]["series"]
    assert (series["n_answered"], series["n_refused"], series["n_errors"]) == (4, 1, 1)


def test_where_nothing_is_answered_the_series_has_no_figures(predict, scan):
    series = predict(scan, options=("--version", "strict-1")).document[0]["series"]
    assert (series["n"], series["n_refused"]) == (N, N)
    assert series["predicted"] is series["probabilities"] is series["first"] is None
    assert series["strongest"] == {}


def test_of_two_series_one_must_be_chosen(predict, scan):
    for k, pixels in enumerate(slices(2, (224, 224), seed=9)[..., 0]):
        (scan / f"other{k}.dcm").write_bytes(ct(pixels, at=(0, 0, k), series=OTHER_SERIES))
    called = predict(scan)
    assert called.code == 2
    assert "2 series" in called.document["error"]
    assert "1 to 2" in called.document["what_to_do"]
    found = [len(predict(scan, options=("--choose", k)).document) for k in (1, 2)]
    assert found == [N, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("outside", {"../IM1.dcm": b"x"}),
        ("bomb", {"IM1.dcm": bytes(9 * 2**20)}),
        ("nothing", {}),
        ("text", {"a.txt": b"hello"}),
    ],
)
def test_a_zip_that_is_refused_is_answered_with_code_2(predict, tmp_path, name, content):
    path = tmp_path / f"{name}.zip"
    path.write_bytes(zipped(content))
    called = predict(path)
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
    assert called.document["what_to_do"]


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--series", "--frame", "0"], "--frame"), (["--choose", "1"], "without --series")],
)
def test_options_that_do_not_fit_are_a_wrong_call(core_json, scan, options, said):
    called = core_json("predict", "--task", "kidney_ct", *options, scan)
    assert called.code == 2
    assert said in called.document["error"]


def test_without_json_the_series_is_told_in_words(predict, scan, capfd):
    predict(scan)
    assert main(["predict", "--task", "kidney_ct", "--series", str(scan)]) == 0
    told = capfd.readouterr().out
    assert "series: CT, axial, 5 slices of 224 x 224" in told
    assert "R at the left edge, A at the top" in told
    assert "5 of 5 slices answered, 0 refused, 0 could not be read" in told
    assert "by the mean of the slices" in told


def test_nothing_of_a_file_name_or_patient_reaches_the_log(predict, tmp_path, drawn):
    from core.logs import log_file

    planted = {f"PLANTED_MARK/{name}": data for name, data in drawn.items()}
    path = tmp_path / "PLANTED_MARK.zip"
    path.write_bytes(zipped(planted | {"PLANTED_MARK/broken.dcm": b"x"}))
    called = predict(path)
    assert called.code == 0
    assert "PLANTED" not in called.errors
    assert "PLANTED" not in log_file().read_text()


@pytest.mark.needs_data
def test_neighbouring_slices_of_a_kidney_series_are_one_stack(predict, data_root, tmp_path):
    table = (data_root / "kidney_ct/labels.csv").read_text().splitlines()
    columns = table[0].split(",")
    rows = [dict(zip(columns, line.split(","), strict=False)) for line in table[1:]]
    group = rows[0]["group"]
    files = [data_root / "kidney_ct" / row["file"] for row in rows if row["group"] == group][:6]
    for k, file in enumerate(files):
        Image.open(file).save(tmp_path / f"slice{k + 7}.png")
    called = predict(tmp_path, options=("--already-applied", "resize_lanczos_224,clahe_lab_4_8x8"))
    assert [item["file"] for item in called.document] == [
        str(tmp_path / f"slice{k + 7}.png") for k in range(len(files))
    ]
    assert called.document[0]["series"]["ordered_by"] == "file name"
    assert json.dumps(called.document[0]["series"]["notes"]).count("state no position") == 1
