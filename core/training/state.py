"""The state of a fit on disk, so that a killed run goes on where its last whole epoch ended."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]
PARTS = ("weights", "optimizer", "best")


@dataclass(slots=True, eq=False)
class FitState:
    """Where a fit stands after an epoch.

    Attributes
    ----------
    epochs_done : int
    weights, optimizer : list of ndarray
        The tail as it is being trained, and its optimizer's variables.
    best : list of ndarray
        Weights to keep, (averaged) as validated.
    best_epoch : int
        Zero-based; -1 before the first.
    best_score : float
    history : list of dict
        One entry an epoch.
    finished : bool
    """

    epochs_done: int = 0
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)
    best_epoch: int = -1
    best_score: float = -np.inf
    history: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False


def save_state(state: FitState, path: Path) -> None:
    """Write the state whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {}
    for part in PARTS:
        values: Sequence[NDArray[Any]] = getattr(state, part)
        arrays |= {f"{part}_{place:05d}": value for place, value in enumerate(values)}
    facts = {
        "epochs_done": state.epochs_done,
        "best_epoch": state.best_epoch,
        "best_score": state.best_score if np.isfinite(state.best_score) else None,
        "history": state.history,
        "finished": state.finished,
    }
    save_arrays(path, {"facts": np.array(json.dumps(facts)), **arrays})


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as one ``.npz``, whole or not at all; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part_path = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part_path.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
            stream.flush()
            os.fsync(stream.fileno())
        part_path.replace(path)
    finally:
        part_path.unlink(missing_ok=True)


def load_state(path: Path) -> FitState | None:
    """Return the stored state, or None where there is none that can be read."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            facts: dict[str, Any] = json.loads(str(archive["facts"]))
            parts: dict[str, Any] = {
                part: [archive[name] for name in sorted(archive.files) if name.startswith(part)]
                for part in PARTS
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    score = facts.pop("best_score")
    return FitState(**facts, **parts, best_score=-np.inf if score is None else score)
