"""Experiment files written for one test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

SMALL: dict[str, Any] = {
    "key": "mine",
    "title": "Mine",
    "task": "phantom_ct",
    "architecture": "mobilenet_small",
    "training": {"epochs": 1, "steps_per_epoch": 2, "variants": 2},
    "augmentation": {"flip_left_right": 0.5},
    "seed": 4,
    "data": {"series": 40, "limit": 32},
}


def write_experiment(folder: Path, *, name: str = "mine.yaml", **changes: object) -> Path:
    """Write an experiment that is right but for these changes; None takes a key away."""
    content = {key: value for key, value in {**SMALL, **changes}.items() if value is not None}
    path = folder / name
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
