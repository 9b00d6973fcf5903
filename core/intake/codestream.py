"""The size a compressed frame declares inside itself, and whether it ends: read before decoding.

A DICOM header may say 64 x 64 while the JPEG inside says 60,000 x 60,000; the decoder believes the
latter. A codestream cut short is completed with grey by some decoders; it must carry its end mark.
"""

from __future__ import annotations

import struct

from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN, incomplete

_END = b"\xff\xd9"  # EOI of JPEG and JPEG-LS, EOC of JPEG 2000
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_JP2_CODESTREAM = b"jp2c"
_BOX_HEADER = 8  # bytes: length and type
_START_OF_J2K = b"\xff\x4f\xff\x51"
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
_NOT_A_FRAME = {0xC4, 0xC8, 0xCC}  # DHT, JPG, DAC
_JPEG_LS_FRAME = 0xF7
_RLE_EXPANSION = 64
_RLE_HARMLESS = 64 * 2**20  # bytes


def check_codestream(frame: bytes, *, rows: int, columns: int) -> None:
    """Check one JPEG, JPEG-LS or JPEG 2000 codestream against the DICOM header.

    Raises
    ------
    IntakeError
        If it does not end, its wrapper is damaged, or it declares another size than the header.
    """
    if _END not in frame[-64:].rstrip(b"\x00")[-3:]:
        raise incomplete()
    size = codestream_size(frame)
    if size is not None and size != (rows, columns):
        raise IntakeError(
            f"The header says {columns} x {rows} pixels, the compressed picture "
            f"{size[1]} x {size[0]}.",
            remedy=EXPORT_AGAIN,
        )


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) that the codestream declares, or None when no frame header is found.

    Sources: ITU-T T.81 B.2.2 (SOF), T.87 C.2.2 (SOF55), T.800 A.5.1 (SIZ).

    Raises
    ------
    IntakeError
        If a JPEG 2000 wrapper holds a box that is shorter than its own header.
    """
    start = _start_of_codestream(frame) if frame.startswith(_JP2_SIGNATURE) else 0
    if not frame.startswith(_START_OF_J2K, start):
        return None if start else _jpeg_size(frame)
    if start + 24 > len(frame):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
    return bottom - top, right - left


def _start_of_codestream(frame: bytes) -> int:
    """Return where the codestream of a JP2 file starts: after the boxes before it (T.800 I.4).

    The decoder walks the same boxes, and walks for ever on one whose length is 0; so a box that
    does not reach past its own header ends here.
    """
    position = len(_JP2_SIGNATURE) + 4
    while position < len(frame):
        length = int.from_bytes(frame[position : position + 4], "big")
        if frame[position + 4 : position + _BOX_HEADER] == _JP2_CODESTREAM:
            return position + _BOX_HEADER
        if length < _BOX_HEADER:
            raise IntakeError(
                f"The JPEG 2000 picture inside holds a box of {length} bytes, shorter than its "
                f"header of {_BOX_HEADER}.",
                remedy=EXPORT_AGAIN,
            )
        position += length
    return position


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(frame):
        if frame[position] != 0xFF:
            return None
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _NO_LENGTH:
            position += 2
            continue
        is_frame = 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME
        if is_frame or marker == _JPEG_LS_FRAME:
            rows, columns = struct.unpack_from(">HH", frame, position + 5)
            return rows, columns
        (length,) = struct.unpack_from(">H", frame, position + 2)
        position += 2 + max(2, length)
    return None


def check_rle(frame: bytes, *, n_expected: int) -> None:
    """Refuse an RLE frame that would unpack to far more than the header announces.

    One PackBits run turns 2 bytes into 128 (PS3.5 G.3.1); short frames cannot do harm and are not
    walked.

    Raises
    ------
    IntakeError
        If the frame unpacks to more than twice ``n_expected`` bytes.
    """
    if len(frame) * _RLE_EXPANSION <= max(2 * n_expected, _RLE_HARMLESS):
        return
    position, unpacked, n_bytes = 64, 0, len(frame)
    while position < n_bytes and unpacked <= 2 * n_expected:
        head = frame[position]
        is_literal = head < 128
        unpacked += head + 1 if is_literal else (257 - head if head > 128 else 0)
        position += 2 + head if is_literal else (2 if head > 128 else 1)
    if unpacked > 2 * n_expected:
        raise IntakeError(
            "The RLE data unpack to more pixels than the header says.", remedy=EXPORT_AGAIN
        )
