"""Which DICOM instance a picture is: identifiers and geometry, so that results can lie beside it.

A second, narrow reading of the same bytes: the technical allow-list keeps no identifier, and this
one keeps nothing else. A value that has not the form of its kind is not taken.
"""

from __future__ import annotations

import io
import re
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.tag import Tag

from core.domain import SourceInstance
from core.errors import IntakeError
from core.intake.dicom_file import refusing_dicom
from core.intake.dicom_frame import count_frames, flatten
from core.intake.failures import EXPORT_AGAIN
from core.intake.tags import code, numbers

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_WANTED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "Rows", "Columns", "NumberOfFrames", "Modality", "Laterality",
    "ImageLaterality", "BurnedInAnnotation", "LossyImageCompression", "PixelSpacing",
    "ImagerPixelSpacing",
    "SliceThickness", "ImageOrientationPatient", "ImagePositionPatient", "PatientOrientation",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
_TAGS: list[Any] = [Tag(keyword) for keyword in _WANTED]


def read_source(data: bytes, *, frame: int = 0) -> SourceInstance:
    """Return the instance that the bytes are, and the geometry of one of its frames.

    Parameters
    ----------
    data : bytes
        A DICOM file that :func:`core.intake.read.read_picture` accepts.
    frame : int
        Zero-based.

    Raises
    ------
    IntakeError
        If it cannot be parsed, or lacks a UID that a result would have to name.
    """
    with refusing_dicom():
        dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, specific_tags=_TAGS)
    n_frames = count_frames(dataset)
    facts = flatten(dataset, frame)
    with refusing_dicom():
        return SourceInstance(
            study_instance_uid=_uid(facts, "StudyInstanceUID"),
            series_instance_uid=_uid(facts, "SeriesInstanceUID"),
            sop_instance_uid=_uid(facts, "SOPInstanceUID"),
            sop_class_uid=_uid(facts, "SOPClassUID"),
            rows=int(facts.Rows),
            columns=int(facts.Columns),
            frame_number=frame + 1 if n_frames > 1 else None,
            modality=code(facts.get("Modality")) or "",
            laterality=code(facts.get("ImageLaterality")) or code(facts.get("Laterality")) or "",
            burned_in=code(facts.get("BurnedInAnnotation")) or "",
            is_lossy=facts.get("LossyImageCompression") == "01",
            frame_of_reference_uid=_uid(facts, "FrameOfReferenceUID", needed=False) or None,
            pixel_spacing_mm=_pair(facts.get("PixelSpacing")),
            imager_pixel_spacing_mm=_pair(facts.get("ImagerPixelSpacing")),
            image_orientation=_exactly(6, facts.get("ImageOrientationPatient")),
            image_position_mm=_exactly(3, facts.get("ImagePositionPatient")),
            slice_thickness_mm=next(iter(numbers(facts.get("SliceThickness"))), None),
            patient_orientation=_letters(facts.get("PatientOrientation")),
        )


def _uid(facts: Dataset, keyword: str, *, needed: bool = True) -> str:
    value = str(facts.get(keyword) or "")
    if _UID.fullmatch(value) and len(value) <= 64:
        return value
    if needed:
        raise IntakeError(f"The DICOM header has no usable {keyword}.", remedy=EXPORT_AGAIN)
    return ""


def _exactly(n: int, value: Any) -> tuple[float, ...] | None:
    found = numbers(value)
    return found if len(found) == n else None


def _pair(value: Any) -> tuple[float, float] | None:
    found = numbers(value)
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def _letters(value: Any) -> tuple[str, str] | None:
    items = [] if value is None or isinstance(value, str) else [code(item) for item in value]
    return (items[0] or "", items[1] or "") if len(items) == 2 and all(items) else None
