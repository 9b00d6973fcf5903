"""One picture of a stored run beside the maps of some classes, small enough for a page of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain import ByteArray
from core.errors import EvaluationError, ModelVersionError
from core.workflows.run_pictures import PictureSource, answer_for, thumbnail
from core.workflows.showing import overlay_of
from core.workflows.stored_runs import StoredRun

SIZE = 200
OPACITY = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class RunCard:
    """A picture of a run and its maps.

    Attributes
    ----------
    picture : bytes
        PNG of at most ``SIZE`` pixels a side.
    maps : dict of class to PNG bytes, or None
        None where nothing speaks for the class, or where there is no map at all.
    why_none : str
        Why a map is missing.
    """

    picture: bytes
    maps: dict[str, bytes | None]
    why_none: str


def run_card(
    stored: StoredRun, source: PictureSource, file: str, class_names: Sequence[str]
) -> RunCard:
    """Return one picture of a run with the maps of some classes.

    Runs the engine: tens of milliseconds, so keep the card. Where there can be no map (a model that
    is not ours), the card says so and holds the picture.

    Raises
    ------
    IntakeError
        If the picture cannot be had.
    """
    picture = thumbnail(source.read(file), size=SIZE)
    try:
        answer = answer_for(stored, source, file)
    except (EvaluationError, ModelVersionError) as error:
        return RunCard(picture, dict.fromkeys(class_names), error.problem)
    if answer.image is None:
        return RunCard(picture, dict.fromkeys(class_names), answer.reason or "No answer.")
    maps: dict[str, bytes | None] = {}
    for name in class_names:
        drawn = overlay_of(answer, name, pixels=answer.image.pixels, opacity=OPACITY)
        maps[name] = None if drawn is None else _small_png(drawn)
    return RunCard(picture, maps, "no positive evidence")


def _small_png(pixels: ByteArray) -> bytes:
    import cv2

    scale = SIZE / max(pixels.shape[:2])
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]))[1])
