"""What the bytes are, from the bytes alone: an allow-list, and names for what is refused."""

from __future__ import annotations

import re

from core.domain import PictureKind
from core.errors import IntakeError

DICOM_PREFIX_AT = 128  # PS3.10 7.1: a 128-byte preamble, then "DICM"

_KINDS: tuple[tuple[bytes, PictureKind], ...] = (
    (b"\x89PNG\r\n\x1a\n", PictureKind.PNG),
    (b"\xff\xd8\xff", PictureKind.JPEG),
    (b"II*\x00", PictureKind.TIFF),
    (b"MM\x00*", PictureKind.TIFF),
    (b"II+\x00", PictureKind.TIFF),  # BigTIFF
    (b"MM\x00+", PictureKind.TIFF),
)

_LOOK_ALIKES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript (EPS) document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\x00\x00\x00\x0cjP  ", "a bare JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a bare JPEG 2000 picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"8BPS", "a Photoshop document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a numpy array"),
    (b"SQLite format 3", "a database"),
    (b"NRRD", "an NRRD volume"),
    (b"{\\rtf", "a text document"),
)

# A DICOM data set without its preamble begins with the group 0002 or 0008.
_BARE_DICOM = re.compile(
    rb"[\x02\x08]\x00.\x00([A-Z][A-Z]|.\x00\x00\x00)|\x00[\x02\x08]\x00.[A-Z][A-Z]", re.DOTALL
)
_WANTED = "Upload a PNG, JPEG, TIFF, BMP or DICOM file."


def sniff(data: bytes) -> PictureKind:
    r"""Return what kind of picture ``data`` is.

    Raises
    ------
    IntakeError
        If the file is empty or is none of the kinds that are read; the message says what it looks
        like instead.

    Examples
    --------
    >>> sniff(b"\x89PNG\r\n\x1a\n").value
    'png'
    """
    if not data:
        raise IntakeError("The file is empty.", remedy="Export it again.")
    if data[DICOM_PREFIX_AT : DICOM_PREFIX_AT + 4] == b"DICM":
        return PictureKind.DICOM
    for magic, kind in _KINDS:
        if data.startswith(magic):
            return kind
    if data[:2] == b"BM" and data[6:10] == bytes(4):  # the four reserved bytes are zero
        return PictureKind.BMP
    if _BARE_DICOM.match(data):
        raise IntakeError(
            "The file looks like DICOM without its 128-byte preamble and 'DICM' prefix.",
            remedy="Export it again as a DICOM file (Part 10).",
        )
    raise IntakeError(
        f"The file looks like {_look_alike(data)}, which is not read here.", remedy=_WANTED
    )


def _look_alike(data: bytes) -> str:
    for magic, name in _LOOK_ALIKES:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP picture"
    if data[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    if data[344:348] in (b"n+1\x00", b"ni1\x00"):
        return "a NIfTI volume"
    return _look_alike_text(data[:1024])


def _look_alike_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text:
        return "an SVG drawing"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")):
        return "an HTML page"
    if text.startswith(b"<?xml"):
        return "an XML document"
    if text and all(9 <= byte <= 13 or 32 <= byte < 127 for byte in text):
        return "plain text"
    return "something unknown"
