"""A DICOM file to its slices: the allow-listed facts that place each frame."""

from __future__ import annotations

from dataclasses import replace

from pydicom import Dataset

from core.config import settings
from core.domain import PictureKind
from core.errors import IntakeError
from core.intake.dicom_file import other_object, read_header, refusing_dicom
from core.intake.dicom_frame import count_frames, flatten
from core.intake.failures import EXPORT_AGAIN
from core.intake.geometry import cosines, point
from core.intake.slices import FileSlices
from core.intake.stack import Slice
from core.intake.tags import code, numbers


def look_at_dicom(name: str, data: bytes) -> FileSlices:
    """Read the header of a DICOM file; see :func:`core.intake.slices.look_at`.

    Raises
    ------
    IntakeError
        If the header is damaged or incomplete, or claims too many frames.
    """
    dataset = read_header(data)
    other = other_object(dataset)
    if other == "":
        raise IntakeError("The DICOM header is incomplete.", remedy=EXPORT_AGAIN)
    if other is not None:
        return FileSlices(other=other)
    with refusing_dicom():
        n_frames = count_frames(dataset)
        most = settings().max_series_files
        if n_frames > most:
            raise IntakeError(
                f"The object claims {n_frames} frames; at most {most} are read as a series.",
                remedy="Export the frames that matter, or raise SECOND_LOOK_MAX_SERIES_FILES.",
            )
        if n_frames == 1:
            slices = [_slice(name, flatten(dataset, 0))]
        else:
            slices = [
                replace(_slice(name, flatten(dataset, frame)), frame=frame)
                for frame in range(n_frames)
            ]
        series = str(dataset.get("SeriesInstanceUID") or "")
        return FileSlices(tuple(slices), series, _whole(dataset, "SeriesNumber"))


def _slice(name: str, facts: Dataset) -> Slice:
    spacing = numbers(facts.get("PixelSpacing"))
    is_spacing = len(spacing) == 2 and min(spacing) > 0
    return Slice(
        name=name,
        kind=PictureKind.DICOM,
        rows=_whole(facts, "Rows"),
        columns=_whole(facts, "Columns"),
        modality=code(facts.get("Modality")),
        position_mm=point(numbers(facts.get("ImagePositionPatient"))),
        orientation=cosines(numbers(facts.get("ImageOrientationPatient"))),
        spacing_mm=(spacing[0], spacing[1]) if is_spacing else None,
        instance_number=_whole(facts, "InstanceNumber"),
    )


def _whole(facts: Dataset, keyword: str) -> int | None:
    found = numbers(facts.get(keyword))
    return int(found[0]) if len(found) == 1 else None
