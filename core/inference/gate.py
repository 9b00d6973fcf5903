"""The gate: whether a picture is inside what the model was trained on.

Features of a *frozen* middle layer (mean and standard deviation over places) come out of the same
pass as the answer. They are standardised with the training set's mean and scale; the distance is
the mean distance to the 5 nearest prototypes (Sun et al., "Out-of-distribution detection with
deep nearest neighbors", ICML 2022). Features of fine-tuned layers must not be used: they have
memorised their training series and refuse every other one.

The distance is Euclidean, per feature. With the cosine that the paper uses, inverted and strongly
blurred slices stay inside (5 to 10 % of them at the 99th percentile): they point the way of dark
slices but lie far out, and only the length of the vector tells them apart.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray, GateVerdict
from core.errors import ModelVersionError
from core.inference.arrays import read_npz

N_NEIGHBOURS = 5
MIN_STD = 2.0  # of 255: flatter than this, there is nothing to judge
OUTSIDE = "Outside what this model was trained on"
KEYS = ("prototypes", "mean", "scale", "threshold", "n_neighbours", "min_std", "metric")
NAMES = ("prototype_file", "prototype_label")  # optional: versions of before do not hold them
METRIC = "euclidean"


class Neighbour(NamedTuple):
    """A training picture, its reference label, and its distance in the gate's features."""

    file: str
    label: str
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Prototypes of the training set and the largest distance that is still inside.

    Attributes
    ----------
    prototypes : ndarray of shape (n_prototypes, n_features), float32
        Standardised.
    mean, scale : ndarray of shape (n_features,), float32
        Of the training set; ``scale`` is above 0.
    threshold : float above 0
        Inside when ``distance <= threshold``.
    n_neighbours : int
    min_std : float
        A picture whose pixels have a smaller standard deviation (0..255) is blank.
    prototype_file, prototype_label : tuple of str
        Which training picture each prototype is, and its reference label; both empty in versions
        that do not hold them.
    """

    prototypes: FloatArray
    mean: FloatArray
    scale: FloatArray
    threshold: float
    n_neighbours: int = N_NEIGHBOURS
    min_std: float = MIN_STD
    prototype_file: tuple[str, ...] = ()
    prototype_label: tuple[str, ...] = ()
    _lengths: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n_prototypes, n_features = self.prototypes.shape
        fits = self.mean.shape == self.scale.shape == (n_features,)
        numbers = all(np.isfinite(a).all() for a in (self.prototypes, self.mean, self.scale))
        sane = n_prototypes >= self.n_neighbours > 0 and 0 < self.threshold < math.inf
        named = {len(self.prototype_file), len(self.prototype_label)} in ({0}, {n_prototypes})
        if not (fits and numbers and sane and named and (self.scale > 0).all()):
            raise ModelVersionError(
                f"The gate does not hold together: {n_prototypes} prototypes of {n_features} "
                f"features, {self.n_neighbours} neighbours, threshold {self.threshold}.",
                remedy="Train the version again, or install it again.",
            )
        lengths = np.linalg.norm(self.prototypes, axis=1)
        for array in (self.prototypes, self.mean, self.scale, lengths):
            array.setflags(write=False)
        object.__setattr__(self, "_lengths", lengths)

    def distances(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the distance (n,), 0 or more, of features (n, n_features) to the training set."""
        ready = (np.asarray(features, np.float32) - self.mean) / self.scale
        distances = np.empty(len(ready), np.float64)
        for start in range(0, len(ready), 256):  # at most 256 x 2,000 distances at a time
            part = self._to_prototypes(ready[start : start + 256])
            near = np.partition(part, self.n_neighbours - 1, axis=1)[:, : self.n_neighbours]
            distances[start : start + 256] = near.mean(axis=1, dtype=np.float64)
        return distances

    def nearest(
        self, features: NDArray[np.floating[Any]], *, n: int = N_NEIGHBOURS
    ) -> list[Neighbour]:
        """Return the training pictures nearest to one picture, nearest first.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            ``gate_features`` of the engine.
        n : int
            How many; none where the version does not hold which pictures its prototypes are.
        """
        if not self.prototype_file:
            return []
        ready = (np.asarray(features, np.float32) - self.mean) / self.scale
        distances = self._to_prototypes(ready[None])[0]
        return [
            Neighbour(self.prototype_file[row], self.prototype_label[row], float(distances[row]))
            for row in np.argsort(distances, kind="stable")[:n].tolist()
        ]

    def _to_prototypes(self, rows: FloatArray) -> FloatArray:
        """Return the distance of every standardised row to every prototype, (n, n_prototypes).

        The root mean square difference over the features: 1 is about one standard deviation each.
        """
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        squared = lengths**2 + self._lengths**2 - 2 * rows @ self.prototypes.T
        return np.asarray(np.sqrt(np.maximum(squared, 0.0) / rows.shape[1]), np.float32)

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
                "which preprocessing it carries already."
            )
            return GateVerdict(False, distance, self.threshold, reason)
        return GateVerdict(True, distance, self.threshold)

    def to_bytes(self) -> bytes:
        """Return the bytes of ``gate.npz``; prototypes are stored in half precision."""
        stream = io.BytesIO()
        names: dict[str, Any] = {
            key: np.array(getattr(self, key), np.str_) for key in NAMES if getattr(self, key)
        }
        np.savez_compressed(
            stream,
            prototypes=self.prototypes.astype(np.float16),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            threshold=np.float64(self.threshold),
            n_neighbours=np.int64(self.n_neighbours),
            min_std=np.float64(self.min_std),
            metric=np.str_(METRIC),
            **names,
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
    if str(stored["metric"]) != METRIC:
        raise ModelVersionError(
            f"The gate measures {str(stored['metric'])[:40]!r} distance, not {METRIC}.",
            remedy="Use the release that the version was trained with, or train it again.",
        )
    return Gate(
        prototypes=stored["prototypes"].astype(np.float32),
        mean=stored["mean"].astype(np.float32),
        scale=stored["scale"].astype(np.float32),
        threshold=float(stored["threshold"]),
        n_neighbours=int(stored["n_neighbours"]),
        min_std=float(stored["min_std"]),
        **{key: tuple(stored[key].astype(str).tolist()) for key in NAMES if key in stored},
    )
