"""Maps of the frozen lower blocks (the *stem*), computed once and kept on disk.

The stem never changes, so running it in every epoch would be waste: every picture goes through it
once as it is and once for each augmented variant, in the inference engine, and the rest of the
network (the *tail*) is trained from the stored maps. A cache is named by the SHA-256 of everything
that decides its content, written under a temporary name and renamed when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
from numpy.typing import NDArray

from core.datasets.augmentation import AugmentationSpec, augment
from core.domain import FloatArray
from core.errors import TrainingError
from core.training.forward import BATCH, Forward, Progress
from core.training.training_set import TrainingSet, as_batch

KEEP_BYTES = 40 << 30  # older caches beyond this are deleted
STEM_OUTPUT = "stem"
DELETE = "Delete the folder `cache` in the product's home and start again."
HalfFile = np.memmap[Any, np.dtype[np.float16]]


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What is stored a picture: one map as it is and ``variants - 1`` augmented ones.

    ``stem`` names architecture and last layer: two stems that differ only by a layer without
    weights (an activation, a sum) have the same weights and other maps.
    """

    augmentation: AugmentationSpec
    variants: int
    seed: int
    stem: str


@dataclass(frozen=True, slots=True, eq=False)
class StemCache:
    """Stem maps of some rows of a training set.

    Attributes
    ----------
    maps : ndarray of shape (n_variants, m, map_rows, map_columns, n_channels), float16
        On disk, read-only. Variant 0 is the untouched picture.
    rows : ndarray of shape (m,), int64
        Row of the training set of each picture.
    """

    maps: HalfFile
    rows: NDArray[np.int64]

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where rows of the training set lie in the cache.

        Raises
        ------
        TrainingError
            If one of them is not cached.
        """
        places = np.searchsorted(self.rows, rows)
        inside = places < len(self.rows)
        if not inside.all() or (self.rows[places] != rows).any():
            raise TrainingError("A picture to train on has no stored map.", remedy=DELETE)
        return np.asarray(places, np.int64)

    def take(self, variants: NDArray[np.int64], places: NDArray[np.int64]) -> FloatArray:
        """Return the map of each (variant, place), (m, ...) float32.

        Read, not mapped: the pages of a mapped file count as memory of the process, and the maps of
        a large set are larger than the memory.

        Raises
        ------
        TrainingError
            If the file is cut short.
        """
        shape = self.maps.shape[2:]
        read = np.empty((len(places), *shape), np.float16)
        n_bytes = 2 * int(np.prod(shape))
        path = Path(str(self.maps.filename))
        if not path.is_file():  # cleaned away for another run: what is mapped stays readable
            return np.asarray(self.maps[variants, places], np.float32)
        with path.open("rb", buffering=0) as stream:
            for row, number in enumerate((variants * self.maps.shape[1] + places).tolist()):
                stream.seek(self.maps.offset + number * n_bytes)
                if stream.readinto(memoryview(read[row]).cast("B")) != n_bytes:
                    raise TrainingError("A stored map is cut short.", remedy=DELETE)
        return read.astype(np.float32)


def open_cache(
    folder: Path,
    data: TrainingSet,
    rows: NDArray[np.int64],
    *,
    stem: Path,
    plan: CachePlan,
    progress: Progress | None = None,
) -> StemCache:
    """Return the stem maps of the rows, from disk or computed now.

    Parameters
    ----------
    folder : Path
        Where caches lie; made where it is missing.
    data : TrainingSet
    rows : ndarray of int64, ascending
    stem : Path
        Graph of the stem (``.xml`` beside ``.bin``) with the output ``stem``.
    plan : CachePlan
    progress : callable or None

    Raises
    ------
    TrainingError
        If the disk has no room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(data, rows, stem=stem, plan=plan)
    path = folder / f"{key}.npy"
    if path.is_file():
        os.utime(path)
    else:
        _clean(folder)
        forward = Forward(stem)
        part = folder / f"{key}.{os.getpid()}.part"
        try:
            shape = (plan.variants, len(rows), *_map_shape(forward, data))
            _check_room(folder, shape)
            with part.open("wb") as stream:
                header = {"descr": "<f2", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(stream, header)
                _fill(stream, data, rows, forward=forward, plan=plan, tell=progress)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return StemCache(np.load(path, mmap_mode="r"), rows)


def _key(data: TrainingSet, rows: NDArray[np.int64], *, stem: Path, plan: CachePlan) -> str:
    facts = [plan.augmentation.to_data(), plan.variants, plan.seed, plan.stem]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(data.fingerprint.encode())
    digest.update(rows.astype(np.int64).tobytes())
    # The weights, not the .xml: it holds names that differ from one export to the next.
    digest.update(stem.with_suffix(".bin").read_bytes())
    return digest.hexdigest()[:32]


def _map_shape(forward: Forward, data: TrainingSet) -> tuple[int, ...]:
    return forward(data.batch(np.zeros(1, np.int64)))[STEM_OUTPUT].shape[1:]


def _check_room(folder: Path, shape: tuple[int, ...]) -> None:
    needed, free = 2 * int(np.prod(shape)), shutil.disk_usage(folder).free
    if needed > 0.9 * free:
        raise TrainingError(
            f"The stored maps need {needed / 2**30:.1f} GiB; {folder} has {free / 2**30:.1f} left.",
            remedy="Lower `variants` or `per_group`, or set SECOND_LOOK_HOME to a larger disk.",
        )


def _fill(
    stream: BinaryIO,
    data: TrainingSet,
    rows: NDArray[np.int64],
    *,
    forward: Forward,
    plan: CachePlan,
    tell: Progress | None,
) -> None:
    total, done = plan.variants * len(rows), 0
    for variant in range(plan.variants):
        for start in range(0, len(rows), BATCH):
            chosen = rows[start : start + BATCH]
            pixels = [data.pixels[row] for row in chosen.tolist()]
            if variant:
                draws = [np.random.default_rng([plan.seed, variant, row]) for row in chosen]
                pixels = [
                    augment(picture, plan.augmentation, rng)
                    for picture, rng in zip(pixels, draws, strict=True)
                ]
            answer = forward(as_batch(np.stack(pixels)))[STEM_OUTPUT]
            stream.write(answer.astype("<f2").tobytes())
            done += len(chosen)
            if tell is not None:
                tell("maps of the frozen blocks", done, total)


def _clean(folder: Path) -> None:
    """Delete what killed runs left behind, and the oldest caches beyond the limit."""
    for part in folder.glob("*.part"):
        owner = part.name.split(".")[-2]
        if not (owner.isdecimal() and psutil.pid_exists(int(owner))):
            part.unlink(missing_ok=True)
    caches = sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
    used = 0
    for path in caches:
        used += path.stat().st_size
        if used > KEEP_BYTES:
            path.unlink(missing_ok=True)
