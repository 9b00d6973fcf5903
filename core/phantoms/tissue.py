"""How bright tissues are, in HU, by contrast phase.

Typical values of abdominal CT at 120 kV (Prokop & Galanski, *Spiral and Multislice Computed
Tomography of the Body*, 2003); a series moves each by a few HU of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.phantoms.series import PHASES, SeriesPlan, stream

_HU_BY_PHASE: Mapping[str, tuple[float, float, float, float]] = {
    # tissue: without contrast, arterial (corticomedullary), venous (nephrographic), excretory
    "skin": (15, 20, 25, 20),
    "fat": (-106, -106, -105, -106),
    "muscle": (54, 58, 64, 60),
    "liver": (58, 72, 112, 92),
    "liver_vessel": (42, 75, 165, 105),
    "spleen": (48, 125, 122, 98),
    "pancreas": (38, 100, 98, 72),
    "bowel_wall": (36, 78, 88, 66),
    "artery": (42, 310, 158, 112),
    "vein": (40, 92, 152, 112),
    "renal_vein": (40, 165, 160, 112),
    "cortex": (33, 176, 172, 128),
    "medulla": (32, 78, 158, 132),
    "pelvis": (6, 8, 10, 250),
    "sinus_fat": (-82, -80, -78, -80),
    "mass": (44, 100, 82, 66),
    "necrosis": (18, 22, 24, 22),
    "cyst": (4, 5, 6, 6),
    "disc": (85, 88, 95, 92),
    "canal": (26, 28, 30, 28),
}

CORTICAL_BONE = 620.0
MARROW = 150.0
CALCIUM = 520.0
GAS = -930.0
AIR = -1000.0


class Tissues:
    """The HU of every tissue in one series."""

    def __init__(self, plan: SeriesPlan) -> None:
        rng = stream(plan.series_seed, "tissue")
        column = PHASES.index(plan.phase)
        uptake = float(rng.uniform(0.86, 1.14))  # timing of the bolus and of the heart
        self._values: dict[str, float] = {}
        for name, by_phase in _HU_BY_PHASE.items():
            plain, now = by_phase[0], by_phase[column]
            self._values[name] = plain + (now - plain) * uptake + float(rng.normal(0, 2.0))

    def __getitem__(self, name: str) -> float:
        return self._values[name]
