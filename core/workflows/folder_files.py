"""A folder of files that a command writes: checked first, then written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from core.domain import ByteArray
from core.errors import ArgumentError


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written, before anything is computed; it is left as it was.

    Raises
    ------
    ArgumentError
        If it, or a folder above, is a file or cannot be entered.
    """
    missing = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
    write_folder(folder, {})
    with suppress(OSError):  # somebody put a file there meanwhile
        for path in missing:
            path.rmdir()


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made where there is none, in their order.

    All are written beside their places first, so that a full disk leaves no half of them.

    Raises
    ------
    ArgumentError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing.", dir=folder) as temporary:
            for name, content in files.items():
                (Path(temporary) / name).write_bytes(content)
            for name in files:
                (Path(temporary) / name).replace(folder / name)
    except OSError as error:
        raise ArgumentError(
            f"{folder} cannot be written ({error.strerror}).", remedy="Name another folder."
        ) from None


def png_bytes(pixels: ByteArray) -> bytes:
    """Return RGB or grey pixels, uint8, as a PNG file."""
    turned = pixels[:, :, ::-1] if pixels.ndim == 3 else pixels
    return bytes(cv2.imencode(".png", np.ascontiguousarray(turned))[1].tobytes())
