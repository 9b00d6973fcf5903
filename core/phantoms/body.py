"""The frame of the body: skin, fat, abdominal wall, back muscles, spine, ribs and the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.phantoms.canvas import Point, Points
from core.phantoms.scene import Scene
from core.phantoms.series import SeriesPlan, stream
from core.phantoms.shapes import angles, blob, mirrored, smooth, super_ellipse, wrapped
from core.phantoms.tissue import AIR, CORTICAL_BONE, MARROW

_BACK, _FRONT = np.pi / 2, -np.pi / 2
_VERTEBRA_PITCH_MM = 35.0

# One vertebra's arch and processes, mm from the middle of its body, (right, down).
_ARCH = ((-17, 9), (-21, 23), (-18, 33), (-7, 40), (-3.4, 47), (-4.2, 62), (0, 66), (4.2, 62),
         (3.4, 47), (7, 40), (18, 33), (21, 23), (17, 9))  # fmt: skip
_ARCH_MARROW = ((-2.0, 42), (-2.2, 60), (0, 63), (2.2, 60), (2.0, 42))
_CANAL = ((-11, 15.5), (0, 14), (11, 15.5), (11, 24), (0, 36), (-11, 24))
_TRANSVERSE = ((16, 20), (30, 21), (43, 23.5), (45, 26), (41, 28.5), (28, 27.5), (16, 29))
_FACET = ((9, 27), (19, 24), (23, 30), (17, 37), (9, 36))


def spine_centre(plan: SeriesPlan) -> Point:
    """Return the middle of the vertebral body."""
    return (0.0, plan.muscle_radii_mm[1] - 66.0 * spine_scale(plan))


def spine_scale(plan: SeriesPlan) -> float:
    """Bones vary less than the body around them."""
    return float(np.sqrt(plan.scale))


def muscle_contour(plan: SeriesPlan) -> Points:
    """Return the outside of the abdominal wall: the body without its fat."""
    return _shaped(plan, super_ellipse(plan.muscle_radii_mm, plan.boxiness))


def _shaped(plan: SeriesPlan, contour: Points) -> Points:
    """Give the outline the patient's own build: nearly, but not quite, the same on both sides."""
    own = stream(plan.series_seed, "build").normal(0, 1, 5) * (0.012, 0.008, 0.009, 0.005, 0.006)
    theta = np.arctan2(contour[:, 1], contour[:, 0])
    waves = (
        np.cos(2 * theta),
        np.sin(3 * theta),
        np.cos(4 * theta),
        np.cos(theta),
        np.sin(2 * theta),
    )
    return np.asarray(contour * (1.0 + own @ np.array(waves))[:, None], np.float64)


def cavity_contour(plan: SeriesPlan) -> Points:
    """Return the inside of the abdominal wall."""
    outer = muscle_contour(plan)
    theta = np.arctan2(outer[:, 1], outer[:, 0])
    radius = np.hypot(outer[:, 0], outer[:, 1])
    inner = radius - _wall_thickness(plan, theta)
    return np.column_stack((inner * np.cos(theta), inner * np.sin(theta)))


def _wall_thickness(plan: SeriesPlan, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    rng = stream(plan.series_seed, "wall")
    side, strength = float(rng.uniform(8.5, 11.5)), float(rng.uniform(0.9, 1.15))
    front, back = np.abs(wrapped(theta - _FRONT)), np.abs(wrapped(theta - _BACK))
    thick = side - 1.5 * np.exp(-((front / 0.9) ** 2))
    thick = thick - 4.5 * np.exp(-(((front - 0.78) / 0.1) ** 2))  # semilunar line
    thick = thick - 5.5 * np.exp(-((front / 0.06) ** 2))  # linea alba
    thick = thick + 24.0 * np.exp(-((back / 0.66) ** 4))  # quadratus lumborum and back muscles
    return np.asarray(thick * strength * plan.scale, np.float64)


def _skin(plan: SeriesPlan) -> Points:
    """Return the outline of the body; fat flattens where the patient lies on it."""
    side, front, back = plan.fat_mm
    radii = (plan.muscle_radii_mm[0] + side, plan.muscle_radii_mm[1] + (front + back) / 2)
    skin = _shaped(plan, super_ellipse(radii, plan.boxiness))
    furrow = np.exp(-((wrapped(np.arctan2(skin[:, 1], skin[:, 0]) - _BACK) / 0.12) ** 2))
    skin[:, 1] += (back - front) / 2 - 0.35 * back * furrow
    skin[:, 1] = np.minimum(skin[:, 1], float(skin[:, 1].max()) - 0.12 * back)
    return skin


def paint_inside(scene: Scene) -> None:
    """Fill the body with fat, for the organs to lie in."""
    scene.canvas.fill(_skin(scene.plan), scene.tissues["fat"])


def paint_outside(scene: Scene) -> None:
    """Paint air, skin and the fat under it, over what of the organs reaches out; and the table."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    skin = _skin(plan)
    canvas.ring(skin * 1.3, skin, value=AIR)
    canvas.ring(skin, _under(skin), value=tissues["skin"])
    canvas.ring(_under(skin), muscle_contour(plan), value=tissues["fat"])
    width, lowest = float(skin[:, 0].max()), float(skin[:, 1].max())
    across = np.linspace(-1.25 * width, 1.25 * width, 40)
    table = np.column_stack((across, lowest + 7.0 - 26.0 * (across / width) ** 2))
    canvas.line(table, 40.0, width_mm=2.0)
    canvas.line(table + np.array([0.0, 22.0]), -350.0, width_mm=1.4)
    # The table bends up beside the patient, never through them.
    canvas.ring(skin, _under(skin), value=tissues["skin"])


def _under(skin: Points) -> Points:
    return np.asarray(skin * (1.0 - 2.2 / skin[:, 0].max()), np.float64)


def paint_wall(scene: Scene) -> None:
    """Paint the abdominal wall, over what of the organs reaches into it."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    outer, inner = muscle_contour(plan), cavity_contour(plan)
    canvas.ring(outer, inner, value=tissues["muscle"])
    theta = np.arctan2(outer[:, 1], outer[:, 0])
    for share in (0.36, 0.68):  # fat planes between the three flat muscles
        layer = outer + (inner - outer) * share
        for middle in (0.0, np.pi):
            arc = layer[np.abs(wrapped(theta - middle)) < 0.62]
            order = np.argsort(arc[:, 1])
            canvas.line(arc[order], tissues["fat"] * 0.4, width_mm=0.5)


def paint_back(scene: Scene) -> None:
    """Paint the muscles beside the spine, each in its sheath of fat."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    rng = stream(plan.series_seed, "spine")
    scale, (_, middle) = spine_scale(plan), spine_centre(plan)
    marbling = float(rng.gamma(2.0, 5.0))
    waves = rng.normal(0, 0.03, (2, 3, 2))
    for side, waved in zip((-1, 1), waves, strict=True):
        # (right, down), radii, turn: erector spinae, quadratus lumborum, psoas
        muscles = (
            ((31, 46), (27, 18), 0.1),
            ((54, 25), (9, 14), 0.95),
            ((33, 8), (14, 18), 0.3),
        )
        for (right, down), radii, turn in muscles:
            centre = (side * right * scale, middle + down * scale)
            sized = (radii[0] * scale, radii[1] * scale)
            sheath = (sized[0] + 1.3, sized[1] + 1.3)
            canvas.fill(blob(centre, sheath, turn=-side * turn), tissues["fat"])
            muscle = blob(centre, sized, turn=-side * turn, coefficients=waved)
            canvas.fill(muscle, tissues["muscle"])
            canvas.mottle(muscle, -np.abs(rng.normal(0, marbling, (9, 9))).astype(np.float32))


def paint_spine(scene: Scene) -> None:
    """Paint a vertebra or the disc between two, as the height has it."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    rng = stream(plan.series_seed, "spine")
    offset, density = float(rng.uniform(0, _VERTEBRA_PITCH_MM)), float(rng.uniform(0.75, 1.2))
    grain = rng.normal(0, 38, (11, 13)).astype(np.float32)
    scale, origin = spine_scale(plan), spine_centre(plan)
    within = (scene.height_mm + offset) % _VERTEBRA_PITCH_MM
    is_disc, has_pedicles = within < 7.0, 12.0 < within < 27.0
    arch = smooth(mirrored(_ARCH, 1, scale=scale, origin=origin))
    if has_pedicles:
        canvas.fill(arch, CORTICAL_BONE * 0.8 * density)
        for side in (-1, 1):
            process = smooth(mirrored(_TRANSVERSE, side, scale=scale, origin=origin))
            canvas.fill(process, 330.0 * density)
    else:
        for side in (-1, 1):
            canvas.fill(smooth(mirrored(_FACET, side, scale=scale, origin=origin)), 560.0 * density)
        canvas.fill(arch[arch[:, 1] > origin[1] + 34 * scale], 420.0 * density)
    canvas.fill(smooth(mirrored(_ARCH_MARROW, 1, scale=scale, origin=origin)), MARROW * density)
    canvas.fill(smooth(mirrored(_CANAL, 1, scale=scale, origin=origin)), tissues["canal"])
    theta = angles(64)
    dent = 1.0 - 0.17 * np.exp(-((wrapped(theta - _BACK) / 0.5) ** 2))
    bone = blob(origin, (24.0 * scale, 18.0 * scale), points=64)
    bone = (bone - np.array(origin)) * dent[:, None] + np.array(origin)
    if is_disc:
        canvas.fill(bone, tissues["disc"])
        return
    canvas.fill(bone, CORTICAL_BONE * 0.75 * density)
    inner = (bone - np.array(origin)) * 0.92 + np.array(origin)
    canvas.fill(inner, MARROW * density)
    canvas.mottle(inner, grain * density)


def on_wall(outer: Points, angle: float, *, depth_mm: float) -> tuple[Point, float]:
    """Return the point ``depth_mm`` inside a contour in one direction, and the wall's direction."""
    theta = np.arctan2(outer[:, 1], outer[:, 0])
    nearest = int(np.argmin(np.abs(wrapped(theta - angle))))
    here, after = outer[nearest], outer[(nearest + 2) % len(outer)]
    right, down = (here * (1.0 - depth_mm / np.hypot(*here))).tolist()
    along = after - here
    return (right, down), float(np.arctan2(along[1], along[0]))


def paint_ribs(scene: Scene) -> None:
    """Paint the lower ribs where they cut the slice: more of them the higher it lies."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    rng = stream(plan.series_seed, "ribs")
    outer = muscle_contour(plan)
    start, gap = rng.uniform(0.62, 0.85), rng.uniform(0.42, 0.56)
    jitter = rng.normal(0, 0.05, (2, 5))
    sizes = rng.uniform(0.8, 1.2, (2, 5))
    n_ribs = int(np.clip(3.2 + scene.height_mm / 16 + rng.normal(0, 0.5), 1, 5))
    for side in (0, 1):
        for number in range(n_ribs):
            from_back = start + gap * number + jitter[side, number] + 0.006 * scene.height_mm
            if from_back > 2.3:  # the rest is cartilage
                continue
            angle = _BACK + (from_back if side == 0 else -from_back)
            centre, tangent = on_wall(outer, angle, depth_mm=4.5)
            radii = (9.5 * sizes[side, number], 3.9)
            canvas.fill(
                blob(centre, (radii[0] + 1.5, radii[1] + 1.5), turn=tangent), tissues["muscle"]
            )
            canvas.fill(blob(centre, radii, turn=tangent), CORTICAL_BONE)
            canvas.fill(blob(centre, (radii[0] - 2.2, radii[1] - 1.9), turn=tangent), MARROW)
