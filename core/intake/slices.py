"""One file to its slices, by its header alone: what each says about its place, size and kind."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import PictureKind
from core.intake.limits import check_file_size
from core.intake.sniff import sniff
from core.intake.stack import Slice


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
        from core.intake.dicom_slices import look_at_dicom  # noqa: PLC0415 - pydicom where needed

        return look_at_dicom(name, data)
    from core.intake.raster import count_pages  # noqa: PLC0415 - plugins only where needed

    n_pages = count_pages(data, kind)
    frames = range(n_pages) if n_pages > 1 else (None,)
    return FileSlices(tuple(Slice(name, frame, kind) for frame in frames))
