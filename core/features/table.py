"""Pictures to a table of features; and the features that there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray
from core.errors import DatasetError
from core.features.colour import COLOUR_HISTOGRAM, COLOUR_MOMENTS, GREY_LEVELS
from core.features.objects import find_object
from core.features.shape import HU_MOMENTS, OUTLINE
from core.features.spec import Feature, FeatureSpec
from core.features.texture import GLCM, LBP

FEATURES: dict[str, Feature] = {
    item.key: item
    for item in (OUTLINE, HU_MOMENTS, COLOUR_MOMENTS, COLOUR_HISTOGRAM, GREY_LEVELS, GLCM, LBP)
}


def feature_table(
    pixels: ByteArray | Sequence[ByteArray],
    spec: FeatureSpec,
    *,
    masks: Sequence[NDArray[np.bool_]] | None = None,
) -> FloatArray:
    """Return one row a picture and one column a number, named by ``spec.names``.

    Parameters
    ----------
    pixels : ndarray of shape (n, rows, columns, 3) or (n, rows, columns), uint8
        Or a sequence of n pictures of unequal sizes. Grey counts as three equal channels.
    spec : FeatureSpec
    masks : n ndarrays of shape (rows, columns), bool, or None
        The object of each picture; None: found by Otsu's threshold.

    Returns
    -------
    ndarray of shape (n, k), float32
        Finite, and within the range of its column.

    Raises
    ------
    DatasetError
        If there are not as many masks as pictures, or one of them has another size, or an array is
        no such picture.
    """
    if masks is not None and len(masks) != len(pixels):
        raise DatasetError(
            f"There are {len(pixels)} pictures and {len(masks)} masks.",
            remedy="Give one mask a picture.",
        )

    def row(place: int) -> list[float]:
        return _values(pixels[place], None if masks is None else masks[place], spec)

    if len(pixels) == 1:  # no pool: a process that is ending gives none to a thread still at work
        rows = [row(0)]
    else:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            rows = list(pool.map(row, range(len(pixels))))
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(spec.names))


def _values(pixels: ByteArray, mask: NDArray[np.bool_] | None, spec: FeatureSpec) -> list[float]:
    rgb = np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise DatasetError(
            f"Features were asked of an array of shape {pixels.shape} and type {pixels.dtype}.",
            remedy="Give 8-bit pixels, (rows, columns) grey or (rows, columns, 3) RGB.",
        )
    found = find_object(rgb) if mask is None else np.asarray(mask, dtype=np.bool_)
    if found.shape != rgb.shape[:2]:
        raise DatasetError(
            f"A mask of {found.shape} was given for a picture of {rgb.shape[:2]}.",
            remedy="Prepare masks as the pictures are prepared.",
        )
    return [float(value) for item in spec.features for value in item.compute(rgb, found)]
