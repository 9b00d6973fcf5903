"""The table of steps: what a task file may name under ``recipe``."""

from __future__ import annotations

from core.preprocessing.clahe_lab import ClaheLab
from core.preprocessing.pad_square import PadSquare
from core.preprocessing.resize import Resize
from core.preprocessing.step import Step

SIZES = (96, 128, 160, 192, 224, 256, 299, 320, 384, 512)

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        *(Resize("lanczos", size) for size in SIZES),
        *(Resize("area", size) for size in SIZES),
        ClaheLab(clip=4, tiles=8),
        PadSquare("black"),
        PadSquare("border"),
    )
}
