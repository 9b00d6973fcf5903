"""One pass over the pictures of a manifest: what grouping and checks need to know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.grouping import SIDE, find_groups, group_names, thumbnail
from core.datasets.manifest import Manifest
from core.domain import ByteArray
from core.errors import CoreError

ReadPixels = Callable[[Path], ByteArray]
ReadFile = Callable[[str], ByteArray]


@dataclass(frozen=True, eq=False)
class Survey:
    """Facts about n pictures, row by row.

    Attributes
    ----------
    thumbnails : ndarray of shape (n, 40, 40), uint8
        Zero for a picture that cannot be read: it then resembles nothing.
    sizes : ndarray of shape (n, 2), int64
        (rows, columns); (0, 0) for a picture that cannot be read.
    digests : tuple of str
        SHA-256 of the decoded pixels; empty for a picture that cannot be read.
    errors : tuple of (str, str)
        (file, reason) of the pictures that cannot be read.
    """

    thumbnails: ByteArray
    sizes: NDArray[np.int64]
    digests: tuple[str, ...]
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    thumbnail: ByteArray
    size: tuple[int, int]
    digest: str
    reason: str | None = None


def survey_pictures(manifest: Manifest, read: ReadPixels, *, threads: int = 4) -> Survey:
    """Read every picture of a manifest once; see :func:`survey_files`.

    ``read`` takes the full path of a picture.
    """
    files = list(manifest.frame["file"])
    return survey_files(files, lambda file: read(manifest.root / file), threads=threads)


def survey_files(
    files: Sequence[str],
    read: ReadFile,
    *,
    threads: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Read every picture once.

    Parameters
    ----------
    files : sequence of str
        At least one.
    read : callable
        File -> (rows, columns) or (rows, columns, 3) uint8; raises a CoreError for a picture that
        it refuses, which is noted and never stops the rest.
    threads : int
    progress : callable or None
        Called with (done, n) after each picture, always from this thread.
    """

    def one(file: str) -> _Row:
        try:
            pixels = read(file)
        except CoreError as error:
            return _Row(np.zeros((SIDE, SIDE), np.uint8), (0, 0), "", str(error))
        digest = hashlib.sha256(str(pixels.shape).encode())
        digest.update(np.ascontiguousarray(pixels).data)
        size = (int(pixels.shape[0]), int(pixels.shape[1]))
        return _Row(thumbnail(pixels), size, digest.hexdigest())

    rows: list[_Row] = []
    with ThreadPoolExecutor(threads) as pool:
        for row in pool.map(one, files):
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(files))
    return Survey(
        thumbnails=np.stack([row.thumbnail for row in rows]),
        sizes=np.array([row.size for row in rows], dtype=np.int64),
        digests=tuple(row.digest for row in rows),
        errors=tuple(
            (file, row.reason)
            for file, row in zip(files, rows, strict=True)
            if row.reason is not None
        ),
    )


def with_found_groups(manifest: Manifest, survey: Survey) -> Manifest:
    """Return the manifest with groups of near-duplicates, by the task's correlation."""
    threshold = manifest.task.near_duplicate_correlation
    groups = find_groups(survey.thumbnails, threshold=threshold)
    return manifest.with_groups(group_names(groups), source="found")
