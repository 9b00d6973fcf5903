"""The kidneys: cortex, pyramids, sinus, pelvis and the vessels of the hilum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.phantoms.body import spine_centre
from core.phantoms.canvas import Point, Points
from core.phantoms.scene import Scene
from core.phantoms.series import SeriesPlan, stream
from core.phantoms.shapes import angles, blob, polar, wobble, wrapped

RIGHT, LEFT = -1, 1
"""Sides as on the screen: the patient's right kidney lies on the left of the picture."""

_HALF_LENGTH_MM = 54.0
_POINTS = 72


@dataclass(frozen=True, slots=True, eq=False)
class Kidney:
    """One kidney as a slice cuts it. ``hilum`` : direction of its opening, rad.

    ``opening`` : 0 at the poles, where there is no sinus, to 1 in the middle. ``radius_mm`` :
    (n,) distance of the outline from the centre at even angles.
    """

    side: int
    centre: Point
    hilum: float
    opening: float
    radius_mm: NDArray[np.float64]
    pyramids: tuple[float, ...]
    pelvis_size: float
    waves: NDArray[np.float64]
    vessels_here: float
    vessels_to: Point
    bends: tuple[float, ...]

    def edge(self, angle: float) -> float:
        """Return the distance of the outline from the centre in one direction."""
        theta = angles(len(self.radius_mm))
        return float(np.interp(angle % (2 * np.pi), theta, self.radius_mm, period=2 * np.pi))

    def place(self, angle: float, distance: float) -> Point:
        """Return the point at a direction and distance (mm) from the centre."""
        return (
            self.centre[0] + distance * float(np.cos(angle)),
            self.centre[1] + distance * float(np.sin(angle)),
        )

    @property
    def size_mm(self) -> float:
        """Mean radius."""
        return float(self.radius_mm.mean())


def plan_kidney(plan: SeriesPlan, side: int, *, height_mm: float) -> Kidney:
    """Return the cut of one kidney at a height."""
    rng = stream(plan.series_seed, "kidney_right" if side == RIGHT else "kidney_left")
    own_height = float(rng.normal(7.0 * side, 5.0))  # the left one lies higher
    along = float(np.clip((height_mm - own_height) / _HALF_LENGTH_MM, -0.93, 0.93))
    size = float(rng.normal(1.0, 0.06)) * plan.scale**0.5
    girth = size * np.sqrt(1.0 - along**2)
    elongation, tilt = float(rng.uniform(1.08, 1.34)), float(rng.normal(0.25, 0.15))
    out, down = float(rng.normal(0, 2.5)), float(rng.normal(0, 3.0))
    facing = -0.55 + float(rng.normal(0, 0.22)) - 0.25 * along
    waves = rng.normal(0, 0.016, (5, 2)) + np.array([[0, 0], [0, 0], [0.01, 0], [0, 0], [0, 0]])
    if plan.look_alike == "lobulated_cortex":
        waves = waves + rng.normal(0, 0.05, (5, 2)) * np.array([[0], [0.3], [1], [1], [0.7]])
    pelvis_size = float(rng.uniform(0.3, 0.85))
    if plan.look_alike == "wide_pelvis":
        pelvis_size = float(rng.uniform(1.3, 2.0))
    # A right angle from the long axis; mirrored for the kidney on the other side of the picture.
    hilum = facing if side == RIGHT else np.pi - facing
    theta = angles(_POINTS)
    turned = theta - (hilum + side * tilt + np.pi / 2)
    half_long, half_short = 26.5 * girth * elongation**0.5, 26.5 * girth / elongation**0.5
    ellipse = 1.0 / np.sqrt((np.cos(turned) / half_long) ** 2 + (np.sin(turned) / half_short) ** 2)
    opening = float(np.clip((0.86 - abs(along)) / 0.4, 0.0, 1.0))
    notch = 0.42 * opening * np.exp(-((wrapped(theta - hilum) / 0.42) ** 2))
    n_pyramids = int(rng.integers(5, 8))
    fan = np.linspace(-2.35, 2.35, n_pyramids) + rng.normal(0, 0.1, n_pyramids)
    middle = spine_centre(plan)
    vessels_at = own_height + float(rng.normal(0, 8.0))
    return Kidney(
        side=side,
        centre=(
            middle[0] + side * (64.0 * plan.scale**0.85 + out - 0.11 * height_mm),
            middle[1] - 6.0 + down - 0.08 * height_mm,
        ),
        hilum=float(hilum),
        opening=opening,
        radius_mm=np.asarray(ellipse * wobble(waves, _POINTS) * (1.0 - notch), np.float64),
        pyramids=tuple(float(hilum + np.pi + offset) for offset in fan),
        pelvis_size=pelvis_size,
        waves=rng.normal(0, 0.09, (5, 2)),
        vessels_here=float(np.exp(-(((height_mm - vessels_at) / 9.0) ** 2))),
        vessels_to=(side * 14.0 - 4.0, middle[1] - 25.0 * plan.scale**0.5),
        bends=tuple(rng.normal(0, 0.16, 4).tolist()),
    )


def paint_perirenal_fat(scene: Scene, kidney: Kidney) -> None:
    """Clear the space around a kidney: organs do not touch it."""
    canvas, tissues = scene.canvas, scene.tissues
    canvas.fill(
        polar(kidney.centre, kidney.radius_mm.max() * 0.35 + kidney.radius_mm * 0.65 + 5.0),
        tissues["fat"],
    )


def paint_kidney(scene: Scene, kidney: Kidney) -> None:
    """Paint cortex, pyramids, the fat of the sinus, its vessels and the pelvis."""
    canvas, tissues = scene.canvas, scene.tissues
    canvas.fill(polar(kidney.centre, kidney.radius_mm + 1.8), tissues["fat"])
    canvas.fill(polar(kidney.centre, kidney.radius_mm), tissues["cortex"])
    for angle in kidney.pyramids:
        canvas.fill(_pyramid(kidney, angle), tissues["medulla"])
    if kidney.opening < 0.05:
        return
    canvas.fill(sinus_contour(kidney), tissues["sinus_fat"])
    size = kidney.size_mm
    for number, angle in enumerate(kidney.pyramids):  # papillae bulge into the sinus
        reach = size * (0.3 + 0.16 * kidney.opening)
        canvas.dots(np.array([kidney.place(angle, reach)]), [0.11 * size], value=tissues["medulla"])
        if number % 2 == 0:
            calyx = kidney.place(angle, 0.62 * reach)
            canvas.dots(
                np.array([calyx]), [1.2 + 0.6 * kidney.pelvis_size], value=tissues["pelvis"]
            )
    _paint_hilum(scene, kidney)


def _pyramid(kidney: Kidney, angle: float) -> Points:
    edge = kidney.edge(angle)
    near, far, half = 0.3 * edge, 0.8 * edge, 0.27
    return np.array(
        [
            kidney.place(angle, near),
            kidney.place(angle - half * 0.75, 0.62 * edge),
            kidney.place(angle - half * 0.8, 0.76 * edge),
            kidney.place(angle, far),
            kidney.place(angle + half * 0.8, 0.76 * edge),
            kidney.place(angle + half * 0.75, 0.62 * edge),
        ]
    )


def sinus_contour(kidney: Kidney) -> Points:
    """Return the outline of the sinus fat: lobed inside, open at the hilum."""
    theta = angles(_POINTS)
    toward = np.exp(-((wrapped(theta - kidney.hilum) / 0.5) ** 2))
    inner = kidney.size_mm * (0.2 + 0.22 * kidney.opening) * wobble(kidney.waves, _POINTS)
    open_to = np.interp(theta, angles(len(kidney.radius_mm)), kidney.radius_mm) + 2.0
    radius = inner * (1.0 - toward) + np.where(toward > 0.05, open_to, inner) * toward
    return polar(kidney.centre, radius)


def pelvis_place(kidney: Kidney) -> Point:
    """Return the middle of the renal pelvis."""
    return kidney.place(kidney.hilum, kidney.size_mm * (0.3 + 0.2 * kidney.pelvis_size))


def _course(kidney: Kidney, beside: float, *, bend: float) -> Points:
    """Return the bent path of a vessel from the sinus to the great vessels, (16, 2)."""
    size = kidney.size_mm
    start = np.array(kidney.place(kidney.hilum + beside, 0.36 * size))
    knee = np.array(kidney.place(kidney.hilum + 0.6 * beside + bend, 1.15 * size))
    share = np.linspace(0.0, 1.0, 16)[:, None]
    path = (1 - share) ** 2 * start + 2 * share * (1 - share) * knee
    return np.asarray(path + share**2 * np.array(kidney.vessels_to), np.float64)


def _paint_hilum(scene: Scene, kidney: Kidney) -> None:
    """Paint the pelvis, and artery and vein on their way to the great vessels."""
    canvas, tissues = scene.canvas, scene.tissues
    shown = 4 + round(12 * kidney.vessels_here)
    vein = _course(kidney, 0.14 + kidney.bends[0], bend=kidney.bends[1])
    canvas.line(vein[:shown], tissues["renal_vein"], width_mm=2.0 + 2.6 * kidney.vessels_here)
    artery = _course(kidney, -0.3 + kidney.bends[2], bend=kidney.bends[3])
    canvas.line(artery[: max(3, shown - 4)], tissues["artery"], width_mm=1.7)
    size = 3.2 * kidney.pelvis_size * (0.5 + kidney.opening)
    pelvis = blob(
        pelvis_place(kidney), (1.5 * size, size), turn=kidney.hilum, coefficients=kidney.waves * 0.6
    )
    canvas.fill(pelvis, tissues["pelvis"])
