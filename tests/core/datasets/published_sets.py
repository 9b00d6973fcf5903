"""Folders as public sets are published, with pictures drawn for one test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

SIDE = 72


def drawing(scene: int, take: int = 0) -> np.ndarray:
    """Return one picture: other scenes look different, takes of one scene nearly equal."""
    coarse = np.random.default_rng(scene).integers(20, 230, (9, 9)).astype(np.uint8)
    pixels = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng([scene, take, 1]).integers(-4, 5, pixels.shape)
    return np.clip(pixels.astype(int) + grain, 0, 255).astype(np.uint8)


def put(root: Path, file: str, *, scene: int, take: int = 0) -> Path:
    """Write one drawing."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    path.write_bytes(cv2.imencode(suffix, drawing(scene, take))[1].tobytes())
    return path


def kidney_set(root: Path) -> Path:
    """Write class folders with names that say nothing: two series a class, three slices each."""
    base = root / "CT-KIDNEY" / "CT-KIDNEY"
    for place, name in enumerate(("Cyst", "Normal", "Stone", "Tumor")):
        for number in range(6):
            put(
                base,
                f"{name}/{name}- ({number + 1}).jpg",
                scene=10 * place + number // 3,
                take=number,
            )
    return root


CHEST = {
    "train/NORMAL/IM-0115-0001.jpeg": 1,
    "train/NORMAL/NORMAL2-IM-1427-0001.jpeg": 2,
    "train/PNEUMONIA/person12_bacteria_34.jpeg": 3,
    "train/PNEUMONIA/person12_bacteria_35.jpeg": 4,
    "train/PNEUMONIA/person7_virus_3.jpeg": 5,
    "val/NORMAL/IM-0116-0001.jpeg": 6,
    "test/PNEUMONIA/person12_virus_80.jpeg": 7,
    "test/NORMAL/IM-0115-0002.jpeg": 8,
}


def chest_set(root: Path) -> Path:
    """Write train, val and test folders whose names carry patient and class."""
    for file, scene in CHEST.items():
        put(root, file, scene=scene)
    return root


def glomeruli_set(
    root: Path, rows: Iterable[tuple[str, int]], *, header: str = "name,ground truth"
) -> Path:
    """Write ``public.csv`` and a drawing for each row, in turn in one of two folders."""
    root.mkdir(parents=True, exist_ok=True)
    lines = [header]
    for number, (name, label) in enumerate(rows):
        put(root, f"{'ab'[number % 2]}_images/{name}", scene=number)
        lines.append(f"{name},{label}")
    (root / "public.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def biopsies(n: int = 12) -> list[tuple[str, int]]:
    """Return rows of ``n`` biopsies, two crops each, the labels in turn."""
    return [
        (f"S-2006-{biopsy:06d}_PAS_1of2_64552732435c92704a3d{biopsy:02x}{crop}a.png", biopsy % 2)
        for biopsy in range(n)
        for crop in range(2)
    ]
