"""Look-alikes are drawn, outside the kidneys, and as often with every label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.phantoms.bowel import colon_loops, paint_bowel, small_bowel_loops
from core.phantoms.canvas import Canvas
from core.phantoms.kidneys import LEFT, RIGHT, plan_kidney
from core.phantoms.look_alikes import paint_look_alike
from core.phantoms.scene import Scene
from core.phantoms.series import LABELS, LOOK_ALIKES, plan_series
from core.phantoms.shapes import polar
from core.phantoms.tissue import Tissues

OUTSIDE = [
    "vascular_calcification",
    "costal_calcification",
    "phlebolith",
    "ureter_contrast",
    "adjacent_nodule",
    "liver_cyst",
    "gallstone",
]


def scene_of(seed: int, look_alike: str) -> Scene:
    plan = replace(plan_series(seed), look_alike=look_alike)
    return Scene(Canvas(plan.scan.placement), plan, Tissues(plan), plan.heights_mm[0])


@pytest.mark.parametrize("look_alike", OUTSIDE)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_a_look_alike_is_drawn_and_not_in_a_kidney(seed, look_alike):
    scene = scene_of(seed, look_alike)
    kidneys = tuple(
        plan_kidney(scene.plan, side, height_mm=scene.height_mm) for side in (RIGHT, LEFT)
    )
    paint_look_alike(scene, kidneys)
    drawn = scene.canvas.finish() > -1000
    inside = scene.canvas.covered([polar(k.centre, 0.8 * k.radius_mm) for k in kidneys])
    assert drawn.any()
    assert not (drawn & inside).any()


def test_a_lobulated_cortex_is_less_round_and_a_wide_pelvis_wider():
    plain, lobed, wide = (
        plan_kidney(replace(plan_series(8), look_alike=key), RIGHT, height_mm=0.0)
        for key in ("none", "lobulated_cortex", "wide_pelvis")
    )
    assert (
        np.abs(np.diff(lobed.radius_mm, 2)).sum() > 1.5 * np.abs(np.diff(plain.radius_mm, 2)).sum()
    )
    assert wide.pelvis_size > 1.2 > plain.pelvis_size


@pytest.mark.parametrize("seed", range(10, 22))
def test_dense_bowel_is_bright(seed):
    def brightest(look_alike: str) -> float:
        scene = scene_of(seed, look_alike)
        loops = small_bowel_loops(scene.plan, scene.height_mm, taken=[])
        paint_bowel(scene, [*loops, *colon_loops(scene.plan, 0.4)])
        return float(np.mean(scene.canvas.finish() > 180))

    assert brightest("dense_bowel") > brightest("none")


def test_every_look_alike_occurs_with_every_label():
    seen = {(plan.label, plan.look_alike) for plan in map(plan_series, range(1500))}
    assert seen == {(label, key) for label in LABELS for key in LOOK_ALIKES}
