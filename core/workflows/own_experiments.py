"""Experiments of one's own: an edited text becomes a file of the folder that a setting names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.config import settings
from core.errors import TrainingError
from core.tasks.validation import KEY_PATTERN
from core.training.experiments import file_of
from core.training.experiments.loader import OWN_FOLDER
from core.workflows.training_jobs import experiment_from_text
from core.workflows.users import Role, require

_KEY_LINE = re.compile(r"^key:.*$", re.MULTILINE)


def own_folder() -> Path | None:
    """Return the folder of one's own experiments; None where no setting names one."""
    return settings().experiments


def save_experiment(text: str, *, key: str, edited: str | None = None) -> Path:
    """Keep a text as an experiment of one's own; return its file, written whole or not at all.

    Parameters
    ----------
    text : str
        As YAML. Its line ``key:`` becomes the new name; everything else, comments too, stays.
    key : str
        The name, which is the file's.
    edited : str or None
        The experiment that the text was made from: one's own may be saved over itself.

    Raises
    ------
    TrainingError
        If no folder is named, the text or the name is wrong, the name is taken, or the folder
        cannot be written.
    RoleError
        If who is logged in may not train.
    """
    require(None, Role.VALIDATOR)
    folder = own_folder()
    if folder is None:
        raise TrainingError(
            "No folder is named for experiments of your own.",
            remedy="Name one in SECOND_LOOK_EXPERIMENTS and start again.",
        )
    if not re.fullmatch(KEY_PATTERN, key):
        raise TrainingError(
            f"{key!r} is no name of an experiment.",
            remedy="Write small letters, digits and underscores, a letter first.",
            column="key",
        )
    experiment_from_text(text)  # as it stands: what is wrong is told of these words
    named = _KEY_LINE.sub(f"key: {key}", text, count=1)
    if experiment_from_text(named, name=key).key != key:
        raise TrainingError(
            "The text does not say its key in a line of its own.",
            remedy=f"Write `key: {key}` as its first line.",
            column="key",
        )
    return _written(_place(folder, key, edited=edited), named)


def _place(folder: Path, key: str, *, edited: str | None) -> Path:
    """Return the file of that name, if it is free or the one that was edited."""
    try:
        taken = file_of(key)
    except TrainingError:
        return folder / f"{key}.yaml"
    if taken.parent == OWN_FOLDER or key != edited:
        whose = "of the product" if taken.parent == OWN_FOLDER else "of yours"
        raise TrainingError(
            f"There is an experiment {key} {whose} already.",
            remedy="Give this one another name.",
            column="key",
        )
    return taken


def _written(path: Path, text: str) -> Path:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise TrainingError(
            f"The experiment cannot be kept in {path.parent}: {error.strerror}.",
            remedy="Make room or correct the rights of that folder.",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return path
