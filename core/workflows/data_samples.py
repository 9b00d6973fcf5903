"""A few pictures of a data set, and what a recipe and an augmentation make of one."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.domain import ByteArray
from core.errors import CoreError
from core.tasks import TaskSpec
from core.training.experiments import Experiment, resolve
from core.workflows.data_sets import DataFacts
from core.workflows.folder_files import png_bytes
from core.workflows.pictures import picture_reader
from core.workflows.previewing import PreviewPlan, preview_picture

A_CLASS = 4
SIDE = 176
AS_READ_SAID = "as read"


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of a class: ``png`` is a small copy as base64 text, empty with a ``problem``."""

    file: str
    label: str
    group: str
    png: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A picture after a step, or one augmented version: its words and a PNG as base64 text."""

    words: str
    png: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a recipe and an augmentation make of a picture."""

    stages: tuple[Tried, ...]
    steps_left_out: tuple[str, ...]
    augmented: tuple[Tried, ...]


def samples(made: DataFacts, task: TaskSpec, *, a_class: int = A_CLASS) -> tuple[Sample, ...]:
    """Return pictures of every class, each of another group as far as there are groups.

    Always the same ones: the middle picture of groups that lie evenly among those of the class.
    """
    read = picture_reader(task)
    found = []
    for item in task.classes:
        rows = made.manifest.frame[made.manifest.frame["label"] == item.key]
        groups = sorted(rows["group"].unique())
        places = np.linspace(0, len(groups) - 1, min(a_class, len(groups))).round().astype(int)
        for group in (groups[place] for place in places.tolist()):
            files = rows.loc[rows["group"] == group, "file"].tolist()
            file = files[len(files) // 2]
            try:
                png, problem = _small(read(made.manifest.root / file)), ""
            except CoreError as error:
                png, problem = "", error.problem
            found.append(Sample(file, item.key, str(group), png, problem))
    return tuple(found)


def try_on(
    path: Path,
    task: TaskSpec,
    experiment: Experiment,
    *,
    already_applied: tuple[str, ...],
    n: int = 6,
    seed: int = 0,
) -> Trial:
    """Run an experiment's recipe step by step on a picture and draw augmented versions of it.

    Raises
    ------
    CoreError
        If the picture cannot be read, or a step cannot work on it.
    """
    resolved = resolve(experiment)
    plan = PreviewPlan(
        recipe=resolved.recipe,
        augmentation=resolved.config.augmentation_spec,
        n=n,
        seed=seed,
        is_grey=task.colour == "grey",
    )
    pixels = picture_reader(task)(path)
    made = preview_picture(pixels, plan, already_applied=already_applied)
    stages = []
    for stage in made.stages:
        words = AS_READ_SAID if stage.step == "as_read" else stage.step
        rows, columns = stage.pixels.shape[:2]
        note = f"; {stage.note}" if stage.note else ""
        stages.append(Tried(f"{words}, {columns} × {rows}{note}", _small(stage.pixels)))
    versions = [
        Tried(f"version {number + 1}", _small(pixels))
        for number, pixels in enumerate(made.augmented)
    ]
    return Trial(tuple(stages), made.steps_left_out, tuple(versions))


def _small(pixels: ByteArray) -> str:
    """Return a copy of at most SIDE pixels a side as a PNG in base64."""
    rows, columns = pixels.shape[:2]
    scale = SIDE / max(rows, columns)
    if scale < 1:
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return base64.b64encode(png_bytes(pixels)).decode("ascii")
