"""Pictures that excite a channel most, kept in the home: a search takes seconds, a look none."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import cv2
import numpy as np

from core.config import settings as product_settings
from core.domain import ByteArray
from core.saliency.maximum_settings import MaximumSettings

FOLDER = "maximised"


def maximum_path(digest: str, layer: str, channel: int, settings: MaximumSettings) -> Path:
    """Return where the picture is kept: by version, layer, channel and how it was searched for."""
    # A layer's name may hold a slash; a digest of it never leads anywhere else.
    place = hashlib.sha256(layer.encode()).hexdigest()[:12]
    name = f"{place}_{channel:05d}_{settings.key}.png"
    return product_settings().home / FOLDER / digest[:16] / name


def read_maximum(
    digest: str, layer: str, channel: int, settings: MaximumSettings
) -> ByteArray | None:
    """Return a kept picture, (rows, columns, 3) uint8; None where none can be read."""
    try:
        content = maximum_path(digest, layer, channel, settings).read_bytes()
    except OSError:
        return None
    if not content:
        return None
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else np.ascontiguousarray(pixels[:, :, ::-1])


def write_maximum(
    digest: str, layer: str, channel: int, settings: MaximumSettings, pixels: ByteArray
) -> None:
    """Keep a picture; a home that cannot be written costs the next one who asks, nothing more."""
    path = maximum_path(digest, layer, channel, settings)
    content = bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]))[1])
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)
