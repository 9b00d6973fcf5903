"""The organs around the kidneys: liver, gallbladder, spleen, pancreas and great vessels."""

from __future__ import annotations

import numpy as np

from core.phantoms.body import spine_centre, spine_scale
from core.phantoms.bowel import paint_stomach
from core.phantoms.canvas import Point, Points
from core.phantoms.scene import Scene
from core.phantoms.series import SeriesPlan, stream
from core.phantoms.shapes import blob, smooth


def level_of(plan: SeriesPlan, height_mm: float) -> float:
    """Return how high in the abdomen a slice lies: 0 below the liver, 1 at its largest."""
    own = float(stream(plan.series_seed, "organs").normal(0, 0.13))
    return float(np.clip(0.5 + height_mm / 75.0 + own, 0.0, 1.0))


def at(plan: SeriesPlan, right: float, *, down: float) -> Point:
    """Scale a place of the average body, in mm, to this one."""
    return (right * plan.muscle_radii_mm[0] / 135.0, down * plan.muscle_radii_mm[1] / 95.0)


def liver_contours(plan: SeriesPlan, height_mm: float) -> list[Points]:
    """Return the outline of the right lobe and, in high slices, of the left one."""
    rng = stream(plan.series_seed, "organs")
    rng.normal()
    level = level_of(plan, height_mm)
    size = float(rng.uniform(0.88, 1.12))
    waves = rng.normal(0, 0.035, (2, 4, 2))
    half_wide, half_deep = (14 + 46 * level) * size, (34 + 36 * level) * size
    right_lobe = blob(
        at(plan, -128 + half_wide * 0.95, down=-14 - 8 * level),
        (half_wide, half_deep),
        turn=0.12,
        coefficients=waves[0],
        points=64,
    )
    contours = [right_lobe]
    if level > 0.52:
        reach = (level - 0.52) * 2.0
        centre = at(plan, -58 + 34 * reach, down=-58 - 4 * reach)
        contours.append(
            blob(centre, (30 + 34 * reach, 16 + 9 * reach), turn=-0.1, coefficients=waves[1])
        )
    return contours


def paint_liver(scene: Scene) -> None:
    """Paint the liver with its veins, and the gallbladder under it."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    contours = liver_contours(plan, scene.height_mm)
    for contour in contours:
        canvas.fill(contour, tissues["liver"])
    level = level_of(plan, scene.height_mm)
    rng = stream(plan.series_seed, "vessels")
    inside = contours[0].mean(axis=0)
    spread = np.ptp(contours[0], axis=0) * 0.3
    places = inside + rng.uniform(-1, 1, (9, 2)) * spread
    radii = rng.uniform(0.9, 3.2, 9)
    lengths, turns = rng.uniform(1.0, 3.5, 9), rng.uniform(0, np.pi, 9)
    drift = rng.normal(0, 0.25, (9, 2)) * scene.height_mm
    for place, radius, length, turn in zip(places + drift, radii, lengths, turns, strict=True):
        vessel = blob(tuple(place), (radius * length, radius), turn=float(turn), points=20)
        canvas.fill(vessel, tissues["liver_vessel"])
    has_gallbladder = bool(rng.uniform() < 0.7)
    if has_gallbladder and 0.3 < level < 0.8:
        canvas.fill(gallbladder(plan, scene.height_mm), 10.0 + float(rng.normal(0, 4)))


def gallbladder(plan: SeriesPlan, height_mm: float) -> Points:
    """Return the outline of the gallbladder, at the under side of the liver."""
    level = level_of(plan, height_mm)
    size = float(np.sqrt(max(0.15, 1.0 - ((level - 0.55) / 0.27) ** 2)))
    return blob(at(plan, -66, down=-42), (11.0 * size, 17.0 * size), turn=0.5, points=32)


def paint_upper_left(scene: Scene) -> None:
    """Paint the spleen, the stomach and the pancreas, where the slice is high enough."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    level = level_of(plan, scene.height_mm)
    rng = stream(plan.series_seed, "organs")
    waves, threshold = rng.normal(0, 0.04, (4, 2)), float(rng.uniform(0.28, 0.5))
    if level > threshold:
        reach = min(1.0, 0.35 + (level - threshold) * 2.0)
        place = at(plan, 112 - 5 * reach, down=-2)
        spleen = blob(place, (22 * reach, 44 * reach), turn=-0.25, coefficients=waves, points=56)
        canvas.fill(spleen, tissues["spleen"])
        if plan.phase == "arterial":  # the red pulp fills unevenly at first
            canvas.mottle(spleen, rng.normal(0, 22, (8, 5)).astype(np.float32))
    if level > 0.5:
        paint_stomach(scene, reach=min(1.0, (level - 0.4) * 2.0))
    if 0.25 < level < 0.92:
        _paint_pancreas(scene, level)


def _paint_pancreas(scene: Scene, level: float) -> None:
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    rng = stream(plan.series_seed, "organs")
    rng.normal(size=4)
    n_parts = 3 + round(5 * level)  # the head lies low, the tail high
    sizes = rng.uniform(6.0, 9.5, (8, 2))
    bumps = rng.normal(0, 2.0, 8)
    for number in range(n_parts):
        along = number / 7.0
        place = at(
            plan, -30 + 98 * along, down=-22 - 16 * np.sin(np.pi * along * 0.9) + bumps[number]
        )
        lobule = blob(place, (sizes[number, 0] + 3, sizes[number, 1]), turn=-0.3, points=24)
        canvas.fill(lobule, tissues["pancreas"])


def great_vessels(plan: SeriesPlan) -> dict[str, tuple[Point, Point]]:
    """Return (centre, radii) of the vessels in front of the spine."""
    rng = stream(plan.series_seed, "vessels")
    front = spine_centre(plan)[1] - 19.0 * spine_scale(plan)
    widths, moves = rng.uniform(0.85, 1.2, 4), rng.normal(0, 1.6, (4, 2))
    plain = {
        "aorta": ((7.0, -10.0), (9.5, 9.5)),
        "cava": ((-19.0, -7.0), (12.0, 8.0)),
        "artery": ((4.0, -31.0), (3.4, 3.4)),
        "vein": ((-7.0, -33.0), (5.6, 5.2)),
    }
    placed = {}
    for (name, (place, radii)), width, move in zip(plain.items(), widths, moves, strict=True):
        centre = (place[0] + float(move[0]), front + place[1] + float(move[1]))
        placed[name] = (centre, (radii[0] * float(width), radii[1] * float(width)))
    return placed


def paint_great_vessels(scene: Scene) -> None:
    """Paint aorta, vena cava, mesenteric vessels and, at its height, the left renal vein."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    placed = great_vessels(plan)
    crossing = float(stream(plan.series_seed, "vessels").uniform(-12, 12))
    if abs(scene.height_mm - crossing) < 5.0:
        (left, top), (_, up) = placed["aorta"]
        start, end = placed["cava"][0], (left + 34.0, top + 12.0)
        over = np.array([start, (left, top - up - 3.5), (left + 16, top - 1.0), end], np.float64)
        bend = smooth(np.vstack((over, over[::-1] + 0.01)), 2)
        canvas.line(bend[: len(bend) // 2], tissues["renal_vein"], width_mm=6.0)
    for name, tissue in (
        ("cava", "vein"),
        ("aorta", "artery"),
        ("artery", "artery"),
        ("vein", "vein"),
    ):
        centre, radii = placed[name]
        canvas.fill(blob(centre, radii, points=36), tissues[tissue])
