"""The pixels of one DICOM frame as float32 values: decoded, rescaled, MONOCHROME1 inverted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileDataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from core.domain import FloatArray
from core.errors import IntakeError
from core.intake.channels import grey_if_equal
from core.intake.codestream import check_codestream, check_rle
from core.intake.dicom_file import refusing_dicom, syntax_name
from core.intake.failures import incomplete
from core.intake.tags import numbers

_CODESTREAMS = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes)


@dataclass(frozen=True, slots=True, eq=False)
class FramePixels:
    """One decoded frame.

    Attributes
    ----------
    values : ndarray of shape (rows, columns) or (rows, columns, 3), float32
        In the unit after the modality LUT; MONOCHROME1 is already inverted.
    top : float or None
        Largest value the samples can hold, where they are unsigned and not rescaled.
    mirrored_about : float or None
        For MONOCHROME1: each value became ``mirrored_about - value``.
    """

    values: FloatArray
    top: float | None
    mirrored_about: float | None = None


def frame_bytes(dataset: FileDataset) -> float:
    """Return the bytes of one frame that is not compressed (PS3.5 8.1.1; 1-bit is packed)."""
    n_pixels = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel)
    length = n_pixels * int(dataset.BitsAllocated) / 8
    is_subsampled = dataset.PhotometricInterpretation == "YBR_FULL_422"
    return length * 2 / 3 if is_subsampled else length


def is_encapsulated(dataset: FileDataset) -> bool:
    """Return whether the pixels are compressed."""
    uid = UID(str(dataset.file_meta.TransferSyntaxUID))
    return uid.is_transfer_syntax and uid.is_encapsulated


def read_pixels(dataset: FileDataset, facts: Dataset, frame: int, *, n_frames: int) -> FramePixels:
    """Decode one frame.

    Parameters
    ----------
    dataset : FileDataset
        With the pixels; its declared size has been checked.
    facts : Dataset
        The same, flattened for this frame.
    frame, n_frames : int
        Which one, zero-based, of how many.

    Raises
    ------
    IntakeError
        If the transfer syntax is not supported here (named), the pixel data are shorter than the
        header says, damaged, or of a photometric interpretation that is not read.
    """
    decoder = _decoder(dataset)
    if is_encapsulated(dataset):
        _check_compressed(dataset, frame, n_frames=n_frames)
    elif len(_raw(dataset)) < ceil(frame_bytes(dataset) * n_frames):
        raise incomplete()
    problem = f"The pixel data ({syntax_name(dataset)}) are damaged or cannot be decoded here."
    with (
        refusing_dicom(problem, remedy="Export it again, uncompressed."),
        np.errstate(all="ignore"),
    ):
        stored, properties = decoder.as_array(dataset, index=frame)
        return _finished(stored, str(properties["photometric_interpretation"]), dataset, facts)


def _raw(dataset: FileDataset) -> bytes:
    for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
        if keyword in dataset:
            return bytes(dataset[keyword].value or b"")
    return b""


def _decoder(dataset: FileDataset) -> Decoder:
    """Return the decoder of the transfer syntax, or refuse by name one that is not installed."""
    refusal = IntakeError(
        f"The transfer syntax {syntax_name(dataset)} is not supported on this server.",
        remedy="Export it again as JPEG 2000, RLE or uncompressed.",
    )
    try:
        decoder = get_decoder(UID(str(dataset.file_meta.TransferSyntaxUID)))
    except NotImplementedError:
        raise refusal from None
    if not decoder.is_available:
        raise refusal
    return decoder


def _check_compressed(dataset: FileDataset, frame: int, *, n_frames: int) -> None:
    """Check the compressed frame itself: its end, its size, and how much it would unpack to."""
    with refusing_dicom("The compressed frames cannot be found in the file."):
        encoded = get_frame(_raw(dataset), frame, number_of_frames=n_frames)
    uid = dataset.file_meta.TransferSyntaxUID
    if uid in _CODESTREAMS:
        check_codestream(encoded, rows=int(dataset.Rows), columns=int(dataset.Columns))
    elif uid == RLELossless:
        check_rle(encoded, n_expected=ceil(frame_bytes(dataset)))


def _finished(
    stored: NDArray[Any], photometric: str, dataset: FileDataset, facts: Dataset
) -> FramePixels:
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(stored, dataset)[..., :3]
        top = float(np.iinfo(colours.dtype).max)
        return FramePixels(grey_if_equal(colours).astype(np.float32), top)
    top = float(2 ** int(facts.get("BitsStored") or 32) - 1)
    if photometric == "RGB":
        return FramePixels(grey_if_equal(stored).astype(np.float32), top)
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or stored.ndim != 2:
        raise IntakeError(
            f"The photometric interpretation {photometric_name(photometric)} is not read.",
            remedy="Export the picture as MONOCHROME2 or RGB.",
        )
    values = np.asarray(apply_modality_lut(stored, facts), dtype=np.float32)
    is_plain = bool(stored.dtype.kind == "u" and np.array_equal(values, stored))
    about = None
    if photometric == "MONOCHROME1":  # PS3.3 C.7.6.3.1.2: the smallest value is white
        about = _mirror(stored, facts, values)
        values = np.float32(about) - values
    return FramePixels(values, top if is_plain else None, about)


def photometric_name(text: str) -> str:
    """Return a defined term as it is, anything else as "given" (it might be any text)."""
    known = ("YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
    return text if text in (*known, "HSV", "ARGB", "CMYK", "XYB") else "given"


def _mirror(stored: NDArray[Any], facts: Dataset, values: FloatArray) -> float:
    """Return what an inverted value is subtracted from: both ends of the stored range, rescaled.

    So an inverted picture has the values of its MONOCHROME2 twin, whatever it shows.
    """
    if facts.get("ModalityLUTSequence") or stored.dtype.kind == "f":
        return float(values.min()) + float(values.max())
    bits = int(facts.BitsStored)
    ends = -1.0 if stored.dtype.kind == "i" else 2.0**bits - 1
    slope, intercept = numbers(facts.get("RescaleSlope")), numbers(facts.get("RescaleIntercept"))
    if not slope or not intercept:
        return ends
    return slope[0] * ends + 2 * intercept[0]
