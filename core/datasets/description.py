"""The description of a data folder, ``dataset.yaml``: what its pictures are and carry already."""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import DatasetError
from core.tasks.validation import faults_in_words, read_yaml

FILE_NAME = "dataset.yaml"
_FOLDERS_ABOVE = 2


class DatasetDescription(BaseModel):
    """What a ``dataset.yaml`` may say; every key is optional and others are passed over.

    Attributes
    ----------
    name, licence : str or None
        For people.
    task : str or None
        Key of the task whose classes the labels are; None: whatever task the reader asks for.
    labels : str or None
        Name of the table beside this file; None: ``labels.csv`` where there is one, else folders.
    group_column : str or None
        Column of the table that says which pictures belong together.
    grouping : {"column", "found"}
        "found": the group column was found from the pixels, so it knows copies and neighbouring
        slices, not patients.
    grouping_method : str or None
        How, in a sentence.
    slice_columns : tuple of str
        Columns by which figures are broken down, such as the centre.
    mask_column : str or None
        Column of the table that names the mask of each picture, black outside the object.
    already_applied : tuple of str
        Recipe steps that the pictures carry already.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str | None = None
    task: str | None = None
    labels: str | None = None
    group_column: str | None = None
    grouping: Literal["column", "found"] = "column"
    grouping_method: str | None = None
    slice_columns: tuple[str, ...] = ()
    mask_column: str | None = None
    already_applied: tuple[str, ...] = ()
    licence: str | None = None
    reference: str | None = None

    @property
    def states_steps(self) -> bool:
        """Whether it says which steps the pictures carry; an empty list says none."""
        return "already_applied" in self.model_fields_set


def read_description(folder: Path) -> DatasetDescription | None:
    """Return the description that lies in ``folder``, or None where there is none.

    Raises
    ------
    DatasetError
        If the file is not YAML, a key stands twice, a value has the wrong type, or a key looks
        misspelt: a misspelt ``already_applied`` would let a step run twice, which looks plausible
        and is wrong.
    """
    path = folder / FILE_NAME
    try:
        changed_at = path.stat().st_mtime_ns
    except OSError:
        return None
    return _parse(path, changed_at)


def already_applied_for(path: Path) -> tuple[str, ...]:
    """Return the recipe steps that a picture carries, by the ``dataset.yaml`` that governs it.

    Parameters
    ----------
    path : Path
        The picture. The description is looked for in its folder and up to two folders above; the
        nearest one that says anything of steps decides.

    Returns
    -------
    tuple of str
        Names of steps; empty where no description is found.

    Raises
    ------
    DatasetError
        If a description on the way is wrong.
    """
    folder = path.absolute().parent
    if ".." in folder.parts:  # "above" would else lead down again, past the folder that it left
        folder = folder.resolve()
    for candidate in (folder, *folder.parents)[: 1 + _FOLDERS_ABOVE]:
        description = read_description(candidate)
        if description is not None and description.states_steps:
            return description.already_applied
    return ()


@functools.lru_cache(maxsize=64)
def _parse(path: Path, changed_at: int) -> DatasetDescription:
    """Parse one file; cached, because a batch asks once a picture (``changed_at`` is the key)."""
    content = read_yaml(path, error=DatasetError)
    if content is None:
        return DatasetDescription()
    if not isinstance(content, dict):
        raise DatasetError(
            f"{path.name} holds {type(content).__name__}, not keys and values.",
            remedy="Write one `key: value` a line, such as `task: kidney_ct`.",
        )
    _refuse_misspelt(path, content)
    try:
        return DatasetDescription(**content)
    except ValidationError as error:
        faults, allowed, first = faults_in_words(error, DatasetDescription)
        raise DatasetError(
            f"{path.name}: {faults}.", remedy=f"Allowed: {allowed}.", column=first
        ) from None


def _refuse_misspelt(path: Path, content: dict[Any, Any]) -> None:
    known = list(DatasetDescription.model_fields)
    for key in content:
        if key in known:
            continue
        close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if close:
            raise DatasetError(
                f"{path.name}: unknown key {key!r}.",
                remedy=f"Did you mean {close[0]!r}?",
                column=str(key),
            )
