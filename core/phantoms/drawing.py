"""Draw one abdominal CT slice: synthetic, for teaching, from a series seed and a slice index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import PhantomError
from core.phantoms.acquisition import acquire
from core.phantoms.body import (
    paint_back,
    paint_inside,
    paint_outside,
    paint_ribs,
    paint_spine,
    paint_wall,
)
from core.phantoms.bowel import colon_loops, paint_bowel, small_bowel_loops
from core.phantoms.canvas import Canvas, Point, Points
from core.phantoms.ids import file_id, group_of
from core.phantoms.kidneys import (
    LEFT,
    RIGHT,
    Kidney,
    paint_kidney,
    paint_perirenal_fat,
    plan_kidney,
)
from core.phantoms.lesions import paint_lesion, plan_lesion
from core.phantoms.look_alikes import paint_look_alike
from core.phantoms.organs import (
    level_of,
    liver_contours,
    paint_great_vessels,
    paint_liver,
    paint_upper_left,
)
from core.phantoms.phantom import Phantom
from core.phantoms.scene import Scene
from core.phantoms.series import LABELS, plan_series
from core.phantoms.tissue import Tissues


def draw_phantom(series_seed: int, slice_index: int, *, label: str | None = None) -> Phantom:
    """Draw one slice.

    Parameters
    ----------
    series_seed : int
        Which patient and scan, 0..2**31 - 1.
    slice_index : int
        Which slice, from 0 at the bottom; a series has three to six.
    label : str, optional
        Draw this lesion (or ``normal``) instead of the series' own; all else stays the same.

    Raises
    ------
    PhantomError
        If there is no such series, slice or label.
    """
    plan = plan_series(series_seed)
    if not 0 <= slice_index < len(plan.heights_mm):
        raise PhantomError(
            f"Series {series_seed} has no slice {slice_index}.",
            remedy=f"It has the slices 0 to {len(plan.heights_mm) - 1}.",
        )
    if label is not None and label not in LABELS:
        raise PhantomError(f"{label!r} cannot be drawn.", remedy=f"Labels: {', '.join(LABELS)}.")
    shown = plan.label if label is None else label
    height = plan.heights_mm[slice_index]
    scene = Scene(Canvas(plan.scan.placement), plan, Tissues(plan), height)
    kidneys = (
        plan_kidney(plan, RIGHT, height_mm=height),
        plan_kidney(plan, LEFT, height_mm=height),
    )
    _paint_patient(scene, kidneys)
    lesion = plan_lesion(plan, shown)
    outlines: Sequence[Points] = ()
    if lesion is not None:
        sick = kidneys[0 if lesion.side == RIGHT else 1]
        outlines = paint_lesion(scene, lesion, kidney=sick)
    return Phantom(
        file_id=file_id(series_seed, slice_index, label=label),
        values=acquire(scene.canvas.finish(), plan, slice_index=slice_index),
        outline=scene.canvas.covered(outlines),
        label=shown,
        group=group_of(series_seed),
        pixel_spacing_mm=plan.scan.placement.pixel_spacing_mm,
        height_mm=height,
        lesion_size_mm=None if lesion is None else lesion.size_at(height),
        contrast_phase=plan.phase,
        body_size=plan.body_size,
        look_alike=plan.look_alike,
    )


def _paint_patient(scene: Scene, kidneys: tuple[Kidney, Kidney]) -> None:
    """Paint everything but the lesion: what lies behind or around first."""
    plan, height = scene.plan, scene.height_mm
    paint_inside(scene)
    paint_upper_left(scene)
    taken: list[tuple[Point, float]] = []
    for part in liver_contours(plan, height):
        right, down = part.mean(axis=0).tolist()
        taken.append(((right, down), float(np.ptp(part, axis=0).min()) / 2))
    colon = colon_loops(plan, level_of(plan, height))
    taken += [(loop.centre, loop.radii[0]) for loop in colon]
    paint_bowel(scene, [*small_bowel_loops(plan, height, taken=taken), *colon])
    paint_liver(scene)
    paint_great_vessels(scene)
    for kidney in kidneys:
        paint_perirenal_fat(scene, kidney)
    paint_outside(scene)
    paint_wall(scene)
    paint_back(scene)
    paint_spine(scene)
    paint_ribs(scene)
    paint_look_alike(scene, kidneys)
    for kidney in kidneys:
        paint_kidney(scene, kidney)
