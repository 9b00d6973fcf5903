"""The gate: whether a picture is inside what the model was trained on.

Features of a *frozen* middle layer (mean and standard deviation over places) come out of the same
pass as the answer. They are standardised with the training set's mean and scale; the distance is
the mean cosine distance to the 5 nearest prototypes (Sun et al., "Out-of-distribution detection
with deep nearest neighbors", ICML 2022). Features of fine-tuned layers must not be used: they
have memorised their training series and refuse every other one.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray, GateVerdict
from core.errors import ModelVersionError
from core.inference.arrays import choose_rows, read_npz

N_NEIGHBOURS = 5
MIN_STD = 2.0  # of 255: flatter than this, there is nothing to judge
OUTSIDE = "Outside what this model was trained on"
KEYS = ("prototypes", "mean", "scale", "threshold", "n_neighbours", "min_std")


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Prototypes of the training set and the largest distance that is still inside.

    Attributes
    ----------
    prototypes : ndarray of shape (n_prototypes, n_features), float32
        Standardised and of unit length.
    mean, scale : ndarray of shape (n_features,), float32
        Of the training set; ``scale`` is above 0.
    threshold : float in (0, 2]
        Inside when ``distance <= threshold``.
    n_neighbours : int
    min_std : float
        A picture whose pixels have a smaller standard deviation (0..255) is blank.
    """

    prototypes: FloatArray
    mean: FloatArray
    scale: FloatArray
    threshold: float
    n_neighbours: int = N_NEIGHBOURS
    min_std: float = MIN_STD

    def __post_init__(self) -> None:
        n_prototypes, n_features = self.prototypes.shape
        fits = self.mean.shape == self.scale.shape == (n_features,)
        numbers = all(np.isfinite(a).all() for a in (self.prototypes, self.mean, self.scale))
        sane = n_prototypes >= self.n_neighbours > 0 and 0 < self.threshold <= 2
        if not (fits and numbers and sane and (self.scale > 0).all()):
            raise ModelVersionError(
                f"The gate does not hold together: {n_prototypes} prototypes of {n_features} "
                f"features, {self.n_neighbours} neighbours, threshold {self.threshold}.",
                remedy="Train the version again, or install it again.",
            )
        for array in (self.prototypes, self.mean, self.scale):
            array.setflags(write=False)

    def distances(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the distance (n,) in [0, 2] of features (n, n_features) to the training set."""
        ready = _unit((np.asarray(features, np.float32) - self.mean) / self.scale)
        return _nearest(ready, self.prototypes, n_neighbours=self.n_neighbours)

    def check(self, features: NDArray[np.floating[Any]], pixels: NDArray[Any]) -> GateVerdict:
        """Judge one picture.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            ``gate_features`` of the engine.
        pixels : ndarray of shape (rows, columns, ...), 0..255
            The picture, for the blank check (a blank one lies close to dark training slices).

        Raises
        ------
        ModelVersionError
            If a feature is not a number or their count is not the gate's.
        """
        if np.shape(features) != self.mean.shape or not np.isfinite(features).all():
            raise ModelVersionError(
                f"The model gave gate features of shape {np.shape(features)} "
                f"that are not {self.mean.size} numbers.",
                remedy="Install the model version again.",
            )
        distance = float(self.distances(np.asarray(features)[None])[0])
        if float(np.std(pixels, dtype=np.float64)) < self.min_std:
            reason = f"{OUTSIDE}: the picture is blank. Choose a picture that shows something."
            return GateVerdict(False, distance, self.threshold, reason)
        if distance > self.threshold:
            reason = (
                f"{OUTSIDE}: no training picture resembles it (distance {distance:.2f}, "
                f"limit {self.threshold:.2f}). Check that it is the right kind of picture and "
                "that the preprocessing switch fits it."
            )
            return GateVerdict(False, distance, self.threshold, reason)
        return GateVerdict(True, distance, self.threshold)

    def to_bytes(self) -> bytes:
        """Return the bytes of ``gate.npz``; prototypes are stored in half precision."""
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            prototypes=self.prototypes.astype(np.float16),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            threshold=np.float64(self.threshold),
            n_neighbours=np.int64(self.n_neighbours),
            min_std=np.float64(self.min_std),
        )
        return stream.getvalue()


def parse_gate(content: bytes) -> Gate:
    """Read ``gate.npz``.

    Raises
    ------
    ModelVersionError
        If it is not such a file or does not hold together.
    """
    stored = read_npz(content, name="gate.npz", keys=KEYS)
    return Gate(
        prototypes=stored["prototypes"].astype(np.float32),
        mean=stored["mean"].astype(np.float32),
        scale=stored["scale"].astype(np.float32),
        threshold=float(stored["threshold"]),
        n_neighbours=int(stored["n_neighbours"]),
        min_std=float(stored["min_std"]),
    )


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
    threshold = float(np.clip(np.quantile(distances, quantile), 1e-6, 2.0))
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
            features[inside], names[inside], threshold=2.0, per_group=per_group, at_most=at_most
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
        prototypes=_unit(((chosen - mean) / scale).astype(np.float32)),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        threshold=threshold,
    )


def _unit(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), np.float32)


def _nearest(rows: FloatArray, prototypes: FloatArray, *, n_neighbours: int) -> NDArray[np.float64]:
    """Return the mean of the smallest ``n_neighbours`` cosine distances of each row."""
    distances = np.empty(len(rows), np.float64)
    for start in range(0, len(rows), 256):  # at most 256 x 2,000 similarities at a time
        similarity = rows[start : start + 256] @ prototypes.T
        best = -np.partition(-similarity, n_neighbours - 1, axis=1)[:, :n_neighbours]
        distances[start : start + 256] = 1.0 - best.mean(axis=1, dtype=np.float64)
    return distances
