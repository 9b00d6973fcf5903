"""Stored runs over a small folder of pictures, some of them copies: the truth of leaks is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.evaluation.runs import RunFacts, write_run
from core.workflows.stored_runs import StoredRun, runs_folder, stored_runs
from tests.drawn_runs import make_run

N = 24
DATA = "drawn_set"


def write_pictures(root: Path, *, copies: dict[int, int] | None = None, n: int = N) -> Path:
    """Write n unlike pictures into ``root/drawn_set``; ``copies`` maps a copy to its original."""
    folder = root / DATA
    folder.mkdir(parents=True)
    pictures = np.random.default_rng(3).integers(0, 256, (n, 72, 72), dtype=np.uint8)
    for copy, original in (copies or {}).items():
        pictures[copy] = pictures[original]
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"picture_{index:05d}.png"), picture)
    return folder


def store(
    name: str,
    *,
    version: Any = None,
    group: list[str] | None = None,
    slices: dict[str, list[str]] | None = None,
    **facts: str,
) -> StoredRun:
    """Store a run of the N pictures, of ``version`` or of a foreign model, and return it."""
    rng = np.random.default_rng(1)
    y_true = np.arange(N) % 4
    y_prob = rng.dirichlet(np.ones(4), N) * 0.4
    y_prob[np.arange(N), y_true] += 0.6 * (rng.random(N) < 0.8)
    y_prob /= y_prob.sum(axis=1, keepdims=True)
    known = {
        "task": "kidney_ct",
        "data": DATA,
        "group_name": "series",
        "group_source": "none" if group is None else "column",
        "created_at": "2026-01-02T03:04:05Z",
        **facts,
    }
    if version is not None:
        known |= {"model_version": version.name, "version_digest": version.digest}
    run = make_run(y_true, y_prob, group=group, facts=RunFacts(**known))
    columns = {key: np.array(values, dtype=object) for key, values in (slices or {}).items()}
    folder = runs_folder("kidney_ct", version.name if version else None)
    write_run(replace(run, slices=columns), folder / name)
    return next(item for item in stored_runs("kidney_ct") if item.name == name)
