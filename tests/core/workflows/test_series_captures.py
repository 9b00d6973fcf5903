"""The captures of a whole stack: where each slice lies, with its own map, recorded, unnamed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import numpy as np
import pydicom
import pytest

from core.errors import CancelledError, ReportError
from core.persistence.database import database
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.analyst import open_analyst
from core.workflows.case_reports import captures_of
from core.workflows.series import open_uploads
from core.workflows.series_answering import answer_slice, with_pictures
from core.workflows.series_captures import (
    capture_names,
    captures_job,
    made_captures,
    series_captures,
)
from core.workflows.series_reading import read_series
from core.workflows.series_report import laid_over, series_report
from tests.core.reporting.reports import MARKER_WORDS, STUDY, ct_slice
from tests.pages.looking import encoded
from tests.small_version import slices, write_small_version

GEOMETRY = (
    "Rows", "Columns", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient",
    "SliceThickness", "FrameOfReferenceUID",
)  # fmt: skip
N = 4


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture(autouse=True)
def _home(models, use_settings, tmp_path):
    use_settings(models=models, home=tmp_path / "home")


@pytest.fixture(scope="module")
def files():
    """Slices with a patient in them, the third refused and the fifth damaged; in shuffled files."""
    pictures = [*slices(N, (224, 224), seed=5)[..., 0]]
    pictures.insert(2, np.full((224, 224), 7, np.uint8))
    made = {
        f"ZZPHI{9 - place}.dcm": ct_slice(
            place, Rows=224, Columns=224, WindowCenter=128, WindowWidth=256, RescaleSlope=1,
            RescaleIntercept=0, RescaleType="HU", PixelData=pixels.astype(np.uint16).tobytes(),
            InstanceNumber=place + 1,
        )
        for place, pixels in enumerate(pictures)
    }  # fmt: skip
    made["ZZPHI5.dcm"] = made["ZZPHI5.dcm"][:-9000]
    return made


def reading_of(files):
    (stack,) = open_uploads(list(files.items()))
    return read_series(open_analyst("kidney_ct"), stack)


@pytest.fixture
def reading(files):
    return reading_of(files)


def unpacked(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            name: pydicom.dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()
        }


def test_every_readable_slice_is_captured_where_it_lies(reading, files):
    made = series_captures(reading, Watch())
    found = unpacked(made.take(who="A. Reader"))
    # The damaged one is left out and said; the numbers stay those of the slices.
    assert list(found) == [f"capture-{n:04d}.dcm" for n in (1, 2, 3, 4)]
    assert made.n_left_out == 1
    for n, capture in enumerate(found.values(), start=1):
        source = pydicom.dcmread(io.BytesIO(files[f"ZZPHI{10 - n}.dcm"]))
        assert [capture[k].value for k in GEOMETRY] == [source[k].value for k in GEOMETRY]
        (item,) = capture.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert (capture.StudyInstanceUID, capture.InstanceNumber) == (STUDY, n)
        assert capture.SeriesInstanceUID != source.SeriesInstanceUID
        assert capture.ContentQualification == "RESEARCH"
        assert "Research use" in capture.ImageComments
    assert len({capture.SeriesInstanceUID for capture in found.values()}) == 1
    assert len({capture.SOPInstanceUID for capture in found.values()}) == len(found)
    assert "outside intended use" in found["capture-0003.dcm"].ImageComments


def test_a_capture_shows_the_map_of_its_own_slice_without_running_the_network_again(
    reading, monkeypatch
):
    from core.inference.engine import Engine

    analyst = open_analyst("kidney_ct")
    expected = answer_slice(analyst, reading.stack, 1).answer
    monkeypatch.setattr(Engine, "run", lambda *_: pytest.fail("the network ran again"))
    found = unpacked(series_captures(reading, Watch()).data)
    again = with_pictures(analyst, reading.stack, reading.answers[1]).answer
    np.testing.assert_array_equal(again.image.pixels, expected.image.pixels)
    np.testing.assert_array_equal(again.seen.pixels, expected.seen.pixels)
    report = series_report(reading)
    shown = laid_over(reading, analyst, report.pictures[1], 1)
    title = load_task("kidney_ct").class_spec(expected.prediction.predicted).title
    assert shown.overlay_said.startswith((f"Map of {title}", "No map: no place"))
    pixels = shown.pixels if shown.overlay is None else shown.overlay
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    np.testing.assert_array_equal(found["capture-0002.dcm"].pixel_array[:180], rgb[:180])


def test_taking_them_is_a_row_and_making_them_is_none(reading):
    made = series_captures(reading, Watch())
    rows = "SELECT who, action, facts FROM audit"
    with database().reading() as connection:
        assert connection.exec_driver_sql(rows).fetchall() == []
    taken = made.take(who="A. Reader")
    with database().reading() as connection:
        ((who, action, facts),) = connection.exec_driver_sql(rows).fetchall()
    told = json.loads(facts) if isinstance(facts, str) else facts
    assert (who, action, told["form"]) == ("A. Reader", "report_exported", "sc")
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        digests = [hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()]
    assert told["files"] == digests
    assert (told["with_context"], told["version_digest"]) == (False, reading.key.version_digest)


def test_nobody_is_named_unless_a_file_of_the_series_is_presented(reading, files, tmp_path):
    made = series_captures(reading, Watch())
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
    assert [word for word in MARKER_WORDS if word in held] == []
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert [word for word in MARKER_WORDS if word in b"".join(kept)] == []
    report = made.report
    first, *_ = captures_of(report, source_file=files["ZZPHI8.dcm"])
    assert str(pydicom.dcmread(io.BytesIO(first)).PatientName) == "ZZPHI^TEST"
    with pytest.raises(ReportError, match="none of the case's pictures"):
        captures_of(report, source_file=ct_slice(77))


def test_the_work_tells_its_progress_is_stopped_and_leaves_what_it_made(reading):
    told = []
    watch = Watch(on_progress=lambda done, total: told.append((done, total)))
    made = captures_job(reading).work(watch)
    assert told == [(done, 10) for done in range(5)] + [(done, 8) for done in range(4, 9)]
    assert list(made.values()) == [True]
    assert made_captures(reading).report.case_id == series_report(reading).case_id
    watch.stop()
    with pytest.raises(CancelledError):
        series_captures(reading, watch)


def test_pictures_without_tags_are_captured_with_the_pictures_they_were_made_of():
    drawn = slices(2, (224, 224), seed=5)[..., 0]
    reading = reading_of({f"{k}.png": encoded(pixels) for k, pixels in enumerate(drawn)})
    made = series_captures(reading, Watch())
    found = unpacked(made.data)
    assert list(found) == capture_names(made.report)
    plain, laid = found["picture-0001.dcm"], found["capture-0001.dcm"]
    np.testing.assert_array_equal(plain.pixel_array, drawn[0])
    assert laid.SourceImageSequence[0].ReferencedSOPInstanceUID == plain.SOPInstanceUID
    assert plain.StudyInstanceUID == laid.StudyInstanceUID


def test_a_series_that_names_no_instance_has_no_captures(files):
    nameless = ct_slice(0, Rows=224, Columns=224, PixelData=bytes(224 * 224 * 2), SOPInstanceUID="")
    reading = reading_of({"a.dcm": nameless, **files})
    with pytest.raises(ReportError, match="does not say which study"):
        series_captures(reading, Watch())


def test_where_nothing_could_be_read_there_is_nothing_to_capture(files):
    reading = reading_of({"a.dcm": files["ZZPHI5.dcm"]})
    with pytest.raises(ReportError, match="No picture of the case could be read"):
        series_captures(reading, Watch())
