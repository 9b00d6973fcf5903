"""The objects before a judge that is not ours: dciodvfy of David Clunie's dicom3tools."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.domain import Prediction, Status
from core.reporting.case_report import CaseReport, PictureReport, Read
from core.reporting.dicom_capture import render_captures
from core.reporting.dicom_sr import render_sr
from core.tasks import load_tasks
from tests.core.reporting.reports import (
    AT,
    MODEL,
    ct_slice,
    dicom_case,
    picture,
    raster_case,
    refused,
    series_case,
)

pytestmark = pytest.mark.needs_dciodvfy


def errors(data: bytes, folder: Path) -> list[str]:
    file = folder / "object.dcm"
    file.write_bytes(data)
    done = subprocess.run(
        ["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).splitlines()
    assert any(line in ("SCImage", "Comprehensive3DSR") for line in said), said
    return [line for line in said if line.startswith("Error")]


def private_class_case() -> CaseReport:
    """Return a case of a task whose classes have no standard code."""
    shares = {"sclerotic": 0.7, "non_sclerotic": 0.3}
    answer = Prediction(shares, "sclerotic", ("sclerotic",), {"sclerotic": 0.4})
    seen = PictureReport(
        pixels=picture().overlay,
        overlay=None,
        overlay_said="no positive evidence",
        sha256="0" * 64,
        status=Status.OK,
        prediction=answer,
    )
    task = load_tasks()["glomeruli"]
    model = replace(MODEL, thresholds={"sclerotic": 0.4})
    return raster_case(task=task, model=model, pictures=(seen,), reads=(), verdict=None)


def hostile_case() -> CaseReport:
    """Return a case whose readers wrote everything that a text field can be hurt with."""
    comment = "a\\b \x00\x1b$B \u202e <b>&amp;</b> =1+1 ^^^\r\n\t 左肾 حصاة " + "w" * 20_000
    read = Read("Rao^R\\O", AT, "stone", 0.5, comment, "first\nread")
    return dicom_case(reads=(read,), verdict=read, case_id="K\\42\n" + "x" * 200)


def series_with_gap() -> CaseReport:
    """Return a stack one slice of which nobody could read: no object may name it."""
    report = series_case()
    gone = PictureReport(
        pixels=np.zeros((64, 64), np.uint8),
        overlay=None,
        overlay_said="No map: this slice could not be read",
        sha256="",
        status=Status.ERROR,
        reason="The file is incomplete.",
        is_unread=True,
    )
    return replace(report, pictures=(*report.pictures[:4], gone))


CASES = {
    "hostile words": (hostile_case, None),
    "hostile words, raster": (lambda: replace(hostile_case(), pictures=(picture(),)), None),
    "raster": (raster_case, None),
    "raster, refused": (lambda: raster_case(pictures=(refused(),)), None),
    "colour, private codes": (private_class_case, None),
    "DICOM": (dicom_case, ct_slice),
    "DICOM, nobody named": (dicom_case, None),
    "series": (series_case, ct_slice),
    "series, one unread": (series_with_gap, ct_slice),
}


@pytest.mark.parametrize("name", CASES)
def test_the_objects_of_a_report_are_valid(name: str, tmp_path: Path):
    make, source = CASES[name]
    report, source_file = make(), source() if source else None
    for data in (
        render_sr(report, source_file=source_file),
        *render_captures(report, source_file=source_file),
    ):
        assert errors(data, tmp_path) == []


def test_the_judge_notices_what_is_missing(tmp_path: Path):
    whole = render_sr(dicom_case())
    assert errors(whole.replace(b"UNVERIFIED", b"UNKNOWN   "), tmp_path) != []
