"""DICOM bytes to a data set that holds the allow-listed tags and the pixels, and nothing else."""

from __future__ import annotations

import io
import zlib
from contextlib import AbstractContextManager
from typing import Any

import pydicom
from pydicom import Dataset, FileDataset, config
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset as read_elements
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN, incomplete, refusing, silence
from core.intake.limits import declared_bytes_limit
from core.intake.sniff import DICOM_PREFIX_AT
from core.intake.tags import ALLOWED

silence("pydicom")
# Lenient reading: a value that breaks its VR's rules is dropped by the allow-list instead, and a
# strict reader quotes it in a warning.
config.settings.reading_validation_mode = config.IGNORE

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_REQUIRED = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
)
_NEEDED = (
    "SOPClassUID", "DirectoryRecordSequence", "PlanarConfiguration", "HighBit",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelPresentation",
    "RedPaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData", "ModalityLUTSequence", "VOILUTSequence",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
_TAGS: list[BaseTag] = [Tag(keyword) for keyword in (*ALLOWED, *_REQUIRED, *_NEEDED, *_PIXELS)]
# What puts slices in order and keeps series apart; the UID is compared, never kept or shown.
_GEOMETRY = ("ImagePositionPatient", "InstanceNumber", "SeriesNumber", "SeriesInstanceUID")
_HEADER_TAGS: list[BaseTag] = [
    Tag(keyword) for keyword in (*ALLOWED, *_REQUIRED, *_NEEDED, *_GEOMETRY)
]
_UNREADABLE = "The DICOM file is damaged and cannot be read."


def refusing_dicom(
    problem: str = _UNREADABLE, *, remedy: str = EXPORT_AGAIN
) -> AbstractContextManager[None]:
    """Return :func:`refusing` that knows pydicom's own exceptions as well."""
    return refusing(problem, remedy=remedy, also=(BytesLengthException, InvalidDicomError))


def read_dataset(data: bytes) -> FileDataset:
    """Parse a DICOM file that holds one picture.

    Parameters
    ----------
    data : bytes
        Begins with a 128-byte preamble and "DICM".

    Returns
    -------
    FileDataset
        Of all elements only the allow-listed technical ones, those that say how the pixels are
        stored, and the pixels. Its ``file_meta`` names the transfer syntax.

    Raises
    ------
    IntakeError
        If it is truncated, nested beyond reason, a DICOMDIR, an object without a picture, or lacks
        a tag that decoding needs.
    """
    with refusing_dicom():
        _check_deflated(data)
        dataset = pydicom.dcmread(io.BytesIO(data), force=False, specific_tags=_TAGS)
        for part in (dataset.file_meta, dataset):
            _ = [part[tag] for tag in list(part.keys())]  # converted now, so that it fails here
        _check_has_picture(dataset)
        return dataset


def read_header(data: bytes) -> FileDataset:
    """Parse what stands before the pixels, for a file whose pixels may even be cut off.

    Raises
    ------
    IntakeError
        If the header is damaged.
    """
    with refusing_dicom():
        _check_deflated(data)
        dataset = pydicom.dcmread(
            io.BytesIO(data), force=False, stop_before_pixels=True, specific_tags=_HEADER_TAGS
        )
        for part in (dataset.file_meta, dataset):
            _ = [part[tag] for tag in list(part.keys())]
        return dataset


def other_object(dataset: FileDataset) -> str | None:
    """Return what an object without a picture is, by the standard's name; None for a picture.

    "" where nothing in it says what it is.
    """
    sop_class = _name(dataset.get("SOPClassUID"))
    stored_class = _name(dataset.file_meta.get("MediaStorageSOPClassUID"))
    if "DirectoryRecordSequence" in dataset or "Directory" in stored_class:
        return "DICOMDIR"
    if "Rows" in dataset or "Image Storage" in (sop_class or stored_class):
        return None
    return sop_class or stored_class


def _check_deflated(data: bytes) -> None:
    """Refuse a deflated data set that inflates beyond the limit, having inflated up to it only."""
    stream = io.BytesIO(data)
    stream.seek(DICOM_PREFIX_AT + 4)
    meta = read_elements(stream, False, True, stop_when=lambda tag, *_: tag.group != 2)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    inflater, limit = zlib.decompressobj(-zlib.MAX_WBITS), declared_bytes_limit() // 10
    inflater.decompress(stream.read(), limit)
    if inflater.unconsumed_tail:
        raise IntakeError(
            f"The deflated data set holds more than {limit // 2**20} MB.",
            remedy="Export the picture without the deflated transfer syntax.",
        )


def _check_has_picture(dataset: FileDataset) -> None:
    other = other_object(dataset)
    if other == "DICOMDIR":
        raise IntakeError(
            "The file is a DICOMDIR, an index of other files.",
            remedy="Upload the picture files it lists.",
        )
    if any(dataset.get(keyword) for keyword in _PIXELS):
        _check_required(dataset)
        return
    if other is None:
        raise incomplete()  # a picture was announced, and the file ends before it
    sop_class = _name(dataset.get("SOPClassUID"))
    if not sop_class:
        raise IntakeError("The DICOM header is incomplete.", remedy=EXPORT_AGAIN)
    raise IntakeError(
        f"This DICOM object has no image ({sop_class}).", remedy="Upload an image of the study."
    )


def _check_required(dataset: FileDataset) -> None:
    required: tuple[str, ...] = _REQUIRED
    if "PixelData" in dataset:
        required = (*_REQUIRED, "BitsStored", "PixelRepresentation")
    for keyword in required:
        if dataset.get(keyword) in (None, ""):
            raise IntakeError(
                f"The DICOM header is incomplete: {keyword} is missing.", remedy=EXPORT_AGAIN
            )
    if "TransferSyntaxUID" not in dataset.file_meta:
        raise IntakeError(
            "The DICOM header is incomplete: the transfer syntax is missing.", remedy=EXPORT_AGAIN
        )


def _name(uid: Any) -> str:
    """Return the standard's name of a UID, or "" (a private one says nothing, and might)."""
    if not uid:
        return ""
    name = UID(str(uid)).name
    return "" if name == str(uid) else name


def syntax_name(dataset: Dataset) -> str:
    """Return the standard's name of the transfer syntax."""
    return _name(dataset.file_meta.get("TransferSyntaxUID")) or "of the file (a private one)"
