"""What may be taken for a lesion, drawn outside the kidneys and without regard to the label.

Lobulated cortex, a wide pelvis and dense bowel are drawn with the kidneys and the bowel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from core.phantoms.body import muscle_contour, on_wall, spine_centre, spine_scale
from core.phantoms.kidneys import Kidney
from core.phantoms.organs import gallbladder, great_vessels, liver_contours
from core.phantoms.scene import Scene
from core.phantoms.series import stream
from core.phantoms.shapes import blob
from core.phantoms.tissue import CALCIUM

Kidneys = tuple[Kidney, Kidney]


def paint_look_alike(scene: Scene, kidneys: Kidneys) -> None:
    """Paint the look-alike of the series, if one is drawn here."""
    painter = _PAINTERS.get(scene.plan.look_alike)
    if painter is not None:
        painter(scene, kidneys)


def _draws(scene: Scene) -> np.random.Generator:
    return stream(scene.plan.series_seed, "look_alike")


def _vascular_calcification(scene: Scene, kidneys: Kidneys) -> None:
    """Paint plaque in the wall of the aorta, and at the mouth of a renal artery near the hilum."""
    rng = _draws(scene)
    kidney = kidneys[int(rng.integers(2))]
    (left, top), (radius, _) = great_vessels(scene.plan)["aorta"]
    around = rng.uniform(0, 2 * np.pi, 4)
    wall = np.column_stack((left + radius * np.cos(around), top + radius * np.sin(around)))
    sizes = rng.uniform(0.9, 2.3, 5).tolist()
    hilar = kidney.place(kidney.hilum - 0.24, float(rng.uniform(1.05, 1.4)) * kidney.size_mm)
    scene.canvas.dots(np.vstack((wall, [hilar])), sizes, value=CALCIUM)


def _costal_calcification(scene: Scene, kidneys: Kidneys) -> None:
    """Paint calcified costal cartilage in the front of the wall."""
    rng = _draws(scene)
    outer = muscle_contour(scene.plan)
    for side in (-1, 1):
        angle = -np.pi / 2 + side * float(rng.uniform(0.75, 1.15))
        centre, tangent = on_wall(outer, angle, depth_mm=4.8)
        scene.canvas.fill(blob(centre, (11.0, 4.2), turn=tangent, points=32), 105.0)
        along = np.array([np.cos(tangent), np.sin(tangent)])
        spots = centre + rng.uniform(-8, 8, (6, 1)) * along
        spots = spots + rng.uniform(-1.6, 1.6, (6, 2))
        scene.canvas.dots(spots, rng.uniform(0.7, 1.6, 6).tolist(), value=CALCIUM * 0.8)


def _phlebolith(scene: Scene, kidneys: Kidneys) -> None:
    """Paint a calcified vein in the fat in front of the psoas: round, often hollow."""
    rng = _draws(scene)
    side = -1 if rng.uniform() < 0.5 else 1
    scale, (_, middle) = spine_scale(scene.plan), spine_centre(scene.plan)
    right, down = float(rng.uniform(26, 38)), float(rng.uniform(-22, -12))
    place = np.array([[side * right * scale, middle + down * scale]])
    radius = float(rng.uniform(1.3, 2.6))
    scene.canvas.dots(place, [radius], value=CALCIUM)
    if radius > 1.8:
        scene.canvas.dots(place, [radius * 0.4], value=120.0)


def _ureter_contrast(scene: Scene, kidneys: Kidneys) -> None:
    """Paint contrast or a stent in one or both ureters, in front of the psoas."""
    rng = _draws(scene)
    both, scale = bool(rng.uniform() < 0.6), spine_scale(scene.plan)
    down, brightness = float(rng.uniform(-14, -8)), float(rng.uniform(380, 800))
    radius = float(rng.uniform(1.3, 2.3))
    first = int(rng.integers(2))
    inward = float(rng.uniform(29, 35))
    for number, kidney in enumerate(kidneys):
        if not both and number != first:
            continue
        aside = kidney.side * (inward - 0.06 * scene.height_mm) * scale
        place = np.array([[aside, spine_centre(scene.plan)[1] + down * scale]])
        scene.canvas.dots(place, [radius], value=brightness)


def _adjacent_nodule(scene: Scene, kidneys: Kidneys) -> None:
    """Paint a second spleen or a node: soft tissue beside a kidney, not of it."""
    rng = _draws(scene)
    kidney = kidneys[int(rng.integers(2))]
    radius = float(rng.uniform(4.0, 9.0))
    angle = -np.pi / 2 - kidney.side * float(rng.uniform(-0.1, 0.7))
    place = kidney.place(angle, kidney.edge(angle) + radius + float(rng.uniform(1.5, 4.0)))
    waves = rng.normal(0, 0.05, (4, 2))
    halo = blob(place, (radius + 2.0, radius * 0.9 + 2.0), coefficients=waves, points=32)
    scene.canvas.fill(halo, scene.tissues["fat"])
    level = scene.tissues["pancreas"] + float(rng.normal(0, 8))
    scene.canvas.fill(blob(place, (radius, radius * 0.9), coefficients=waves, points=32), level)


def _liver_cyst(scene: Scene, kidneys: Kidneys) -> None:
    """Paint water in the liver, or, in slices below it, a fluid-filled pouch of the duodenum."""
    rng = _draws(scene)
    lobe = liver_contours(scene.plan, scene.height_mm)[0]
    middle, spread = lobe.mean(axis=0), np.ptp(lobe, axis=0)
    offset = rng.uniform(-0.2, 0.2, 2) * spread
    radius = min(float(rng.uniform(4, 15)), 0.32 * float(spread.min()))
    place = (float(middle[0] + offset[0]), float(middle[1] + offset[1]))
    scene.canvas.fill(blob(place, (radius, radius * 0.95), points=40), scene.tissues["cyst"])


def _gallstone(scene: Scene, kidneys: Kidneys) -> None:
    """Paint rimmed stones in the gallbladder."""
    rng = _draws(scene)
    outline = gallbladder(scene.plan, scene.height_mm)
    middle = outline.mean(axis=0)
    scene.canvas.fill(outline, 9.0)
    spots = middle + rng.uniform(-1, 1, (3, 2)) * np.array([3.5, 5.0])
    for spot, radius in zip(spots, rng.uniform(1.4, 3.2, 3).tolist(), strict=True):
        scene.canvas.dots(spot[None], [radius], value=CALCIUM * 0.7)
        scene.canvas.dots(spot[None], [radius * 0.5], value=140.0)


_PAINTERS: Mapping[str, Callable[[Scene, Kidneys], None]] = {
    "vascular_calcification": _vascular_calcification,
    "costal_calcification": _costal_calcification,
    "phlebolith": _phlebolith,
    "ureter_contrast": _ureter_contrast,
    "adjacent_nodule": _adjacent_nodule,
    "liver_cyst": _liver_cyst,
    "gallstone": _gallstone,
}
