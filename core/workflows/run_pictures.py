"""The pictures behind a stored run: found below the data root, or drawn; and what a version says.

A run stores names, never pictures. A name is looked up in the folder that the run was made on, and
one that would lead outside that folder is not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import settings
from core.domain import Answer
from core.errors import DatasetError, EvaluationError, IntakeError, PhantomError
from core.intake import read_study
from core.tasks import TaskSpec, load_task
from core.workflows.files import read_file
from core.workflows.stored_runs import StoredRun
from core.workflows.teaching import SOURCE as DRAWN

THUMBNAIL = 160


@dataclass(frozen=True, slots=True)
class PictureSource:
    """Where the pictures of a run come from.

    Attributes
    ----------
    folder : Path or None
        Folder that ``file`` is relative to; None where they are drawn, or away.
    drawn : bool
        Whether they are phantoms, drawn again from their names.
    already_applied : tuple of str
        Recipe steps that the pictures carry.
    sentence : str
        How to attach the pictures; empty where they are at hand.
    """

    folder: Path | None = None
    drawn: bool = False
    already_applied: tuple[str, ...] = ()
    sentence: str = ""

    @property
    def attached(self) -> bool:
        """Whether pictures can be read."""
        return self.drawn or self.folder is not None

    def read(self, file: str) -> bytes:
        """Return the bytes of one picture of the run.

        Raises
        ------
        IntakeError
            If it is not there, or its name leads outside the folder.
        """
        if self.drawn:
            return _draw(file)
        if self.folder is None:
            raise IntakeError("The pictures of this run are away.", remedy=self.sentence)
        path = self.folder / file
        if "\0" in file or not path.resolve().is_relative_to(self.folder.resolve()):
            raise IntakeError(
                "The name leads outside the data folder.", remedy="Correct the run's file names."
            )
        return read_file(path)


def picture_source(stored: StoredRun) -> PictureSource:
    """Return where the pictures of a run are; never raises, the sentence says what is missing."""
    task = load_task(stored.facts.task) if stored.facts.task else None
    # The table of somebody else's model names a file, not a data set: the task's own folder.
    return source_named(stored.facts.data, task, in_tasks_folder=stored.facts.model_version is None)


def source_named(
    name: str, task: TaskSpec | None, *, in_tasks_folder: bool = False
) -> PictureSource:
    """Return where the pictures of a data set are; never raises, the sentence says what is missing.

    ``in_tasks_folder``: where no folder bears the name, the task's own folder is meant.
    """
    if task is not None and task.source_for(DRAWN) is not None:
        return PictureSource(drawn=True)
    root = settings().data_root
    if root is None:
        return PictureSource(
            sentence=f"The pictures ({name}) are not attached: set SECOND_LOOK_DATA_ROOT to the "
            "folder that holds the data set's folder, and start again."
        )
    folder = _folder_of(root, name)
    if folder is None and task is not None and in_tasks_folder:
        folders = [root / source.folder for source in task.sources if source.folder]
        folder = next((path for path in folders if path.is_dir()), None)
    if folder is not None:
        return PictureSource(folder=folder, already_applied=_carried(folder))
    return PictureSource(
        sentence=f"No folder below the data root holds the pictures ({name}): put the "
        "data set's folder there, with its dataset.yaml."
    )


def answer_for(stored: StoredRun, source: PictureSource, file: str) -> Answer:
    """Return what the run's version answers to one of its pictures, with the map of every class.

    Runs the engine (OpenVINO): tens of milliseconds a view, so keep the answer.

    Raises
    ------
    IntakeError
        If the picture cannot be had.
    EvaluationError
        If the run is not of a version of ours: nothing can be asked about its maps.
    ModelVersionError
        If the version is not usable.
    """
    facts = stored.facts
    if facts.task is None or facts.model_version is None:
        raise EvaluationError(
            "The run comes from a model that is not installed here, so there is no map.",
            remedy="Maps need a model version of this product.",
        )
    from core.workflows.analyse import answer_image
    from core.workflows.analyst import open_analyst

    analyst = open_analyst(facts.task, facts.model_version)
    image = read_study(source.read(file), default_window=analyst.task.window)
    return answer_image(
        analyst,
        image,
        file=file,
        already_applied=source.already_applied,
        explain_refused=True,
    )


def thumbnail(data: bytes, *, size: int = THUMBNAIL) -> bytes:
    """Return a picture as a PNG of at most ``size`` pixels a side, as intake decodes it.

    Raises
    ------
    IntakeError
        If it is not one readable picture.
    """
    import cv2

    pixels: NDArray[Any] = read_study(data).pixels
    scale = size / max(pixels.shape[:2])
    if scale < 1:
        shape = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    return bytes(cv2.imencode(".png", pixels)[1])


def maps_said(stored: StoredRun) -> str:
    """Return what a person has to know of the maps beside this run's figures, in one sentence.

    Empty where there is nothing to add: the run's answers came from the very weights that draw.
    """
    if stored.facts.model_version is None:
        return "The run comes from a model that is not installed here: there are no maps."
    if stored.facts.split == "out_of_fold":
        return (
            "Maps are drawn by the shipped weights, which were fitted on these pictures too; the "
            "answers of this run came from networks that had not seen them. The two may differ."
        )
    return ""


def _draw(file: str) -> bytes:
    from core.phantoms import phantom_picture

    try:
        return phantom_picture(file)
    except PhantomError as error:
        raise IntakeError(error.problem, remedy=error.remedy) from None


def _folder_of(root: Path, data: str) -> Path | None:
    """Return the folder at or right below the root that is the data set of that name."""
    folders = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
    return next((path for path in folders if data in (path.name, _name(path))), None)


def _name(folder: Path) -> str | None:
    from core.datasets.description import read_description

    try:
        description = read_description(folder)
    except DatasetError:
        return None
    return description.name if description else None


def _carried(folder: Path) -> tuple[str, ...]:
    from core.datasets.description import already_applied_for

    return already_applied_for(folder / "any")
