"""Scores of many altered copies of one picture: what the perturbation methods are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from core.domain import EngineOutput, FloatArray
from core.errors import ArgumentError
from core.saliency.raw_maps import Watch

CHUNK = 16  # copies held at a time, and scored in one pass
_CHANNELS = 64  # that OpenCV stretches at once; it takes no more than 128

Score = Callable[[FloatArray], FloatArray]
"""Pictures (n, rows, columns, 3) float32 0..255 -> one number a class, (n, n_classes)."""

Masks = Callable[[int, int], FloatArray]
"""(start, stop) -> masks (stop - start, rows, columns) in [0, 1]; 1 keeps the picture."""


class BlackBox(Protocol):
    """All that occlusion and RISE touch of a network."""

    def logits(self, batch: FloatArray) -> FloatArray:
        """Return the logits (n, n_classes) of n pictures."""


class BlackBoxWithMap(BlackBox, Protocol):
    """All that Score-CAM touches."""

    def passes(self, batch: FloatArray) -> EngineOutput:
        """Return logits and feature map of n pictures."""


def only_picture(batch: FloatArray) -> FloatArray:
    """Return the one picture (rows, columns, 3) of a batch.

    Raises
    ------
    ArgumentError
        If it holds another number of pictures.
    """
    if batch.ndim != 4 or len(batch) != 1 or batch.shape[3] != 3:
        raise ArgumentError(
            f"A map is made of one picture (1, rows, columns, 3), not of {batch.shape}.",
            remedy="Give one picture at a time.",
        )
    return np.asarray(batch[0], np.float32)


def masked_scores(
    score: Score,
    picture: FloatArray,
    masks: Masks,
    n_masks: int,
    *,
    baseline: FloatArray | float = 0.0,
    watch: Watch | None = None,
) -> FloatArray:
    """Return the scores of the picture under each mask, (n_masks, n_classes).

    Parameters
    ----------
    score : callable
    picture : ndarray of shape (rows, columns, 3), 0..255
    masks : callable
        Called for at most 16 masks at a time, so that they need not all be held.
    n_masks : int
    baseline : ndarray of shape (rows, columns, 3), or float
        What is seen where a mask is 0; black without more.
    watch : Watch or None

    Raises
    ------
    CancelledError
        If the watch was stopped.
    """
    change = np.asarray(picture - baseline, np.float32)
    altered = np.empty((min(CHUNK, n_masks), *picture.shape), np.float32)
    found = []
    for start in range(0, n_masks, CHUNK):
        stop = min(start + CHUNK, n_masks)
        batch = altered[: stop - start]
        np.multiply(masks(start, stop)[..., None], change, out=batch)
        if np.any(baseline):
            batch += baseline
        found.append(np.array(score(batch), np.float32))
        if watch is not None:
            watch.tell(stop, n_masks)
    return np.concatenate(found)


def stretched(grids: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Return n grids (n, grid_rows, grid_columns) stretched bilinearly to (n, rows, columns)."""
    made = np.empty((len(grids), *size), np.float32)
    for start in range(0, len(grids), _CHANNELS):
        last = np.moveaxis(grids[start : start + _CHANNELS], 0, -1)
        flat = cv2.resize(
            np.ascontiguousarray(last, np.float32),
            (size[1], size[0]),
            interpolation=cv2.INTER_LINEAR,
        )
        made[start : start + _CHANNELS] = np.moveaxis(flat.reshape(*size, -1), -1, 0)
    return made


def blurred(picture: FloatArray, *, sigma_share: float = 0.05) -> FloatArray:
    """Return the picture without its detail: Gaussian of 5 % of the shorter side."""
    sigma = sigma_share * min(picture.shape[:2])
    made = cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), sigma)
    return np.asarray(made, np.float32)


def softmax(logits: FloatArray) -> FloatArray:
    """Return exp(z) / sum exp(z) over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
