"""Pictures beside the database, named by the digest of their pixels, with nothing else of the file.

Values are written losslessly: whole numbers as PNG of 8 or 16 bits (16 with the lowest value taken
off), anything else as the float32 values themselves. A file is written aside, flushed and named
when it is complete, before the row that names it; a file without a row does no harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from core.config import settings
from core.domain import FloatArray
from core.errors import PersistenceError
from core.persistence.sqlite_file import sync

FOLDER = "pictures"
_OFFSET = "_plus"  # in a name: what to add to the stored whole numbers
_DEEPEST = 2**16
_DRAFT_LIVES_S = 3600.0


def pictures_folder() -> Path:
    """Return the folder of the pictures."""
    return settings().home.absolute() / FOLDER


def digest_of(values: FloatArray) -> str:
    """Return the SHA-256 of a decoded picture: its shape and its float32 values, little-endian.

    Parameters
    ----------
    values : ndarray of shape (rows, columns) or (rows, columns, 3), float32
        As decoded, in the file's own unit; what the file is called or says is no part of it.
    """
    plain = np.ascontiguousarray(values + np.float32(0), "<f4")  # -0.0 is 0.0
    return hashlib.sha256(repr(plain.shape).encode() + plain.tobytes()).hexdigest()


def keep(values: FloatArray) -> str:
    """Store a picture and return its digest; one that is there already is left as it is.

    Raises
    ------
    PersistenceError
        If it was not stored.
    """
    digest = digest_of(values)
    if find(digest) is not None:
        return digest
    ending, data = _encoded(values)
    folder = pictures_folder() / digest[:2]
    target = folder / f"{digest}{ending}"
    draft = folder / f".{digest}.{os.getpid()}-{threading.get_ident()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
        sync(folder)
    except OSError as error:
        raise PersistenceError(
            f"Not saved: the picture cannot be stored ({type(error).__name__}).",
            remedy="Make room on the disk, or give the product the right to write its home; then "
            "try again.",
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return digest


def read(digest: str) -> FloatArray:
    """Return the values of a stored picture, checked against its digest.

    Raises
    ------
    PersistenceError
        If it is not there, or no longer what it was.
    """
    path = find(digest)
    if path is None:
        raise _unusable(digest, "is not in the store")
    try:
        values = _decoded(path)
    except (OSError, ValueError, cv2.error):
        raise _unusable(digest, "cannot be read") from None
    if values is None or digest_of(values) != digest:
        raise _unusable(digest, "is not what was stored")
    return values


def find(digest: str) -> Path | None:
    """Return the file of a picture; None where there is none."""
    folder = pictures_folder() / digest[:2]
    return next((path for path in sorted(folder.glob(f"{digest}*"))), None)


def files() -> Iterator[Path]:
    """Yield every stored picture, in the order of the digests."""
    yield from sorted(path for path in pictures_folder().glob("??/[0-9a-f]*") if path.is_file())


def sweep() -> int:
    """Remove drafts that a kill left behind, an hour old at least; return how many."""
    swept = 0
    for draft in pictures_folder().glob("??/.*.part"):
        with contextlib.suppress(OSError):  # another process was quicker, or may not write
            if time.time() - draft.stat().st_mtime > _DRAFT_LIVES_S:
                draft.unlink()
                swept += 1
    return swept


def _encoded(values: FloatArray) -> tuple[str, bytes]:
    """Return the ending of the name and the bytes."""
    low, high = float(values.min()), float(values.max())
    if (values == np.rint(values)).all() and high - low < _DEEPEST and abs(low) < 2**24:
        if low >= 0 and high < 256:
            return ".png", _png(values.astype(np.uint8))
        offset = int(low)
        return f"{_OFFSET}{offset}.png", _png((values.astype(np.int64) - offset).astype(np.uint16))
    stream = io.BytesIO()
    np.savez_compressed(stream, values=values)
    return ".npz", stream.getvalue()


def _png(pixels: np.ndarray) -> bytes:
    ordered = pixels[..., ::-1] if pixels.ndim == 3 else pixels  # OpenCV writes blue first
    done, data = cv2.imencode(".png", np.ascontiguousarray(ordered))
    if not done:
        raise OSError("the picture was not encoded")
    return bytes(data)


def _decoded(path: Path) -> FloatArray | None:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(archive["values"], np.float32)
    found = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        return None
    pixels = found[..., ::-1] if found.ndim == 3 else found
    _, _, offset = path.stem.partition(_OFFSET)
    return (pixels.astype(np.int64) + int(offset or 0)).astype(np.float32)


def _unusable(digest: str, what: str) -> PersistenceError:
    return PersistenceError(
        f"The picture {digest[:8]} {what}.",
        remedy="Put the folder pictures of a backup back (python -m core restore).",
    )
