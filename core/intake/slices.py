"""One file to its slices, by its header alone: what each says about its place, size and kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom import Dataset, FileDataset

from core.config import settings
from core.domain import PictureKind
from core.errors import IntakeError
from core.intake.dicom_file import other_object, read_header, refusing_dicom
from core.intake.dicom_frame import count_frames, flatten
from core.intake.failures import EXPORT_AGAIN
from core.intake.geometry import cosines, point
from core.intake.limits import check_file_size
from core.intake.raster import count_pages
from core.intake.sniff import sniff
from core.intake.stack import Slice
from core.intake.tags import code, numbers


@dataclass(frozen=True, slots=True)
class FileSlices:
    """The slices of one file.

    Attributes
    ----------
    slices : tuple of Slice
        Empty where the file is no picture.
    series : str
        What keeps series apart: compared while a listing is read, then forgotten.
    series_number : int or None
    other : str or None
        What the file is, where it is no picture.
    """

    slices: tuple[Slice, ...] = ()
    series: str = ""
    series_number: int | None = None
    other: str | None = None


def look_at(name: str, data: bytes) -> FileSlices:
    """Read the header of a file.

    Parameters
    ----------
    name : str
        Carried by the slices; never looked at.
    data : bytes

    Raises
    ------
    IntakeError
        If the bytes are none of the kinds that are read, or their header is damaged.
    """
    check_file_size(len(data))
    kind = sniff(data)
    if kind is PictureKind.DICOM:
        return _look_at_dicom(name, read_header(data))
    n_pages = count_pages(data, kind)
    frames = range(n_pages) if n_pages > 1 else (None,)
    return FileSlices(tuple(Slice(name, frame, kind) for frame in frames))


def _look_at_dicom(name: str, dataset: FileDataset) -> FileSlices:
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
