"""How many entries a zip holds, counted before any of them becomes an object.

``zipfile`` makes an object of every entry on opening; a directory of millions of empty entries
would fill the memory before it could be counted. Source: PKWARE APPNOTE 6.3.10, 4.3.12 to 4.3.16.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN

_END, _END_64, _LOCATOR_64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
_END_LENGTH, _LOCATOR_LENGTH, _ENTRY_LENGTH = 22, 20, 46
_LONGEST_COMMENT = 2**16
_LONGEST_ENTRY = _ENTRY_LENGTH + 3 * 2**16  # a name, an extra field and a comment
_AT_ONCE = 2**20  # bytes


def count_entries(file: BinaryIO, *, at_most: int) -> int:
    """Return the number of entries, or ``at_most`` + 1 as soon as there are more.

    Raises
    ------
    IntakeError
        If the file has no directory of a zip.
    """
    start, size = _directory(file)
    file.seek(start)
    buffer, at, n, left = b"", 0, 0, size
    while n <= at_most:
        if len(buffer) - at < _LONGEST_ENTRY and left > 0:
            more = file.read(min(_AT_ONCE, left))
            left = left - len(more) if more else 0
            buffer, at = buffer[at:] + more, 0
        if len(buffer) - at < _ENTRY_LENGTH or not buffer.startswith(_ENTRY, at):
            break
        name, extra, comment = struct.unpack_from("<3H", buffer, at + 28)
        at += _ENTRY_LENGTH + name + extra + comment
        n += 1
    return n


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Return where the directory begins, and its length in bytes."""
    file.seek(0, 2)
    total = file.tell()
    file.seek(max(0, total - _END_LENGTH - _LONGEST_COMMENT - _LOCATOR_LENGTH))
    tail_at = file.tell()
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_LENGTH:
        raise no_zip()
    (size,) = struct.unpack_from("<I", tail, at + 12)
    end = tail_at + at
    if at >= _LOCATOR_LENGTH and tail.startswith(_LOCATOR_64, at - _LOCATOR_LENGTH):
        (end,) = struct.unpack_from("<Q", tail, at - _LOCATOR_LENGTH + 8)
        file.seek(min(end, total))
        record = file.read(56)
        if len(record) < 56 or not record.startswith(_END_64):
            raise no_zip()
        (size,) = struct.unpack_from("<Q", record, 40)
    if size > end:
        raise no_zip()
    return end - size, size


def no_zip() -> IntakeError:
    """Return the refusal of what is no readable zip."""
    return IntakeError("The zip is damaged or incomplete.", remedy=EXPORT_AGAIN)
