"""One slice being painted: what every painter needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from core.phantoms.canvas import Canvas
from core.phantoms.series import SeriesPlan
from core.phantoms.tissue import Tissues


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A canvas, the series it belongs to and the height of the slice in the body."""

    canvas: Canvas
    plan: SeriesPlan
    tissues: Tissues
    height_mm: float
