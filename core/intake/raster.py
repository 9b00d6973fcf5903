"""PNG, JPEG, TIFF and BMP bytes to values: one decoder for what is shown and what is predicted on.

Pillow's plugins are called directly, one a kind: nothing outside the allow-list can open, and no
size check but ours (made on the header, before decoding) decides. ``verify()`` is not relied on,
since it passes truncated files, and truncated files are never completed.
"""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
from PIL import Image, ImageFile

from core.domain import PictureKind
from core.errors import IntakeError
from core.intake.failures import DECODER_FAILURES, EXPORT_AGAIN, incomplete, silence
from core.intake.limits import check_dimensions, pick_frame
from core.intake.png import PngFacts, read_png_facts
from core.intake.raster_modes import Decoded, deep_colour, to_values

silence("PIL")

_PLUGINS = {
    PictureKind.PNG: ("PIL.PngImagePlugin", "PngImageFile"),
    PictureKind.JPEG: ("PIL.JpegImagePlugin", "JpegImageFile"),
    PictureKind.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    PictureKind.BMP: ("PIL.BmpImagePlugin", "BmpImageFile"),
}
_FAILURES: tuple[type[Exception], ...] = (*DECODER_FAILURES, Image.DecompressionBombError)
_ORIENTATION, _BITS, _PHOTOMETRIC, _TILE_WIDTH, _TILE_LENGTH = 274, 258, 262, 322, 323
_MAX_PAGES = 2_000
_END_OF_JPEG = b"\xff\xd9"

# EXIF 2.3, 4.6.4: what brings the stored rows and columns upright
_UPRIGHT: dict[int, Callable[[Any], Any]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: np.rot90,
}
_TURNED = "The picture was turned as its orientation tag says."


def read_raster(data: bytes, kind: PictureKind, *, frame: int | None = None) -> Decoded:
    """Decode one picture.

    Parameters
    ----------
    data : bytes
        The file, whose kind has been sniffed.
    kind : PictureKind
        PNG, JPEG, TIFF or BMP.
    frame : int or None
        Page to read, zero-based; needed where the file has several.

    Raises
    ------
    IntakeError
        If the file is truncated, damaged, too large, or has several pages and none was chosen.
    """
    facts = read_png_facts(data) if kind is PictureKind.PNG else None
    try:
        decoded = _decode(data, kind, facts=facts, frame=frame)
    except _FAILURES as error:
        if _is_truncated(data, kind, error):
            raise incomplete() from None
        raise _cannot_decode(kind) from None
    n_trailing = facts.n_trailing if facts else _bytes_after_jpeg(data, kind)
    if n_trailing:
        note = f"{n_trailing} bytes after the end of the picture were ignored."
        decoded = replace(decoded, notes=(*decoded.notes, note))
    return decoded


def _decode(
    data: bytes, kind: PictureKind, *, facts: PngFacts | None, frame: int | None
) -> Decoded:
    image = _open(data, kind)
    check_dimensions(image.height, image.width)
    n_frames = _count_pages(image, kind)
    chosen = pick_frame(n_frames, frame, unit="page")
    if n_frames > 1:
        image.seek(chosen)
        check_dimensions(image.height, image.width)
    _check_tiles(image)
    tagged = image.getexif().get(_ORIENTATION, 1) if kind is PictureKind.TIFF else None
    image.load()
    if _is_wide_colour(image, facts):
        from core.intake.wide_colour import read_wide_colour  # noqa: PLC0415 - OpenCV, rarely

        decoded = deep_colour(read_wide_colour(data, page=chosen))
    else:
        decoded = to_values(image, is_white_zero=_is_white_zero(image))
    if tagged is not None:  # Pillow and OpenCV both turn a TIFF themselves, and nothing else
        notes = (_TURNED,) if tagged in _UPRIGHT else ()
        decoded = replace(decoded, notes=(*decoded.notes, *notes))
    else:
        decoded = _upright(decoded, image.getexif().get(_ORIENTATION, 1))
    return replace(decoded, n_frames=n_frames, frame=chosen)


def _open(data: bytes, kind: PictureKind) -> ImageFile.ImageFile:
    module, name = _PLUGINS[kind]
    plugin = getattr(importlib.import_module(module), name)
    return cast(ImageFile.ImageFile, plugin(io.BytesIO(data)))


def _upright(decoded: Decoded, orientation: int) -> Decoded:
    """Return the picture turned upright; both its shape and its notes say so."""
    turn = _UPRIGHT.get(orientation)
    if turn is None:
        return decoded
    values = np.ascontiguousarray(turn(decoded.values))
    return replace(decoded, values=values, notes=(*decoded.notes, _TURNED))


def count_pages(data: bytes, kind: PictureKind) -> int:
    """Return how many pages a file holds, without decoding one.

    Raises
    ------
    IntakeError
        If the header is damaged, or there are more than 2,000 pages.
    """
    try:
        return _count_pages(_open(data, kind), kind)
    except _FAILURES as error:
        if _is_truncated(data, kind, error):
            raise incomplete() from None
        raise _cannot_decode(kind) from None


def _cannot_decode(kind: PictureKind) -> IntakeError:
    return IntakeError(
        f"The {kind.value.upper()} cannot be decoded: it is damaged or of a rare variant.",
        remedy=EXPORT_AGAIN,
    )


def _count_pages(image: ImageFile.ImageFile, kind: PictureKind) -> int:
    """Return the pages of a TIFF or animated PNG, walking at most 2,000 directories."""
    if kind is PictureKind.PNG:
        return int(getattr(image, "n_frames", 1))
    if kind is not PictureKind.TIFF:
        return 1
    n_pages = 1
    while n_pages <= _MAX_PAGES:
        try:
            image.seek(n_pages)
        except EOFError:
            image.seek(0)
            return n_pages
        n_pages += 1
    raise IntakeError(
        f"The file has more than {_MAX_PAGES} pages.",
        remedy="Export the page that matters as a file of its own.",
    )


def _tiff_tag(image: ImageFile.ImageFile, tag: int) -> Any:
    return getattr(image, "tag_v2", {}).get(tag)


def _check_tiles(image: ImageFile.ImageFile) -> None:
    """Refuse a TIFF whose tiles are larger than the limits: they are what gets allocated."""
    width, length = _tiff_tag(image, _TILE_WIDTH), _tiff_tag(image, _TILE_LENGTH)
    if width is not None and length is not None:
        check_dimensions(int(length), int(width))


def _is_wide_colour(image: ImageFile.ImageFile, facts: PngFacts | None) -> bool:
    """Whether there are 16 bits in each of several samples, of which Pillow keeps 8."""
    if facts is not None:
        return facts.bits == 16 and facts.n_samples > 1
    bits = _tiff_tag(image, _BITS)
    return isinstance(bits, tuple) and len(bits) > 1 and max(bits) == 16


def _is_white_zero(image: ImageFile.ImageFile) -> bool:
    return bool(_tiff_tag(image, _PHOTOMETRIC) == 0)


def _is_truncated(data: bytes, kind: PictureKind, error: BaseException) -> bool:
    """Whether the file ends too early; the error's text is looked at, never shown."""
    if kind is PictureKind.JPEG and _END_OF_JPEG not in data:
        return True
    if kind is PictureKind.TIFF and _directory_is_cut_off(data):
        return True
    return isinstance(error, EOFError) or "truncated" in str(error).lower()


def _directory_is_cut_off(data: bytes) -> bool:
    """Whether the first directory of a TIFF lies beyond its end (TIFF 6.0, section 2)."""
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\x00", b"\x00+")
    at, form = (8, "Q") if is_big else (4, "I")
    if len(data) < at + struct.calcsize(form):
        return True
    return bool(struct.unpack_from(order + form, data, at)[0] + 2 > len(data))


def _bytes_after_jpeg(data: bytes, kind: PictureKind) -> int:
    if kind is not PictureKind.JPEG:
        return 0
    end = data.rfind(_END_OF_JPEG) + len(_END_OF_JPEG)
    return len(data[end:].strip(b"\x00\xff\r\n "))
