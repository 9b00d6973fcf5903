"""The training pictures that excite a channel most: worked out once a layer, kept in the home.

An even choice of the training pictures (at most 600, over all series) goes through the engine; the
peak of every channel is kept with its place, so that any channel of the layer can be asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import settings
from core.domain import ByteArray, FloatArray
from core.errors import CoreError, DatasetError, IntakeError
from core.evaluation.leakage import TrainingPictures
from core.inference.arrays import choose_rows
from core.intake import read_study
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.network_view import NetworkView
from core.workflows.run_pictures import PictureSource, source_named
from core.workflows.twin_search import training_pictures

MOST = 600
PER_GROUP = 8
CHUNK = 16
FOLDER = "exciting"
NOT_LISTED = "This version does not say which pictures it was trained on."


@dataclass(frozen=True, slots=True, eq=False)
class ExcitingPictures:
    """How strongly each looked-at training picture excites each channel of a layer.

    Attributes
    ----------
    files, groups : ndarray of shape (n,), str
    peaks, means : ndarray of shape (n, n_channels), float32
        Largest and mean value of the map; where an activation is cut off at a top (ReLU6), many
        peaks are equal, and the mean decides.
    places : ndarray of shape (n, n_channels), int32
        Cell of the peak, counted along rows.
    size : (int, int)
        Rows and columns of the layer's maps.
    """

    files: NDArray[np.str_]
    groups: NDArray[np.str_]
    peaks: FloatArray
    means: FloatArray
    places: NDArray[np.int32]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Exciting:
    """One training picture: its name, group, peak, and the cell of it as shares of the picture.

    ``box`` : (top, left, height, width), each in 0..1 of the prepared picture.
    """

    file: str
    group: str
    peak: float
    box: tuple[float, float, float, float]


def training_source(view: NetworkView) -> PictureSource:
    """Return where the version's training pictures are; ``sentence`` says how to attach them."""
    if training_pictures(view.version) is None:
        return PictureSource(sentence=NOT_LISTED)
    return source_named(view.version.card.training_data.name, load_task(view.task))


def find_exciting(
    view: NetworkView, layer: str, watch: Watch | None = None, *, most: int = MOST
) -> ExcitingPictures:
    """Return how training pictures excite a layer; from the home where it was worked out before.

    Parameters
    ----------
    view : NetworkView
    layer : str
    watch : Watch or None
    most : int
        Pictures that are looked at.

    Raises
    ------
    DatasetError
        If the training pictures are not named or away, with how to attach them, or none can be
        read.
    CancelledError
        If the watch was stopped.
    ArgumentError, ModelVersionError
        If there is no such layer.
    """
    kept = kept_exciting(view, layer, most=most)
    if kept is not None:
        return kept
    source, listed = training_source(view), training_pictures(view.version)
    if listed is None or not source.attached:
        raise DatasetError(source.sentence, remedy="")
    chosen = _even_choice(listed, most)
    found = _looked_at(view, layer, source, chosen, watch or Watch())
    _keep(_path(view, layer, most), found)
    return found


def kept_exciting(view: NetworkView, layer: str, *, most: int = MOST) -> ExcitingPictures | None:
    """Return what was worked out before; None where nothing was, or it cannot be read."""
    try:
        content = _path(view, layer, most).read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            size = tuple(int(value) for value in stored["size"])
            return ExcitingPictures(
                stored["files"],
                stored["groups"],
                stored["peaks"],
                stored["means"],
                stored["places"],
                (size[0], size[1]),
            )
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        return None


def strongest(found: ExcitingPictures, channel: int, *, n: int = 6) -> tuple[Exciting, ...]:
    """Return the n pictures with the highest peak of a channel, at most one of a group.

    Slices of a series look alike; pictures that do not excite the channel at all are left out.
    """
    chosen: list[Exciting] = []
    groups: set[str] = set()
    for place in np.lexsort((-found.means[:, channel], -found.peaks[:, channel])):
        group, peak = str(found.groups[place]), float(found.peaks[place, channel])
        if len(chosen) == n or peak <= 0:
            break
        if group not in groups:
            groups.add(group)
            box = _box(int(found.places[place, channel]), found.size)
            chosen.append(Exciting(str(found.files[place]), group, peak, box))
    return tuple(chosen)


def exciting_picture(view: NetworkView, source: PictureSource, picture: Exciting) -> ByteArray:
    """Return a training picture as the network takes it, (rows, columns, 3) uint8.

    Raises
    ------
    IntakeError, RecipeError
        If it cannot be had.
    """
    return _prepared(open_analyst(view.task, view.version.name), source, picture.file)


def _even_choice(listed: TrainingPictures, most: int) -> tuple[list[str], list[str]]:
    files = [str(name) for name in listed.file]
    groups = files if listed.group is None else [str(name) for name in listed.group]
    rows = choose_rows(np.asarray(groups), per_group=PER_GROUP, at_most=most)
    return [files[row] for row in rows], [groups[row] for row in rows]


def _looked_at(
    view: NetworkView,
    layer: str,
    source: PictureSource,
    listed: tuple[Sequence[str], Sequence[str]],
    watch: Watch,
) -> ExcitingPictures:
    files, groups = listed
    read: list[int] = []
    peaks, means, places, size = [], [], [], (1, 1)
    analyst = open_analyst(view.task, view.version.name)
    for rows, batch in _batches(analyst, source, files, watch):
        maps = view.probe.activations_of_many(batch, layer)
        size = (maps.shape[1], maps.shape[2])
        flat = maps.reshape(len(maps), -1, maps.shape[-1])
        peaks.append(flat.max(axis=1))
        means.append(flat.mean(axis=1))
        places.append(flat.argmax(axis=1).astype(np.int32))
        read += rows
    if not read:
        raise DatasetError(
            "None of the version's training pictures can be read.",
            remedy="Attach the data set that the version was trained on.",
        )
    return ExcitingPictures(
        np.asarray([files[row] for row in read]),
        np.asarray([groups[row] for row in read]),
        np.concatenate(peaks),
        np.concatenate(means),
        np.concatenate(places),
        size,
    )


def _batches(
    analyst: Analyst, source: PictureSource, files: Sequence[str], watch: Watch
) -> Iterator[tuple[list[int], FloatArray]]:
    """Yield rows and prepared pictures, 16 at a time; one that cannot be read is left out."""
    rows: list[int] = []
    pictures: list[ByteArray] = []
    for row, file in enumerate(files):
        watch.tell(row, len(files))
        with contextlib.suppress(CoreError):
            pictures.append(_prepared(analyst, source, file))
            rows.append(row)
        if pictures and (len(pictures) == CHUNK or row == len(files) - 1):
            yield rows, np.stack(pictures).astype(np.float32)
            rows, pictures = [], []
    if pictures:
        yield rows, np.stack(pictures).astype(np.float32)


def _prepared(analyst: Analyst, source: PictureSource, file: str) -> ByteArray:
    image = read_study(source.read(file), default_window=analyst.task.window)
    seen = analyst.recipe.apply(image.pixels, already_applied=source.already_applied)
    if seen.pixels.shape[:2] != analyst.ready.version.card.input_size:
        raise IntakeError(
            "The picture does not have the network's size after the recipe.",
            remedy="Correct already_applied in the data set's dataset.yaml.",
        )
    return seen.pixels


def _box(place: int, size: tuple[int, int]) -> tuple[float, float, float, float]:
    rows, columns = size
    return place // columns / rows, place % columns / columns, 1 / rows, 1 / columns


def _path(view: NetworkView, layer: str, most: int) -> Path:
    # A layer's name may hold a slash; a digest of it never leads anywhere else.
    name = hashlib.sha256(f"{layer}\n{most}".encode()).hexdigest()[:16]
    return settings().home / FOLDER / view.version.digest[:16] / f"{name}.npz"


def _keep(path: Path, found: ExcitingPictures) -> None:
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        files=found.files,
        groups=found.groups,
        peaks=found.peaks,
        means=found.means,
        places=found.places,
        size=np.asarray(found.size),
    )
    with contextlib.suppress(OSError):  # a home that cannot be written costs the next one who asks
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(stream.getvalue())
        temporary.replace(path)
