"""The lesion: the one thing in a drawing that depends on the label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.phantoms.canvas import Point, Points
from core.phantoms.kidneys import LEFT, RIGHT, Kidney
from core.phantoms.scene import Scene
from core.phantoms.series import SeriesPlan, stream
from core.phantoms.shapes import blob
from core.phantoms.tissue import CALCIUM


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """What is wrong with one kidney of a series. Lengths in mm, angles in rad.

    ``angle`` : its direction from the kidney's centre, 0 straight away from the hilum; turned to
    the side and front rather than towards the spine. ``depth`` : where its centre lies between
    the kidney's centre (0) and outline (1), and beyond.
    ``half_height_mm`` : half of its extent across the slices.
    """

    kind: str
    side: int
    radii_mm: Point
    angle: float
    depth: float
    half_height_mm: float
    centre_height_mm: float
    turn: float
    waves: NDArray[np.float64]
    offset_hu: float

    def share_at(self, height_mm: float) -> float:
        """Return the size in a slice, as a share of the largest: a ball, never wholly gone."""
        away = (height_mm - self.centre_height_mm) / self.half_height_mm
        return float(np.sqrt(max(0.3, 1.0 - away**2)))

    def size_at(self, height_mm: float) -> float:
        """Return the largest diameter in a slice, in mm."""
        return 2.0 * max(self.radii_mm) * self.share_at(height_mm)


_FADING = np.array([[1.0], [1.0], [0.9], [0.7], [0.5], [0.4]])  # bumps, no spikes
_SIZES_MM = {"stone": (3.2, 15.0), "cyst": (10.0, 58.0), "tumor": (10.0, 78.0)}


def _draw_diameter(label: str, share: float) -> float:
    """Return a size in mm: even steps of the logarithm, fewer of the smallest."""
    low, high = _SIZES_MM[label]
    return float(low * (high / low) ** share**0.6)


def plan_lesion(plan: SeriesPlan, label: str) -> Lesion | None:
    """Draw the lesion of a series for a label; None when there is nothing to find."""
    if label == "normal":
        return None
    rng = stream(plan.series_seed, "lesion")
    side = RIGHT if rng.uniform() < 0.5 else LEFT
    diameter = _draw_diameter(label, float(rng.uniform()))
    bulk = float(np.clip((diameter / 2 - 12) / 24, 0, 1))  # the larger, the less room behind
    uneven = {"stone": 0.3, "cyst": 0.06, "tumor": 0.2}[label]
    stretch = 1.0 + float(rng.uniform(0, uneven))
    heights = plan.heights_mm
    half_stack = (heights[-1] - heights[0]) / 2
    rough = {"stone": 0.05, "cyst": 0.008, "tumor": 0.055}[label]
    return Lesion(
        kind=label,
        side=side,
        radii_mm=(diameter / 2 * stretch**0.5, diameter / 2 / stretch**0.5),
        angle=-side * float(rng.uniform(-0.7 + 1.3 * bulk, 1.5)),
        depth=float(rng.uniform(0.5, 1.05)),
        half_height_mm=max(diameter * 0.6, half_stack * float(rng.uniform(1.05, 1.6))),
        centre_height_mm=float(np.mean(heights)) + half_stack * float(rng.uniform(-0.4, 0.4)),
        turn=float(rng.uniform(0, np.pi)),
        waves=rng.normal(0, rough, (6, 2)) * _FADING,
        offset_hu=float(rng.normal(0, 1)),
    )


def paint_lesion(scene: Scene, lesion: Lesion, *, kidney: Kidney) -> list[Points]:
    """Paint the lesion into its kidney and return its outlines in this slice."""
    rng = stream(scene.plan.series_seed, "lesion")
    rng.normal(size=64)
    if lesion.kind == "stone":
        return _paint_stones(scene, lesion, kidney=kidney, rng=rng)
    share = lesion.share_at(scene.height_mm)
    contour = blob(
        _parenchymal_place(lesion, kidney),
        (lesion.radii_mm[0] * share, lesion.radii_mm[1] * share),
        turn=lesion.turn,
        coefficients=lesion.waves,
        points=64,
    )
    if lesion.kind == "cyst":
        scene.canvas.fill(contour, scene.tissues["cyst"] + 5.0 * lesion.offset_hu)
    else:
        _paint_mass(scene, lesion, contour=contour, rng=rng)
    return [contour]


def _parenchymal_place(lesion: Lesion, kidney: Kidney) -> Point:
    angle = kidney.hilum + np.pi + lesion.angle
    edge = kidney.edge(angle)
    # What is large has grown from within: its centre stays near the kidney.
    return kidney.place(angle, min(lesion.depth * edge, edge + 10 - 0.5 * max(lesion.radii_mm)))


def _paint_stones(
    scene: Scene, lesion: Lesion, *, kidney: Kidney, rng: np.random.Generator
) -> list[Points]:
    """Paint a stone: it lies in a calyx or the pelvis; one in four has a smaller neighbour."""
    density = float(np.exp(rng.uniform(np.log(350), np.log(1300))))
    second, size = bool(rng.uniform() < 0.25), float(rng.uniform(0.45, 0.8))
    angle = kidney.hilum + np.pi + lesion.angle
    reach = kidney.size_mm * (0.14 + 0.3 * (lesion.depth - 0.45) / 0.6 + 0.06 * kidney.opening)
    share = lesion.share_at(scene.height_mm)
    radii = (lesion.radii_mm[0] * share, lesion.radii_mm[1] * share)
    contours = [
        blob(
            kidney.place(angle, reach),
            radii,
            turn=lesion.turn,
            coefficients=lesion.waves,
            points=24,
        )
    ]
    if second:
        beside = kidney.place(angle + 0.9, reach * 1.15)
        contours.append(blob(beside, (radii[0] * size, radii[1] * size), points=20))
    for contour in contours:
        scene.canvas.fill(contour, density)
    return contours


def _paint_mass(scene: Scene, lesion: Lesion, *, contour: Points, rng: np.random.Generator) -> None:
    """Paint soft tissue that takes up contrast unevenly; the larger, the more of it is dead."""
    canvas, tissues = scene.canvas, scene.tissues
    centre, radius = contour.mean(axis=0), float(np.mean(lesion.radii_mm))
    level = tissues["mass"] + 7.0 * lesion.offset_hu
    canvas.fill(contour, level)
    uneven = 9.0 + 0.16 * abs(level)
    cells = int(np.clip(radius / 2.2, 3, 12))
    canvas.mottle(contour, rng.normal(0, uneven, (cells, cells)).astype(np.float32))
    dead = float(rng.uniform(0.0, 0.62)) * min(1.0, radius / 14)
    where = rng.normal(0, 0.16, 2) * radius
    waves, is_calcified = rng.normal(0, 0.12, (4, 2)), bool(rng.uniform() < 0.12)
    if dead > 0.22:
        place = (float(centre[0] + where[0]), float(centre[1] + where[1]))
        size = (radius * dead, radius * dead * 0.8)
        core = blob(place, size, turn=lesion.turn, coefficients=waves, points=32)
        canvas.fill(core, tissues["necrosis"])
    if is_calcified and radius > 8:
        spots = centre + rng.uniform(-0.6, 0.6, (3, 2)) * radius
        canvas.dots(spots, rng.uniform(0.8, 1.7, 3).tolist(), value=CALCIUM * 0.7)
