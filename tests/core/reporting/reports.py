"""Reports for the tests: of a DICOM slice, of a raster picture, of a stack; and hostile words."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from core.domain import GateVerdict, Prediction, Status
from core.intake.dicom_source import read_source
from core.reporting.case_report import CaseReport, ModelFacts, PictureReport, Read, SeriesAnswer
from core.tasks import load_tasks

MARKER = "ZZPHI^TEST"
MARKER_WORDS = (b"ZZPHI", b"ZZMRN", b"ZZACC", b"ZZREF", b"ZZINST", b"ZZDESC", b"19010203")
STUDY, SERIES, FRAME_OF_REFERENCE = "1.2.826.0.1.1", "1.2.826.0.1.1.2", "1.2.826.0.1.1.3"
CT = "1.2.840.10008.5.1.4.1.1.2"
ROWS, COLUMNS = 200, 256
# an oblique plane: no axis of the patient lies along a row
COSINES = (0.96, 0.28, 0.0, -0.168, 0.576, -0.8)
SPACING = (0.703125, 0.68359375)
AT = datetime(2026, 11, 21, 8, 30, 0, tzinfo=UTC)


def ct_slice(place: int = 0, **changes: object) -> bytes:
    """Return a CT slice with a patient, an institution and free texts that must not travel."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT
    meta.MediaStorageSOPInstanceUID = f"{SERIES}.{place + 1}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    values = {
        "SOPClassUID": CT,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "FrameOfReferenceUID": FRAME_OF_REFERENCE,
        "PatientName": MARKER,
        "PatientID": "ZZMRN",
        "PatientBirthDate": "19010203",
        "PatientSex": "F",
        "StudyDate": "20260102",
        "StudyTime": "101500",
        "StudyID": "ZZST",
        "AccessionNumber": "ZZACC",
        "ReferringPhysicianName": "ZZREF^DOC",
        "InstitutionName": "ZZINST",
        "StudyDescription": "ZZDESC",
        "SeriesDescription": "ZZDESC",
        "PatientComments": "ZZDESC",
        "OperatorsName": "ZZINST",
        "Modality": "CT",
        "BurnedInAnnotation": "NO",
        "PixelSpacing": list(SPACING),
        "SliceThickness": 2.5,
        "ImageOrientationPatient": list(COSINES),
        "ImagePositionPatient": [-120.5, -90.25, 30 + 2.5 * place],
        "Rows": ROWS,
        "Columns": COLUMNS,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": np.zeros((ROWS, COLUMNS), np.uint16).tobytes(),
    }
    for keyword, value in (values | changes).items():
        setattr(dataset, keyword, value)
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def disc(place: int = 0) -> np.ndarray:
    """Return a grey picture with a disc that is not in the middle."""
    down, across = np.mgrid[0:ROWS, 0:COLUMNS]
    inside = (down - 70) ** 2 + (across - 90 - 4 * place) ** 2 < 40**2
    return (40 + 120 * inside + (down + across) % 31).astype(np.uint8)


def laid_over(pixels: np.ndarray) -> np.ndarray:
    grey = np.repeat(pixels[:, :, None], 3, axis=2).astype(float)
    grey[40:100, 60:120] = 0.5 * grey[40:100, 60:120] + 0.5 * np.array([250, 140, 20])
    return grey.astype(np.uint8)


def predicted(stone: float = 0.72) -> Prediction:
    rest = (1 - stone) / 3
    shares = {"cyst": rest, "normal": rest, "stone": stone, "tumor": rest}
    return Prediction(
        probabilities=shares,
        predicted=max(shares, key=lambda name: shares[name]),
        flagged=("stone",) if stone >= 0.23 else (),
        thresholds={"stone": 0.23},
    )


MODEL = ModelFacts(
    title="Kidney CT, MobileNet",
    version="2026.11-a",
    digest="ab" * 32,
    architecture="mobilenet",
    calibrator="Temperature 1.31, fitted on 1,200 pictures that were not trained on.",
    operating_point="Signed by R. Rao: stone, sensitivity 0.95 asked.",
    training_data="kidney_ct: 9,000 pictures of 120 series, split by series.",
    intended_use="Abdominal CT of adults.",
    thresholds={"stone": 0.23},
    known_failures=("Small tumours are called normal.",),
    limits=("Not for children.",),
)

READS = (
    Read("R. Rao", AT, "stone", 0.8, "Upper pole, 6 mm.", "first read, before the AI was shown"),
    Read("B. Okafor", AT, None, None, "Motion.", "second read, blind"),
)


def picture(place: int = 0, *, source: bytes | None = None, stone: float = 0.72) -> PictureReport:
    pixels = disc(place)
    return PictureReport(
        pixels=pixels,
        overlay=laid_over(pixels),
        overlay_said="Map of stone, one pass, layer conv_pw_13_relu",
        sha256=f"{place:02x}" * 32,
        status=Status.OK,
        prediction=predicted(stone),
        gate=GateVerdict(inside=True, distance=0.41, threshold=0.9),
        edges=("R", "A"),
        source=read_source(source) if source else None,
    )


def refused(place: int = 0, *, source: bytes | None = None) -> PictureReport:
    return replace(
        picture(place, source=source),
        overlay=None,
        overlay_said="No map: no answer",
        status=Status.REFUSED,
        reason="The picture looks like a chest film.",
        prediction=None,
        gate=GateVerdict(inside=False, distance=1.7, threshold=0.9),
    )


def raster_case(**changes: object) -> CaseReport:
    values: dict[str, object] = {
        "case_id": "K-0042",
        "task": load_tasks()["kidney_ct"],
        "model": MODEL,
        "pictures": (picture(),),
        "made_at": AT,
        "reads": READS,
        "verdict": READS[0],
        "study_date": "2026-01-02",
    }
    return CaseReport(**(values | changes))


def dicom_case(**changes: object) -> CaseReport:
    return raster_case(**({"pictures": (picture(source=ct_slice()),)} | changes))


def series_case(n: int = 5, **changes: object) -> CaseReport:
    """Return a stack whose fourth slice has the strongest stone, and whose second was refused."""
    strengths = [0.1, 0.2, 0.3, 0.9, *([0.15] * n)][:n]
    pictures = [
        picture(place, source=ct_slice(place), stone=stone) for place, stone in enumerate(strengths)
    ]
    pictures[1] = refused(1, source=ct_slice(1))
    answer = SeriesAnswer(
        rule="The largest probability of each finding over the slices.",
        prediction=predicted(0.9),
        strongest={"stone": min(3, n - 1), "cyst": 0, "normal": 0, "tumor": 0},
    )
    return raster_case(**({"pictures": tuple(pictures), "series": answer} | changes))
