"""What is drawn once for a series and held over its slices; every random choice starts here.

Each part of a drawing has a random stream of its own, named below, seeded by the series alone: all
slices of a series repeat its draws and differ by their height, so neighbours vary smoothly, and the
surroundings of a lesion are the same whichever lesion there is.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from core.errors import PhantomError
from core.phantoms.canvas import SIZE, Placement

LABELS = ("cyst", "normal", "stone", "tumor")
"""What a slice may show, in the order of the task's classes; ``tumor`` is the drawn mass."""

PHASES = ("none", "arterial", "venous", "excretory")
"""Contrast phases, in the order of the columns of :mod:`core.phantoms.tissue`."""

LOOK_ALIKES = (
    "none",
    "vascular_calcification",
    "costal_calcification",
    "dense_bowel",
    "phlebolith",
    "ureter_contrast",
    "lobulated_cortex",
    "wide_pelvis",
    "adjacent_nodule",
    "liver_cyst",
    "gallstone",
)
"""What may be taken for a lesion, drawn as often with every label."""

LARGEST_SEED = 2**31
_SALT = 20_251  # the drawings of this product; another number is another population
_PHASES_UP_TO = (0.46, 0.60, 0.93)  # shares of the phases, summed
_STREAMS = (
    "label", "slices", "patient", "build", "grain", "scanner", "tissue", "wall", "spine", "ribs",
    "organs", "bowel", "vessels", "kidney_right", "kidney_left", "lesion", "look_alike", "noise",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """How a series was acquired: noise as a standard deviation in HU, lengths in pixels."""

    placement: Placement
    noise_hu: float
    noise_grain_px: float
    blur_px: float
    streak_hu: float


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series: a patient, a scan and what it shows. Lengths in mm.

    ``heights_mm`` : height of each slice above the middle of the kidneys. ``muscle_radii_mm`` :
    half width and half depth of the body inside its fat. ``fat_mm`` : thickness of the fat at the
    (side, front, back).
    """

    series_seed: int
    label: str
    phase: str
    look_alike: str
    heights_mm: tuple[float, ...]
    muscle_radii_mm: tuple[float, float]
    boxiness: float
    fat_mm: tuple[float, float, float]
    scan: Scan

    @property
    def scale(self) -> float:
        """Size of the patient's frame; 1 is the average adult's."""
        return self.muscle_radii_mm[0] / 135.0

    @property
    def half_width_mm(self) -> float:
        """Half of the body's width at the skin."""
        return self.muscle_radii_mm[0] + self.fat_mm[0]

    @property
    def body_size(self) -> str:
        """``small``, ``medium`` or ``large``, by the body's width at the skin."""
        if self.half_width_mm < 138:
            return "small"
        return "medium" if self.half_width_mm < 150 else "large"


def stream(series_seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one part of one series, from its start."""
    return np.random.default_rng([_SALT, series_seed, _STREAMS.index(name)])


def noise_stream(series_seed: int, slice_index: int) -> np.random.Generator:
    """Return the noise of one slice: the only draws that neighbours do not share."""
    return np.random.default_rng([_SALT, series_seed, _STREAMS.index("noise"), slice_index])


@functools.lru_cache(maxsize=256)
def plan_series(series_seed: int) -> SeriesPlan:
    """Draw what a series is; the label is drawn apart from everything around it.

    Raises
    ------
    PhantomError
        If the seed is not in 0..2**31 - 1.
    """
    if not 0 <= series_seed < LARGEST_SEED:
        raise PhantomError(
            f"The series number {series_seed} cannot be drawn.",
            remedy=f"Use a whole number from 0 to {LARGEST_SEED - 1}.",
        )
    rng = stream(series_seed, "patient")
    width = float(np.clip(rng.normal(131, 9), 112, 150))
    side_fat = float(np.clip(rng.gamma(4.0, 3.2), 3.5, 30))
    muscle_radii = (width, width * float(rng.uniform(0.66, 0.75)))
    fat = (
        side_fat,
        side_fat * float(rng.uniform(0.7, 1.4)),
        side_fat * float(rng.uniform(0.7, 1.2)),
    )
    boxiness = float(rng.uniform(2.1, 2.5))
    with_look_alike = rng.uniform() < 0.55
    look_alike = LOOK_ALIKES[1 + int(rng.integers(len(LOOK_ALIKES) - 1))]
    phase = PHASES[int(np.searchsorted(_PHASES_UP_TO, rng.uniform()))]
    return SeriesPlan(
        series_seed=series_seed,
        label=LABELS[int(stream(series_seed, "label").integers(len(LABELS)))],
        phase=phase,
        look_alike=look_alike if with_look_alike else "none",
        heights_mm=_draw_heights(series_seed),
        muscle_radii_mm=muscle_radii,
        boxiness=boxiness,
        fat_mm=fat,
        scan=_draw_scan(series_seed, (width + fat[0], muscle_radii[1] + (fat[1] + fat[2]) / 2)),
    )


def _draw_heights(series_seed: int) -> tuple[float, ...]:
    rng = stream(series_seed, "slices")
    n_slices = int(rng.integers(3, 7))
    step, middle = float(rng.uniform(2.0, 4.0)), float(rng.uniform(-24, 24))
    return tuple(middle + step * (index - (n_slices - 1) / 2) for index in range(n_slices))


def _draw_scan(series_seed: int, half_body_mm: tuple[float, float]) -> Scan:
    rng = stream(series_seed, "scanner")
    # The field of view holds the body with a finger's breadth of air around it.
    spacing = max(float(rng.uniform(1.2, 1.4)), (half_body_mm[0] * 1.04 + 6) * 2 / SIZE)
    room = [max(spacing * SIZE / 2 - half * 1.05 - 4, 0.0) for half in half_body_mm]
    shift = (
        float(rng.uniform(-1, 1)) * min(room[0], 9),
        float(rng.uniform(-1, 0.6)) * min(room[1], 14),
    )
    thickness = float(np.mean(half_body_mm))
    dose = float(rng.uniform(0.75, 1.4))
    return Scan(
        placement=Placement(spacing, shift, float(np.clip(rng.normal(0, 0.03), -0.08, 0.08))),
        # Attenuation makes noise grow exponentially with the body's thickness.
        noise_hu=float(np.clip(7.5 * dose * np.exp((thickness - 115) / 60), 5, 24)),
        noise_grain_px=float(rng.uniform(0.55, 0.95)),
        blur_px=float(rng.uniform(0.45, 0.8)),
        streak_hu=float(rng.gamma(2.0, 1.3)),
    )
