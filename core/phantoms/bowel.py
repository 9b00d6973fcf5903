"""Stomach, colon, small bowel and the vessels of the mesentery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.phantoms.canvas import Point, Points
from core.phantoms.scene import Scene
from core.phantoms.series import SeriesPlan, stream
from core.phantoms.shapes import blob
from core.phantoms.tissue import GAS

_MOST_LOOPS, _TRIES = 26, 90


@dataclass(frozen=True, slots=True)
class Loop:
    """One cut through bowel: ``contents`` is collapsed, fluid, gas, stool or dense."""

    centre: Point
    radii: Point
    turn: float
    contents: str


def paint_loop(scene: Scene, loop: Loop, *, rng: np.random.Generator) -> None:
    """Paint the wall of a loop and what is in it; always the same number of draws."""
    canvas, tissues = scene.canvas, scene.tissues
    waves = rng.normal(0, 0.05 if loop.contents == "collapsed" else 0.03, (5, 2))
    thick, fluid = float(rng.uniform(1.6, 2.6)), float(rng.uniform(5, 38))
    fill, bubbles = float(rng.uniform(-0.55, 0.5)), rng.uniform(-0.75, 0.75, (16, 2))
    radii, grey = rng.uniform(0.6, 2.3, 16), float(rng.uniform(-650, -150))
    outside = blob(loop.centre, loop.radii, turn=loop.turn, coefficients=waves)
    canvas.fill(outside, tissues["bowel_wall"])
    inner = (loop.radii[0] - thick, loop.radii[1] - thick)
    if loop.contents == "collapsed" or min(inner) < 2.5:
        return
    lumen = blob(loop.centre, inner, turn=loop.turn, coefficients=waves)
    canvas.fill(lumen, {"dense": 190.0 + 4 * fluid, "stool": 28.0}.get(loop.contents, fluid))
    if loop.contents == "gas":
        canvas.fill(_above(lumen, loop.centre[1] + fill * inner[1]), GAS)
    elif loop.contents == "stool":
        canvas.dots(
            np.array(loop.centre) + bubbles * np.array(inner) * 0.85, radii.tolist(), value=grey
        )


def _above(contour: Points, level: float) -> Points:
    """Return the part of the contour in front of a fluid level (patients lie on their back)."""
    cut = contour.copy()
    cut[:, 1] = np.minimum(cut[:, 1], level)
    return cut


def paint_stomach(scene: Scene, *, reach: float) -> None:
    """Paint the stomach with food, fluid and, often, a level of gas."""
    plan = scene.plan
    rng = stream(plan.series_seed, "bowel")
    rng.normal(size=3)
    contents = ("gas", "gas", "fluid", "stool")[int(rng.integers(4))]
    width, depth = plan.muscle_radii_mm
    centre = (0.36 * width, -0.5 * depth)
    radii = (0.31 * width * (0.5 + 0.5 * reach), 0.27 * depth * (0.6 + 0.4 * reach))
    paint_loop(scene, Loop(centre, radii, -0.2, contents), rng=rng)


def colon_loops(plan: SeriesPlan, level: float) -> list[Loop]:
    """Return the ascending, descending and transverse colon as far as the slice cuts them."""
    rng = stream(plan.series_seed, "bowel")
    width, depth = plan.muscle_radii_mm
    sizes = rng.uniform(0.85, 1.2, 6)
    kinds = [("stool", "stool", "gas", "fluid", "collapsed")[k] for k in rng.integers(5, size=6)]
    moves = rng.normal(0, 3.0, (6, 2))
    stretch, turns = rng.uniform(1.0, 1.3, 6), rng.normal(0, 0.35, 6)
    x_of = (0.76, -0.72, -0.42, -0.05, 0.3, 0.55)
    y_of = (0.04, -0.06, -0.66, -0.74, -0.7, -0.52)
    girths = (13.0, 18.0, 15.0, 15.0, 15.0, 13.0)
    turned = float(np.clip((level - 0.22) / 0.2, 0, 1))  # near the spleen it turns to the front
    x_of, y_of = (0.76 - 0.1 * turned, *x_of[1:]), (0.04 - 0.46 * turned, *y_of[1:])
    loops = []
    for number in range(6):
        if number == 1 and level > 0.5:  # the liver takes the place of the right flexure
            continue
        if number >= 2 and level > 0.62:  # the transverse colon hangs below the stomach
            continue
        girth = girths[number] * float(sizes[number])
        centre = (
            x_of[number] * width + float(moves[number, 0]),
            y_of[number] * depth + float(moves[number, 1]),
        )
        radii = (girth * float(stretch[number]), girth / float(stretch[number]))
        loops.append(Loop(centre, radii, float(turns[number]), kinds[number]))
    return loops


def small_bowel_loops(
    plan: SeriesPlan, height_mm: float, *, taken: Sequence[tuple[Point, float]]
) -> list[Loop]:
    """Return loops strewn over the front of the cavity, clear of what is ``taken``.

    ``taken`` holds (centre, radius) of the organs that were there first.
    """
    rng = stream(plan.series_seed, "bowel")
    rng.normal(size=7)
    width, depth = plan.muscle_radii_mm
    wanted = int(rng.integers(11, _MOST_LOOPS))
    tries = rng.uniform(-1, 1, (_TRIES, 2)) * np.array([0.66 * width, 0.42 * depth])
    tries[:, 1] -= 0.34 * depth
    moved = tries + rng.normal(0, 0.28, (_TRIES, 2)) * height_mm
    radii = rng.uniform(5.5, 11.0, (_TRIES, 1)) * rng.uniform(0.8, 1.0, (_TRIES, 2))
    radii[:, 0] *= rng.uniform(1.0, 2.1, _TRIES)  # loops are cut lengthwise as often as across
    turns = rng.uniform(0, np.pi, _TRIES).tolist()
    kinds = rng.choice(("collapsed", "collapsed", "fluid", "fluid", "gas"), _TRIES)
    girths = radii.mean(axis=1)
    placed = np.empty((len(taken) + _TRIES, 3))
    n_placed, loops = len(taken), []
    for number, (centre, reach) in enumerate(taken):
        placed[number] = (*centre, reach)
    for number in range(_TRIES):
        gaps = placed[:n_placed, :2] - tries[number]
        room = 0.82 * (placed[:n_placed, 2] + girths[number])
        if (np.einsum("ij,ij->i", gaps, gaps) <= room**2).any():
            continue
        placed[n_placed] = (*tries[number], girths[number])
        n_placed += 1
        where, size = moved[number].tolist(), radii[number].tolist()
        loops.append(
            Loop((where[0], where[1]), (size[0], size[1]), turns[number], str(kinds[number]))
        )
        if len(loops) == wanted:
            break
    return loops


def paint_bowel(scene: Scene, loops: Sequence[Loop]) -> None:
    """Paint the mesentery's vessels and all loops; some series have oral contrast in them."""
    canvas, plan, tissues = scene.canvas, scene.plan, scene.tissues
    rng = stream(plan.series_seed, "bowel")
    rng.normal(size=11)
    width, depth = plan.muscle_radii_mm
    vessels = rng.uniform(-1, 1, (34, 2)) * np.array([0.6 * width, 0.4 * depth])
    vessels[:, 1] -= 0.28 * depth
    mix = (tissues["artery"] + 2 * tissues["vein"]) / 3
    canvas.dots(vessels, rng.uniform(0.6, 1.9, 34).tolist(), value=mix * 0.9)
    for start, along in zip(vessels[:12], rng.normal(0, 9, (12, 2, 2)), strict=True):
        branch = np.vstack((start, start + along[0], start + along[0] + along[1]))
        canvas.line(branch, mix * 0.6, width_mm=0.9)
    dense = plan.look_alike == "dense_bowel"
    for number, loop in enumerate(loops):
        is_dense = dense and (number == 0 or (loop.contents == "fluid" and number % 2 == 0))
        now = "dense" if is_dense else loop.contents
        paint_loop(scene, Loop(loop.centre, loop.radii, loop.turn, now), rng=rng)
