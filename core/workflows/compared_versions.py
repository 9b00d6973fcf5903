"""Versions of which only the figures are kept: card, experiment and predictions, no weights.

So every network that was tried can be compared and stands in the table of results, while only the
champions, which answer, take their place in megabytes. They lie in
``models/<task>/compared/<version>/``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.errors import ModelVersionError
from core.inference.card import as_yaml
from core.inference.ensemble import member_versions
from core.inference.package import ModelVersion, compared_folder, find_version, verify
from core.tasks import load_task
from core.workflows.stored_runs import FOLDER

CARD, EXPERIMENT, MEASURED = "card.yaml", "experiment.yaml", "measured.yaml"
N_TIMED = 30


class Measured(BaseModel):
    """What a card cannot know: how long it took, and how long one picture takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    milliseconds: float = Field(
        gt=0, description="Median of one forward pass, one picture; of an ensemble, of all members."
    )
    n_timed: int = Field(ge=1)
    minutes: float | None = Field(
        None, gt=0, description="Wall time of the whole run, folds and random split included."
    )
    machine: str = Field(min_length=1, description="Cores that both were measured on.")
    trained_on: str | None = Field(
        None, min_length=1, description="What the minutes were measured on, if it is another."
    )


def keep_compared(
    task: str, version: str, *, minutes: float | None = None, trained_on: str | None = None
) -> Path:
    """Time a version and keep its figures for comparison; return their folder.

    A version whose figures are kept already is kept anew. The version itself is left as it is.

    Parameters
    ----------
    task, version : str
    minutes : float or None
        What its training took, by the clock of whoever ran it; None: as its card says.
    trained_on : str or None
        The machine of these minutes, where it is another than this one.

    Raises
    ------
    TaskError, ModelVersionError
        If there is no such version, or a file of it was changed.
    """
    found = find_version(load_task(task).key, version)
    verify(found)
    measured = Measured(
        milliseconds=round(sum(map(_milliseconds, member_versions(found) or (found,))), 3),
        n_timed=N_TIMED,
        minutes=_minutes(found) if minutes is None else minutes,
        machine=f"{os.cpu_count()} cores, no GPU",
        trained_on=trained_on,
    )
    folder = compared_folder(task) / found.name
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        _copy(found, draft)
        (draft / MEASURED).write_bytes(as_yaml(measured.model_dump(exclude_none=True)))
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    except OSError as error:
        raise ModelVersionError(
            f"The figures of {version} are not kept: {error.strerror}.",
            remedy="Make room, or let the folder of models be written.",
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _minutes(version: ModelVersion) -> float | None:
    seconds = version.card.training_seconds
    return None if seconds is None else round(seconds / 60, 2)


def _copy(version: ModelVersion, folder: Path) -> None:
    """Copy what figures need, and nothing that answers."""
    folder.mkdir(parents=True)
    for name in version.manifest.files:
        if name in (CARD, EXPERIMENT) or name.startswith(f"{FOLDER}/"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(version.file(name), target)


def _milliseconds(version: ModelVersion) -> float:
    """Return the median of forward passes of one picture, after three that only warm up.

    ``version`` : of one network.
    """
    from core.inference.engine import Engine

    engine = Engine(version)
    rows, columns = version.card.input_size
    picture = np.random.default_rng(0).uniform(0, 255, (1, rows, columns, 3)).astype(np.float32)
    seconds = []
    for _ in range(N_TIMED + 3):
        start = time.perf_counter()
        engine.run_logits_only(picture)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[3:])
