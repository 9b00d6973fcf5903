"""Test-time views: the picture and harmless changes of it, whose logits are averaged.

The card lists the views of a version. Averaging logits (before the temperature) keeps one number
a class; the heat map and the gate are those of the untouched picture, ``identity``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import ModelVersionError

IDENTITY = "identity"


def _flip_left_right(batch: NDArray[Any]) -> NDArray[Any]:
    return batch[:, :, ::-1]


def _flip_up_down(batch: NDArray[Any]) -> NDArray[Any]:
    return batch[:, ::-1]


def _half_turn(batch: NDArray[Any]) -> NDArray[Any]:
    return batch[:, ::-1, ::-1]


def _zoom(batch: NDArray[Any], *, keep: float) -> NDArray[Any]:
    import cv2  # noqa: PLC0415 -- already loaded by intake; not needed where no view zooms

    rows, columns = batch.shape[1:3]
    top, left = round(rows * (1 - keep) / 2), round(columns * (1 - keep) / 2)
    size = (columns, rows)
    return np.stack(
        [
            cv2.resize(
                np.ascontiguousarray(picture[top : rows - top, left : columns - left]),
                size,
                interpolation=cv2.INTER_LINEAR,
            )
            for picture in batch
        ]
    )


def _zoom_in(batch: NDArray[Any]) -> NDArray[Any]:
    return _zoom(batch, keep=0.9)


def _zoom_in_flipped(batch: NDArray[Any]) -> NDArray[Any]:
    return _flip_left_right(_zoom_in(batch))


VIEWS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    IDENTITY: lambda batch: batch,
    "flip_left_right": _flip_left_right,
    "flip_up_down": _flip_up_down,
    "half_turn": _half_turn,
    "zoom_in": _zoom_in,
    "zoom_in_flipped": _zoom_in_flipped,
}


def check_views(names: Sequence[str]) -> None:
    """Refuse unknown views, and a list that does not start with the picture itself.

    Raises
    ------
    ModelVersionError
        If so: the card was written for another version of the product.
    """
    unknown = [name for name in names if name not in VIEWS]
    if unknown or not names or names[0] != IDENTITY:
        raise ModelVersionError(
            f"The model version asks for the views {list(names)}.",
            remedy=f"The first must be {IDENTITY}; known: {', '.join(VIEWS)}.",
        )


def apply_view(batch: NDArray[Any], name: str) -> FloatArray:
    """Return the view of a batch (n, rows, columns, 3), float32, contiguous."""
    return np.ascontiguousarray(VIEWS[name](batch), np.float32)


def pool_views(logits: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.float64]:
    """Return the mean over the views of logits, each (n, n_classes)."""
    return np.asarray(np.mean(np.stack(logits).astype(np.float64), axis=0), np.float64)
