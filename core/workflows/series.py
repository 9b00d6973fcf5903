"""Open a series: files, a folder or a zip as ordered stacks, decoded slice by slice when needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import ArgumentError
from core.intake.file_names import natural_key
from core.intake.file_sources import Listing, check_number_of_files
from core.intake.folder import list_folder
from core.intake.series import choose_series, read_series
from core.intake.stack import OrderedBy, Slice, Stack
from core.intake.zip_archive import is_zip, list_zip
from core.workflows.files import carried_steps, read_file

__all__ = [
    "OrderedBy",
    "Slice",
    "Stack",
    "choose_series",
    "open_series",
    "open_uploads",
    "steps_of_series",
]

_HEAD = 4  # bytes


class _DiskFiles:
    """Files on disk, by their paths."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; see :func:`core.workflows.files.read_file`."""
        return read_file(Path(name))


class _Uploads:
    """Files in memory, by their names."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._files[name]


def open_series(
    paths: Sequence[Path | str], *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Stack, ...]:
    """Return the series among some files, in a folder or in a zip; no pixel is decoded.

    Parameters
    ----------
    paths : sequence of Path or str
        Files, or one folder, or one zip (told by its bytes).
    on_progress : callable or None
        Told (done, total) after every header.

    Returns
    -------
    tuple of Stack
        Of several series :func:`choose_series` takes one. A slice is named by its path as given,
        or by its path inside the zip.

    Raises
    ------
    ArgumentError
        If a folder or a zip is not the only thing named.
    IntakeError
        If the folder or zip is refused, or there is no picture.
    """
    return read_series(_listing([Path(path) for path in paths]), on_progress=on_progress)


def open_uploads(
    files: Sequence[tuple[str, bytes]],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Stack, ...]:
    """Return the series among uploaded files, or in one uploaded zip; see :func:`open_series`.

    A stack of uploaded files holds their bytes, never their decoded pixels.

    Raises
    ------
    ArgumentError
        If a zip came with other files, or two files have one name.
    IntakeError
        As :func:`open_series`.
    """
    zips = [data for _, data in files if is_zip(data[:_HEAD])]
    if zips:
        _check_alone(len(files), "zip")
        return read_series(list_zip(zips[0]), on_progress=on_progress)
    named = dict(files)
    if len(named) < len(files):
        raise ArgumentError("Two files have the same name.", remedy="Upload them as one zip.")
    check_number_of_files(len(named))
    names = tuple(sorted(named, key=natural_key))
    return read_series(Listing(names, _Uploads(named), is_named=True), on_progress=on_progress)


def steps_of_series(
    stack: Stack, paths: Sequence[Path | str], already_applied: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the recipe steps that the slices carry: as given, else what ``dataset.yaml`` says.

    The one that governs a zip lies beside the zip: none inside is read.

    Parameters
    ----------
    stack : Stack
    paths : sequence of Path or str
        What the stack was opened from.
    already_applied : sequence of str or None

    Raises
    ------
    ArgumentError
        If the slices lie in folders that say different things.
    DatasetError
        If a ``dataset.yaml`` is wrong.
    """
    if already_applied is not None:
        return tuple(already_applied)
    files = [Path(path) for path in paths]
    if not any(_is_zip_file(path) for path in files):
        files = [Path(item.name) for item in stack.slices]
    by_folder = {path.parent: path for path in files}
    said = {carried_steps(path, None) for path in by_folder.values()}
    if len(said) > 1:
        raise ArgumentError(
            "The slices lie in folders whose dataset.yaml name different steps.",
            remedy="Say with --already-applied which steps they carry.",
            column="already_applied",
        )
    return said.pop() if said else ()


def _listing(paths: Sequence[Path]) -> Listing:
    for path in paths:
        if os.path.isdir(path):  # Path.is_dir raises for a name that is too long
            _check_alone(len(paths), "folder")
            return list_folder(path, _DiskFiles())
        if _is_zip_file(path):
            _check_alone(len(paths), "zip")
            return list_zip(path)
    check_number_of_files(len(paths))
    names = sorted({str(path) for path in paths}, key=natural_key)
    return Listing(tuple(names), _DiskFiles(), is_named=True)


def _check_alone(n: int, what: str) -> None:
    if n > 1:
        raise ArgumentError(
            f"A {what} was named together with {n - 1} more.",
            remedy="Name files of one series, or one folder, or one zip.",
        )


def _is_zip_file(path: Path) -> bool:
    try:
        if not os.path.isfile(path):
            return False
        with path.open("rb") as file:
            return is_zip(file.read(_HEAD))
    except OSError:  # such a file becomes a slice that says so
        return False
