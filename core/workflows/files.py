"""Files that a person names: their bytes, and the recipe steps that they carry already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.config import settings
from core.errors import IntakeError, RecipeError
from core.preprocessing import STEPS


def check_steps(already_applied: Sequence[str]) -> None:
    """Refuse names that are no steps, before any file is opened.

    Raises
    ------
    RecipeError
        Naming the first one.
    """
    for name in already_applied:
        if name not in STEPS:
            raise RecipeError(
                f"There is no preprocessing step {name!r}.",
                remedy="Give full names, such as resize_area_224, as an answer lists them under "
                "steps_applied; or none.",
                column="already_applied",
            )


def carried_steps(path: Path, already_applied: Sequence[str] | None) -> tuple[str, ...]:
    """Return the steps a file carries: as given, else what its ``dataset.yaml`` says, else none.

    Raises
    ------
    DatasetError
        If the ``dataset.yaml`` that governs it is wrong.
    """
    if already_applied is not None:
        return tuple(already_applied)
    from core.datasets.description import already_applied_for

    return already_applied_for(path)


def read_file(path: Path) -> bytes:
    """Return the bytes of a file, its size checked first.

    Raises
    ------
    IntakeError
        If it is missing, no regular file, too large or not readable.
    """
    most = settings().max_upload_mb << 20
    try:
        if path.is_dir():
            raise IntakeError("This is a folder, not a file.", remedy="Name the files in it.")
        if path.exists() and not path.is_file():
            raise IntakeError("This is not a regular file.", remedy="Name a picture file.")
        if not path.is_file():
            raise IntakeError("There is no such file.", remedy="Check the path.")
        if path.stat().st_size > most:
            raise IntakeError(
                f"The file is larger than {settings().max_upload_mb} MB.",
                remedy="Export one picture, or raise SECOND_LOOK_MAX_UPLOAD_MB.",
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise IntakeError(
            f"The file cannot be opened ({type(error).__name__}).", remedy="Check its rights."
        ) from None
