"""A zip as a listing of files: its directory is checked whole, then files are unpacked one by one.

Nothing is written to disk, so a path that leads outside could do no harm; it is refused all the
same, as a sign that the archive was not made by an export. Messages name an entry by its number: a
name may hold a patient's. Nested archives are never opened.
"""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import weakref
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from core.config import settings
from core.errors import IntakeError
from core.intake.failures import EXPORT_AGAIN, refusing
from core.intake.file_names import is_hidden, natural_key
from core.intake.file_sources import Listing, check_number_of_files, passed_over
from core.intake.limits import check_file_size
from core.intake.zip_directory import count_entries

MB = 2**20
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_HARMLESS = 8 * MB  # what one large detector picture takes, blank or not
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # APPNOTE 4.4.4: plain, strong, masked directory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DRIVE = re.compile(r"[A-Za-z]:")
# Marks that turn the direction of writing make a name look like another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REMEDY = "Make the zip again from the exported files alone."


def is_zip(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a zip (or pretends to be)."""
    return head.startswith(_MAGIC)


class ZipArchive:
    """The files of a checked archive, which stays open while anything refers to this object.

    Reading is safe from several threads: ``zipfile`` guards its file with a lock.
    """

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._archive = archive
        self._entries = entries

    def read(self, name: str) -> bytes:
        """Return the bytes of one file, unpacked to its announced size at most.

        Raises
        ------
        IntakeError
            If it is not in the archive, above the upload limit or damaged.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise IntakeError("There is no such file in the zip.", remedy="Check the name.")
        check_file_size(entry.file_size)
        damaged = refusing(
            "The file is damaged inside the zip.",
            remedy=EXPORT_AGAIN,
            also=(zipfile.BadZipFile, zipfile.LargeZipFile),
        )
        with damaged, self._archive.open(entry) as stream:
            # With its size named, zipfile bounds each step of unpacking by it; without, by 2 GB.
            return stream.read(entry.file_size)


def list_zip(source: Path | bytes) -> Listing:
    """Check a zip and list its files.

    Parameters
    ----------
    source : Path or bytes
        A file, which is then read where it lies, or what was uploaded.

    Raises
    ------
    IntakeError
        If it is no readable zip; is larger, packed or unpacked, than ``max_series_mb``; holds more
        entries than ``max_series_files``; an entry is encrypted, a link, packed by another method
        than deflate, grows more than ``max_zip_ratio`` times, has the name of another, a name with
        control characters, or a path that is absolute or leads outside.
    """
    with ExitStack() as opened:
        file = opened.enter_context(_opened(source))
        limit = settings().max_series_files
        check_number_of_files(count_entries(file, at_most=limit))
        file.seek(0)
        with refusing("The zip is damaged.", remedy=EXPORT_AGAIN, also=(zipfile.BadZipFile,)):
            archive = opened.enter_context(zipfile.ZipFile(file))
        entries, n_hidden = _checked(archive.infolist())
        files = ZipArchive(archive, entries)
        weakref.finalize(files, opened.pop_all().close)
    names = tuple(sorted(entries, key=natural_key))
    return Listing(names, files, passed_over({"hidden files": n_hidden}))


def _checked(infos: list[zipfile.ZipInfo]) -> tuple[dict[str, zipfile.ZipInfo], int]:
    """Return the files by name, and how many hidden ones were passed over; refuse what must be."""
    check_number_of_files(len(infos))
    _check_total(infos)
    names: set[str] = set()
    entries: dict[str, zipfile.ZipInfo] = {}
    for number, info in enumerate(infos, start=1):
        name = _checked_name(info, number)
        if name in names:
            raise _refused(number, "has the name of an earlier one")
        names.add(name)
        _check_entry(info, number)
        if not info.is_dir():
            entries[name] = info
    shown = {name: info for name, info in entries.items() if not is_hidden(name)}
    return shown, len(entries) - len(shown)


def _opened(source: Path | bytes) -> BinaryIO:
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        _check_size(size, "The zip has")
        file = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    except OSError as error:
        raise IntakeError(
            f"The zip cannot be opened ({type(error).__name__}).", remedy="Check its rights."
        ) from None
    return file


def _check_size(n_bytes: int, said: str) -> None:
    limit = settings().max_series_mb
    if n_bytes > limit * MB:
        raise IntakeError(
            f"{said} {n_bytes / MB:.0f} MB; at most {limit} MB are read.",
            remedy="Give one series at a time, or raise SECOND_LOOK_MAX_SERIES_MB.",
        )


def _check_total(infos: list[zipfile.ZipInfo]) -> None:
    # Entries that share the same packed bytes count each: that is what a bomb of overlaps is.
    _check_size(sum(info.file_size for info in infos), "Unpacked, the zip has")


def _checked_name(info: zipfile.ZipInfo, number: int) -> str:
    """Return the entry's path with forward slashes; ``orig_filename`` is not cut at a NUL."""
    name = info.orig_filename
    if any(unicodedata.category(mark) in ("Cc", "Cs") or mark in _TURNING for mark in name):
        raise _refused(number, "has control characters in its name")
    path = name.replace("\\", "/")
    if not path.strip("/"):
        raise _refused(number, "has no name")
    if path.startswith("/") or _DRIVE.match(path):
        raise _refused(number, "has an absolute path")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refused(number, "has a path that leads outside")
    return "/".join(parts)


def _check_entry(info: zipfile.ZipInfo, number: int) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(number, "is a link or a device, not a file")
    if info.flag_bits & _ENCRYPTED:
        raise IntakeError(
            f"Entry {number} of the zip is encrypted.", remedy="Make the zip without a password."
        )
    if info.compress_type not in _METHODS:
        # zipfile unpacks the other methods without a bound.
        raise _refused(number, "is packed by another method than deflate")
    most = settings().max_zip_ratio
    if info.file_size > max(_HARMLESS, most * info.compress_size):
        raise IntakeError(
            f"Entry {number} of the zip would grow more than {most} times when unpacked, to "
            f"{info.file_size / MB:.0f} MB.",
            remedy=_REMEDY,
        )


def _refused(number: int, what: str) -> IntakeError:
    return IntakeError(f"Entry {number} of the zip {what}.", remedy=_REMEDY)
