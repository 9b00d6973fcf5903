"""Pictures of a data folder, read by intake and prepared by the recipe: one array for training."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.manifest import Manifest, read_manifest
from core.datasets.outlines import Cut, crop_to_outline, mask_files, read_mask
from core.datasets.survey import ReadPixels, survey_pictures, with_found_groups
from core.domain import ByteArray
from core.errors import CoreError, IntakeError, RecipeError
from core.intake import read_study
from core.preprocessing import STEPS, Recipe
from core.preprocessing.step import SameSize
from core.tasks import TaskSpec

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Prepared pictures of a manifest.

    Attributes
    ----------
    pixels : ndarray of shape (m, rows, columns) or (m, rows, columns, 3), uint8
        Grey for tasks of grey pictures (the green channel of what the recipe gives: the three are
        equal within one level), RGB for others.
    rows : ndarray of shape (m,), int64
        Row of the manifest of each picture, ascending.
    errors : tuple of (str, str)
        (file, reason) of the n - m pictures that cannot be read.
    """

    pixels: ByteArray
    rows: NDArray[np.int64]
    errors: tuple[tuple[str, str], ...]


def picture_reader(task: TaskSpec | None) -> ReadPixels:
    """Return the function that reads one file as the Analyse page would, before the recipe.

    Without a task, a CT file that carries no window gets the one of its own range.
    It raises :class:`~core.errors.IntakeError` for a file that is not one readable picture.
    """

    def read(path: Path) -> ByteArray:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise IntakeError(
                f"The file cannot be read: {error.strerror}.", remedy="Check the path."
            ) from None
        return read_study(data, default_window=task.window if task else None).pixels

    return read


def open_manifest(folder: Path, task: TaskSpec, *, find_groups: bool = True) -> Manifest:
    """Read a data folder; where it names no groups, find them from the pixels.

    Raises
    ------
    DatasetError
        If the folder is wrong (see :func:`~core.datasets.manifest.read_manifest`).
    """
    manifest = read_manifest(folder, task)
    if manifest.group_source != "none" or not find_groups:
        return manifest
    survey = survey_pictures(manifest, picture_reader(task), threads=_threads())
    return with_found_groups(manifest, survey)


def load_pixels(
    manifest: Manifest,
    recipe: Recipe,
    *,
    read: ReadPixels | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cut: Cut | None = None,
) -> Pictures:
    """Read and prepare every picture into one array.

    Parameters
    ----------
    manifest : Manifest
        Its ``already_applied`` steps are left out of the recipe.
    recipe : Recipe
        With a fixed output size.
    read : callable or None
        Path -> uint8 pixels; None: :func:`picture_reader` of the manifest's task.
    threads : int or None
        None: one for each core (decoding releases the interpreter's lock).
    progress : callable or None
        Called with (done, n) after each picture, always from this thread.
    cut : {"box", "inside"} or None
        Cut each picture by the outline of its mask before the recipe, for training only: an upload
        has no mask (:mod:`core.datasets.outlines`).

    Raises
    ------
    DatasetError
        If pictures are to be cut and the folder names no masks.
    RecipeError
        If the recipe has no fixed size, or a picture does not have the size that it would have
        after the steps that the folder claims.
    """
    size = recipe.output_size
    if size is None:
        raise RecipeError(
            "The recipe does not fix the size of pictures.",
            remedy="Add a resize step to it: training needs one size.",
        )
    read_one = read or picture_reader(manifest.task)
    carried = manifest.already_applied
    if cut is not None:
        read_one = _cutting(manifest, read_one, cut)
        # A resize or padding that came before the cut left no size behind it.
        carried = tuple(name for name in carried if isinstance(STEPS.get(name), SameSize | None))
    is_grey = manifest.task.colour == "grey"
    paths = manifest.paths
    pixels = np.empty((len(paths), *size) if is_grey else (len(paths), *size, 3), np.uint8)

    def fill(row: int) -> str | None:
        try:
            picture = read_one(paths[row])
        except CoreError as error:
            return str(error)
        seen = recipe.apply(picture, already_applied=carried).pixels
        pixels[row] = seen[:, :, 1] if is_grey else seen
        return None

    reasons: list[str | None] = []
    with ThreadPoolExecutor(threads or _threads()) as pool:
        for reason in pool.map(fill, range(len(paths))):
            reasons.append(reason)
            if progress is not None:
                progress(len(reasons), len(paths))
    rows = np.array([row for row, reason in enumerate(reasons) if reason is None], np.int64)
    errors = tuple(
        (file, reason)
        for file, reason in zip(manifest.frame["file"], reasons, strict=True)
        if reason is not None
    )
    return Pictures(pixels[rows] if errors else pixels, rows, errors)


def _cutting(manifest: Manifest, read: ReadPixels, cut: Cut) -> ReadPixels:
    masks = {manifest.root / file: mask for file, mask in mask_files(manifest.root).items()}

    def read_cut(path: Path) -> ByteArray:
        return crop_to_outline(read(path), read_mask(masks[path]), cut=cut)

    return read_cut


def _threads() -> int:
    return max(2, os.cpu_count() or 1)
