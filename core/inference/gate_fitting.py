"""Fit the gate: prototypes from the training set, the limit from groups that were left out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelVersionError
from core.inference.arrays import choose_rows
from core.inference.gate import N_NEIGHBOURS, Gate


def fit_gate(
    features: NDArray[np.floating[Any]],
    groups: NDArray[Any],
    *,
    held_out_distances: NDArray[np.floating[Any]],
    quantile: float = 0.995,
    per_group: int = 20,
    at_most: int = 2000,
) -> Gate:
    """Fit the gate that ships.

    Parameters
    ----------
    features : ndarray of shape (n, n_features)
        Gate features of the training pictures.
    groups : ndarray of shape (n,)
    held_out_distances : ndarray of shape (m,)
        Distances of pictures whose group was *not* fitted on: ``out_of_fold_distances``, or those
        of a validation split. Training pictures lie too close to themselves to set a limit.
    quantile : float in (0, 1)
        Share of the held-out pictures that stays inside.
    per_group, at_most : int
        As in ``choose_rows``.

    Raises
    ------
    ModelVersionError
        If there are too few pictures or a value is not a number.
    """
    distances = np.asarray(held_out_distances, np.float64)
    if not distances.size or not np.isfinite(distances).all():
        raise ModelVersionError(
            f"The gate got {distances.size} held-out distances that are not all numbers.",
            remedy="Give distances of groups that were not fitted on.",
        )
    threshold = max(float(np.quantile(distances, quantile)), 1e-6)
    return _fitted(features, groups, threshold=threshold, per_group=per_group, at_most=at_most)


def out_of_fold_distances(
    features: NDArray[np.floating[Any]],
    groups: NDArray[Any],
    folds: NDArray[np.integer[Any]],
    *,
    per_group: int = 20,
    at_most: int = 2000,
) -> NDArray[np.float64]:
    """Return the distance (n,) of every picture to a gate fitted on the other folds.

    Raises
    ------
    ModelVersionError
        If a group lies in two folds: its distances would be those of a memory.
    """
    names, parts = np.asarray(groups), np.asarray(folds)
    if len({*zip(names.tolist(), parts.tolist(), strict=True)}) != len(set(names.tolist())):
        raise ModelVersionError(
            "A group lies in two folds of the gate.", remedy="Make the folds by group."
        )
    distances = np.full(len(names), math.nan)
    for part in np.unique(parts):
        inside, outside = parts != part, parts == part
        gate = _fitted(
            features[inside], names[inside], threshold=1.0, per_group=per_group, at_most=at_most
        )
        distances[outside] = gate.distances(features[outside])
    return distances


def _fitted(
    features: NDArray[np.floating[Any]],
    groups: NDArray[Any],
    *,
    threshold: float,
    per_group: int,
    at_most: int,
) -> Gate:
    wide = np.asarray(features, np.float64)
    if wide.ndim != 2 or len(wide) < N_NEIGHBOURS or not np.isfinite(wide).all():
        raise ModelVersionError(
            f"The gate got features of shape {wide.shape} that are not all numbers.",
            remedy=f"Give one row of finite features a picture, at least {N_NEIGHBOURS}.",
        )
    chosen = wide[choose_rows(groups, per_group=per_group, at_most=at_most)]
    mean, spread = chosen.mean(axis=0), chosen.std(axis=0)
    # A channel that is silent in training would otherwise be divided by zero.
    floor = max(1e-2 * float(np.median(spread)), 1e-6)
    scale = np.maximum(spread, floor)
    return Gate(
        prototypes=((chosen - mean) / scale).astype(np.float32),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        threshold=threshold,
    )
