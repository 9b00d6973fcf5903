"""Data folders drawn for one test."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from core.datasets.manifest import Manifest
from core.tasks import load_task


def write_folder(root: Path, table: str | bytes | None, *, description: str = "") -> Path:
    """Write labels.csv and dataset.yaml, and an empty file for each first cell of a row."""
    root.mkdir(parents=True, exist_ok=True)
    if description:
        (root / "dataset.yaml").write_text(description, encoding="utf-8")
    if table is None:
        return root
    content = table if isinstance(table, bytes) else table.encode()
    (root / "labels.csv").write_bytes(content)
    for line in content.decode("utf-8", "ignore").splitlines()[1:]:
        name = line.split(",")[0].strip().replace("\\", "/")
        if name and "gone" not in name and ".." not in name and not name.startswith("/"):
            touch(root / name)
    return root


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def write_picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())


def manifest_of(
    groups: dict[str, tuple[str, int]], *, task: str = "kidney_ct", source: str = "column"
) -> Manifest:
    """Return a manifest without files: ``groups`` maps a name to (label, number of pictures)."""
    rows = [
        (f"{group}_{number:04d}.png", label, group)
        for group, (label, n) in groups.items()
        for number in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["file", "label", "group"])
    return Manifest(Path("nowhere"), load_task(task), frame, source)


def kidney_groups(n_per_class: int = 8, seed: int = 0) -> dict[str, tuple[str, int]]:
    """Return groups of all four classes, 1 to 30 pictures each."""
    rng = np.random.default_rng(seed)
    names = load_task("kidney_ct").class_names
    return {
        f"{label}{number:02d}": (label, int(rng.integers(1, 31)))
        for label in names
        for number in range(n_per_class)
    }
