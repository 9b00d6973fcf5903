"""``report``, held against its contract: any of the four forms, all or nothing, every one a row."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from contextlib import closing

import highdicom
import numpy as np
import pydicom
import pypdfium2
import pytest
from PIL import Image

from core.config import settings
from core.workflows import case_reports
from core.workflows.cases import history
from core.workflows.verdicts import Verdict, record_consensus, record_verdict
from tests.core.reporting.reports import MARKER_WORDS, SERIES, STUDY, ct_slice


@pytest.fixture
def home(tmp_path, use_settings, core_json):
    folder = tmp_path / "home"
    use_settings(home=folder)
    return folder


@pytest.fixture
def add(home, core_json):
    def one(path, *words):
        (item,) = core_json("cases", "add", "--task", "kidney_ct", path, *words).document
        return item["case_id"]

    return one


@pytest.fixture
def raster(add, pictures):
    return add(pictures["first"])


@pytest.fixture
def dicom(tmp_path, pictures):
    """Return a CT file with a patient in it, of pixels that the small version answers."""
    pixels = np.asarray(Image.open(pictures["first"])).astype(np.uint16)
    path = tmp_path / "in.dcm"
    rows, columns = pixels.shape
    tags = {"WindowCenter": 128, "WindowWidth": 256, "RescaleSlope": 1, "RescaleIntercept": 0}
    tags |= {"RescaleType": "HU", "PixelData": pixels.tobytes()}
    path.write_bytes(ct_slice(Rows=rows, Columns=columns, **tags))
    return path


def outs(folder):
    return {form: folder / f"out.{form}" for form in ("pdf", "sr", "sc", "csv")}


def words(named):
    return [word for form, path in named.items() for word in (f"--{form}", path)]


def text_of(path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        found = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(found.split())


def said(case_id, reader, verdict, key):
    return record_verdict(Verdict(case_id, reader, verdict, key, comment=f"{reader} looked"))


def row_of(path):
    lines = [line for line in path.read_text("utf-8-sig").splitlines() if line[:1] != "#"]
    return next(csv.DictReader(io.StringIO("\n".join(lines))))


def test_a_picture_leaves_in_four_forms_and_each_is_a_row(raster, core_json, tmp_path):
    said(raster, "A. Reader", "stone", "k1")
    named = outs(tmp_path)
    done = core_json("report", raster, *words(named), "--by", "B. Sender")
    assert done.code == 0
    assert (done.document["case_id"], done.document["status"]) == (raster, "ok")
    written = {item["path"]: item for item in done.document["files"]}
    beside = tmp_path / "out-picture.sc"  # the picture that the capture was made of
    assert {*map(str, named.values()), str(beside)} == set(written)
    for path, item in written.items():
        with open(path, "rb") as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == item["sha256"]
    rows = [row for row in history(raster) if row.action == "report_exported"]
    assert [(row.who, row.facts["form"]) for row in rows] == [
        ("B. Sender", form) for form in ("pdf", "sr", "sc", "csv")
    ]
    told = {digest for row in rows for digest in row.facts["files"]}
    assert told == {item["sha256"] for item in written.values()}
    assert core_json("audit", "verify").document["ok"]
    text = text_of(named["pdf"])
    digest = core_json("cases", "show", raster).document["answers"][0]["version_digest"]
    assert digest in text
    assert "Map of" in text
    assert "A. Reader looked" in text
    assert row_of(named["csv"])["verdict"] == "Stone"
    assert row_of(named["csv"])["version_digest"] == digest
    report = highdicom.sr.srread(named["sr"])
    capture, plain = pydicom.dcmread(named["sc"]), pydicom.dcmread(beside)
    (item,) = report.CurrentRequestedProcedureEvidenceSequence
    assert item.StudyInstanceUID == capture.StudyInstanceUID
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == plain.SOPInstanceUID


@pytest.mark.parametrize("form", ["pdf", "sr", "sc", "csv"])
def test_each_form_alone(raster, core_json, tmp_path, form):
    done = core_json("report", raster, f"--{form}", tmp_path / "out")
    assert done.code == 0
    assert {item["form"] for item in done.document["files"]} == {form}
    assert (tmp_path / "out").stat().st_size > 100


def test_a_dicom_case_goes_into_its_study_and_names_nobody_unasked(
    add, dicom, core_json, home, tmp_path
):
    case_id, named = add(dicom), outs(tmp_path)
    done = core_json("report", case_id, *words(named))
    assert (done.code, done.document["status"]) == (0, "ok")
    assert "UserWarning" not in done.errors
    for form in ("sr", "sc"):
        made = pydicom.dcmread(named[form])
        assert (made.StudyInstanceUID, made.PatientName) == (STUDY, "")
        assert made.SeriesInstanceUID != SERIES
    capture = pydicom.dcmread(named["sc"])
    source = pydicom.dcmread(dicom)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        assert capture[name].value == source[name].value
    assert not (tmp_path / "out-picture.sc").exists()
    assert STUDY not in text_of(named["pdf"])
    assert STUDY.encode() not in named["csv"].read_bytes()
    core_json("report", case_id, "--pdf", named["pdf"], "--context")
    assert STUDY in text_of(named["pdf"])
    assert history(case_id)[-1].facts["with_context"] is True
    named_files = [home, *named.values()]
    for path in [item for top in named_files for item in (top, *top.rglob("*")) if item.is_file()]:
        assert [word for word in MARKER_WORDS if word in path.read_bytes()] == []


def test_the_patient_comes_from_the_file_that_is_presented(add, dicom, core_json, tmp_path):
    case_id, out = add(dicom), tmp_path / "out.dcm"
    assert core_json("report", case_id, "--sr", out, "--source", dicom).code == 0
    assert str(pydicom.dcmread(out).PatientName) == "ZZPHI^TEST"
    other = tmp_path / "other.dcm"
    other.write_bytes(ct_slice(3))
    kept = out.read_bytes()
    refused = core_json("report", case_id, "--sr", out, "--source", other)
    assert (refused.code, out.read_bytes()) == (2, kept)
    assert "none of the case's pictures" in refused.document["error"]


def test_a_source_of_a_raster_case_is_refused_and_no_row_says_otherwise(
    raster, dicom, core_json, tmp_path
):
    refused = core_json("report", raster, "--sr", tmp_path / "out.dcm", "--source", dicom)
    assert (refused.code, list(tmp_path.glob("*out*"))) == (2, [])
    assert "none of the case's pictures" in refused.document["error"]
    assert "report_exported" not in {row.action for row in history(raster)}


def test_no_file_is_written_over_that_the_call_reads_or_writes(
    raster, dicom, scan, core_json, tmp_path
):
    kept = dicom.read_bytes()
    refused = core_json("report", raster, "--sr", dicom, "--source", dicom)
    assert (refused.code, dicom.read_bytes()) == (2, kept)
    assert "would be written over" in refused.document["error"]
    task = ("--task", "kidney_ct", "--series", scan)
    slices = {path: path.read_bytes() for path in scan.iterdir()}
    assert core_json("report", *task, "--pdf", min(slices)).code == 2
    assert {path: path.read_bytes() for path in scan.iterdir()} == slices
    words = ["--sr", tmp_path / "out-picture.sc", "--sc", tmp_path / "out.sc"]
    assert core_json("report", raster, *words).code == 2  # the picture beside the capture
    assert list(tmp_path.glob("*out*")) == []


def test_uids_lie_in_one_table_and_are_shown_by_nothing(add, dicom, core_json, home, tmp_path):
    case_id = add(dicom)
    shown = json.dumps(core_json("cases", "show", case_id, "--context").document)
    core_json("audit", "replay", case_id, "--out", tmp_path / "replay")
    assert STUDY not in shown + (tmp_path / "replay" / "case.json").read_text()
    with closing(sqlite3.connect(home / "second_look.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")]
        tables = [name for name in names if name in ("case_source", "audit", "review_case")]
        holding = [
            name
            for name in sorted(tables)
            if STUDY in repr(connection.execute(f"SELECT * FROM {name}").fetchall())
        ]
        assert holding == ["case_source"]
        connection.execute("DROP TRIGGER case_source_no_update")
        connection.execute("UPDATE case_source SET source = replace(source, '1.2.826', '1.2.827')")
        connection.commit()
    found = core_json("audit", "verify")  # results would be filed in another patient's study
    assert (found.code, found.document["ok"]) == (1, False)


def test_a_case_of_an_older_home_learns_its_instance_from_the_file(
    add, dicom, core_json, monkeypatch, tmp_path
):
    with monkeypatch.context() as patch:
        patch.setattr("core.workflows.adding_cases.source_of", lambda data, image: None)
        case_id = add(dicom)
    named = outs(tmp_path)
    refused = core_json("report", case_id, *words(named))
    assert refused.code == 2
    assert "which instance that is, is not known" in refused.document["error"]
    assert not [path for path in named.values() if path.exists()]
    assert core_json("report", case_id, "--pdf", named["pdf"], "--csv", named["csv"]).code == 0
    assert add(dicom) == case_id
    assert core_json("report", case_id, *words(named)).code == 0
    assert pydicom.dcmread(named["sr"]).StudyInstanceUID == STUDY
    assert [row.action for row in history(case_id)].count("case_linked") == 1


def test_a_refused_picture_leaves_without_a_figure(add, pictures, core_json, tmp_path):
    case_id, named = add(pictures["blank"]), outs(tmp_path)
    done = core_json("report", case_id, *words(named))
    assert (done.code, done.document["status"]) == (0, "refused")
    text, row = text_of(named["pdf"]), row_of(named["csv"])
    assert "No answer: outside intended use." in text
    assert "No verdict has been recorded." in text
    assert "%" not in text
    assert [row[name] for name in ("status", "predicted", "p_stone", "verdict")] == [
        "refused", "", "", "",
    ]  # fmt: skip


def test_readers_who_differ_have_no_verdict_until_it_is_adjudicated(raster, core_json, tmp_path):
    said(raster, "A. Reader", "stone", "k1")
    said(raster, "B. Reader", "cyst", "k2")
    out = tmp_path / "out.csv"
    core_json("report", raster, "--csv", out)
    assert (row_of(out)["verdict"], row_of(out)["n_reads"]) == ("", "2")
    record_consensus(raster, "cyst", adjudicator="C. Head", comment="with the prior")
    core_json("report", raster, "--csv", out, "--pdf", tmp_path / "out.pdf")
    assert (row_of(out)["verdict"], row_of(out)["verdict_by"]) == ("Cyst", "C. Head")
    assert "Verdict: adjudicated consensus: Cyst" in text_of(tmp_path / "out.pdf")


def test_wrong_calls_are_sentences_and_write_nothing(raster, core_json, tmp_path):
    out = tmp_path / "out.pdf"
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    before = len(history(raster))
    for arguments in (
        ["nowhere", "--pdf", out],
        [raster],
        [raster, "--pdf", out, "--csv", out],
        [raster, "--pdf", tmp_path / "folder"],
        [raster, "--pdf", out, "--csv", tmp_path / "file" / "out.csv"],
        [raster, "--pdf", out, "--source", tmp_path / "missing.dcm"],
    ):
        called = core_json("report", *arguments)
        assert called.code == 2
        assert set(called.document) == {"error", "row", "column", "what_to_do"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "home"]
    assert len(history(raster)) == before


def test_what_is_not_recorded_does_not_leave(raster, core_json, tmp_path, monkeypatch):
    from core.errors import PersistenceError

    def full(*_, **__):
        raise PersistenceError("Not saved: the disk is full.", remedy="Make room.")

    monkeypatch.setattr(case_reports, "note_export", full)
    out = tmp_path / "out.csv"
    out.write_text("before")
    assert core_json("report", raster, "--csv", out).code == 2
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out.csv"]


def test_a_map_of_another_version_is_never_drawn(raster, core_json, tmp_path, use_settings):
    others = tmp_path / "models"
    shutil.copytree(settings().models / "kidney_ct" / "strict-1", others / "kidney_ct" / "strict-1")
    use_settings(models=others)
    gone = core_json("report", raster, "--pdf", tmp_path / "out.pdf")
    assert gone.code == 3
    assert "not installed any more" in gone.document["error"]
    assert not (tmp_path / "out.pdf").exists()
    assert core_json("report", raster, "--csv", tmp_path / "out.csv").code == 0


def test_captures_go_into_a_folder_that_is_there(raster, core_json, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    assert core_json("report", raster, "--sc", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == [f"{raster}-1.dcm", f"{raster}-2.dcm"]


def test_pages_get_bytes_and_the_chain_gets_the_row(raster, home):
    made = case_reports.case_pdf(raster, who="A. Reader")
    rows = case_reports.case_csv([raster], who="A. Reader")
    last, before = history(raster)[-1], history(raster)[-2]
    assert last.facts["files"] == [hashlib.sha256(rows).hexdigest()]
    assert before.facts["files"] == [hashlib.sha256(made).hexdigest()]
    assert {last.who, before.who} == {"A. Reader"}


@pytest.fixture
def scan(tmp_path, pictures):
    """Return a folder with a patient's series of three slices; the file names run backwards."""
    folder = tmp_path / "scan"
    folder.mkdir()
    pixels = np.asarray(Image.open(pictures["first"])).astype(np.uint16)
    rows, columns = pixels.shape
    tags = {"WindowCenter": 128, "WindowWidth": 256, "RescaleSlope": 1, "RescaleIntercept": 0}
    for place in range(3):
        moved = np.roll(pixels, 3 * place, axis=0).tobytes()
        data = ct_slice(
            place, Rows=rows, Columns=columns, RescaleType="HU", PixelData=moved, **tags
        )
        (folder / f"IM{9 - place}.dcm").write_bytes(data)
    return folder


def test_a_series_leaves_in_four_forms_beside_its_source(scan, home, core_json, tmp_path):
    named = outs(tmp_path) | {"sc": tmp_path / "captures"}
    call = ["report", "--series", scan, "--task", "kidney_ct", "--by", "B. Sender"]
    done = core_json(*call, *words(named))
    assert (done.code, done.document["status"]) == (0, "ok")
    assert "answered 3 of 3" in done.errors
    captures = sorted(named["sc"].iterdir())
    assert [path.name for path in captures] == [f"capture-000{n}.dcm" for n in (1, 2, 3)]
    for path, source in zip(captures, sorted(scan.iterdir(), reverse=True), strict=True):
        made, of = pydicom.dcmread(path), pydicom.dcmread(source)
        assert (made.StudyInstanceUID, made.PatientName) == (STUDY, "")
        assert made.ImagePositionPatient == of.ImagePositionPatient
        assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == of.SOPInstanceUID
    report = highdicom.sr.srread(named["sr"])
    (item,) = report.CurrentRequestedProcedureEvidenceSequence
    assert len(item.ReferencedSeriesSequence[0].ReferencedSOPSequence) == 3
    assert "Series report" in text_of(named["pdf"])
    assert STUDY not in text_of(named["pdf"])
    lines = named["csv"].read_text("utf-8-sig").splitlines()
    assert sum(line.startswith(done.document["case_id"]) for line in lines) == 4
    with closing(sqlite3.connect(home / "second_look.db")) as connection:
        rows = connection.execute("SELECT who, facts FROM audit ORDER BY sequence").fetchall()
    told = [(who, json.loads(facts)) for who, facts in rows]
    assert [(who, facts["form"]) for who, facts in told] == [
        ("B. Sender", form) for form in ("pdf", "sr", "sc", "csv")
    ]
    assert {facts["series"] for _, facts in told} == {done.document["case_id"]}
    digests = {digest for _, facts in told for digest in facts["files"]}
    assert digests == {item["sha256"] for item in done.document["files"]}
    everything = [path for top in (home, tmp_path / "captures") for path in top.rglob("*")]
    held = [path.read_bytes() for path in [*everything, *named.values()] if path.is_file()]
    assert [word for word in MARKER_WORDS if any(word in data for data in held)] == []


def test_a_series_names_its_patient_only_by_a_file_of_its_own(scan, home, core_json, tmp_path):
    call = ["report", "--series", scan, "--task", "kidney_ct", "--sc", tmp_path / "out"]
    assert core_json(*call, "--source", scan / "IM8.dcm").code == 0
    names = {str(pydicom.dcmread(path).PatientName) for path in (tmp_path / "out").iterdir()}
    assert names == {"ZZPHI^TEST"}
    other = tmp_path / "other.dcm"
    other.write_bytes(ct_slice(50))
    refused = core_json(*call[:-1], tmp_path / "none", "--source", other)
    assert refused.code == 2
    assert "none of the case's pictures" in refused.document["error"]
    assert not list(tmp_path.glob("none/*"))


def test_wrong_calls_of_a_series_are_sentences(scan, raster, core_json, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "out.pdf"
    for arguments, said in (
        (["--series", scan, "--pdf", out], "--task"),
        (["--series", scan, "--task", "kidney_ct"], "No form"),
        (["--series", scan, "--task", "kidney_ct", "--sc", tmp_path / "file"], "no folder"),
        ([raster, "--task", "kidney_ct", "--pdf", out], "without --series"),
        ([raster, raster, "--pdf", out], "2 cases"),
    ):
        called = core_json("report", *arguments)
        assert called.code == 2
        assert said in called.document["error"]
    assert not out.exists()
