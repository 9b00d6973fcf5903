"""The chunks of a PNG, walked once: size before decoding, completeness, checksums.

Pillow reads a picture whose last chunks are missing or whose checksum is wrong; we do not
(PNG specification, 3rd edition, sections 5.3 and 13.2).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN, incomplete
from core.intake.limits import check_dimensions

_SIGNATURE_LENGTH = 8
_CHUNK_OVERHEAD = 12  # length, type, checksum
_IHDR = struct.Struct(">IIBB")


@dataclass(frozen=True, slots=True)
class PngFacts:
    """What the chunks say: bits a sample, whether colour or alpha, bytes after the end."""

    bits: int
    n_samples: int
    n_trailing: int


def read_png_facts(data: bytes) -> PngFacts:
    """Check size, completeness and checksums of a PNG.

    Raises
    ------
    IntakeError
        If the header claims too many pixels, a chunk is cut off, or a critical chunk is damaged.
    """
    head = _SIGNATURE_LENGTH + 8
    if len(data) < head + _IHDR.size:
        raise incomplete()
    if data[_SIGNATURE_LENGTH + 4 : head] != b"IHDR":
        raise _damaged()
    columns, rows, bits, colour_type = _IHDR.unpack_from(data, head)
    check_dimensions(rows, columns)
    end = _walk(data)
    n_samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour_type)
    if n_samples is None:
        raise _damaged()
    return PngFacts(bits, n_samples, len(data) - end)


def _walk(data: bytes) -> int:
    """Return where the PNG ends, having checked every critical chunk."""
    view = memoryview(data)
    position = _SIGNATURE_LENGTH
    while True:
        if position + _CHUNK_OVERHEAD > len(data):
            raise incomplete()
        length, name = struct.unpack_from(">I4s", data, position)
        end: int = position + _CHUNK_OVERHEAD + length
        if end > len(data):
            raise incomplete()
        (stored,) = struct.unpack_from(">I", data, end - 4)
        is_critical = not name[0] & 0x20
        if is_critical and zlib.crc32(view[position + 4 : end - 4]) != stored:
            raise _damaged()
        if name == b"IEND":
            return end
        position = end


def _damaged() -> IntakeError:
    return IntakeError("The PNG is damaged: a checksum is wrong.", remedy=EXPORT_AGAIN)
