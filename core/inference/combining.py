"""How the members' calibrated logits become the ensemble's: a mean, or a meta learner.

What a meta learner reads are *centred* logits: each member's calibrated logits less their mean
over the classes. They can be had from stored probabilities as well (log p less its mean; the
normalising sum cancels), so out-of-fold predictions and answers are on one footing, and they are
linear in the logits, so that a linear meta learner keeps the closed form of the class maps.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelVersionError
from core.inference.arrays import read_npz
from core.inference.ensemble_spec import EnsembleSpec
from core.inference.meta_learner import Linear, MetaLearner, meta_learner

Floats = NDArray[np.float64]
LEAST = 1e-12  # of a stored probability, whose log is then taken


@dataclass(frozen=True, slots=True, eq=False)
class Combiner:
    """A weighted mean of the members' logits, or a meta learner over all of them.

    ``weights`` (n_members,) sum to 1; ``meta`` None: their mean.
    """

    weights: Floats
    meta: MetaLearner | None = None

    def __call__(self, logits: NDArray[np.floating[Any]]) -> Floats:
        """Return the ensemble's logits (n, n_classes), its own temperature not yet applied.

        Parameters
        ----------
        logits : ndarray of shape (n, n_members, n_classes)
            Calibrated, each member's divided by its temperature.
        """
        wide = np.asarray(logits, np.float64)
        if self.meta is None:
            return np.asarray(np.tensordot(wide, self.weights, axes=(1, 0)), np.float64)
        return self.meta.scores(features_of(wide))

    def mixing(self, n_classes: int) -> Floats | None:
        """Return how much of each member's calibrated logits is in each score.

        Returns
        -------
        ndarray of shape (n_members, n_classes, n_classes) or None
            ``score_c = const + sum_m sum_k mixing[m, k, c] logit_mk``; None where the score is not
            such a sum.
        """
        n_members = len(self.weights)
        if self.meta is None:
            return np.asarray(self.weights[:, None, None] * np.eye(n_classes), np.float64)
        if not isinstance(self.meta, Linear):
            return None
        each = self.meta.coefficients.reshape(n_members, n_classes, n_classes)
        # It reads centred logits: what all classes of a member have in common adds nothing.
        return np.asarray(each - each.mean(axis=1, keepdims=True), np.float64)

    def to_bytes(self) -> bytes:
        """Return the bytes of ``ensemble.npz``."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        if self.meta is not None:
            arrays |= {f"meta_{key}": value for key, value in self.meta.to_arrays().items()}
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # its stub names a flag
        return stream.getvalue()


def centred(logits: NDArray[np.floating[Any]]) -> Floats:
    """Return logits less their mean over the last axis.

    >>> centred(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """
    wide = np.asarray(logits, np.float64)
    return np.asarray(wide - wide.mean(axis=-1, keepdims=True), np.float64)


def features_of(logits: NDArray[np.floating[Any]]) -> Floats:
    """Return what a meta learner reads, (n, n_members * n_classes), member by member.

    Parameters
    ----------
    logits : ndarray of shape (n, n_members, n_classes)
        Calibrated.
    """
    return centred(logits).reshape(len(logits), -1)


def logits_of(y_prob: NDArray[np.floating[Any]]) -> Floats:
    """Return the centred logits of stored probabilities (..., n_classes), those below 1e-12 as it.

    >>> logits_of(np.array([[0.5, 0.5]])).tolist()
    [[0.0, 0.0]]
    """
    return centred(np.log(np.maximum(np.asarray(y_prob, np.float64), LEAST)))


def mean_weights(weights: Sequence[float]) -> Floats:
    """Return the weights of the members, made to sum to 1.

    >>> mean_weights([1, 3]).tolist()
    [0.25, 0.75]
    """
    given = np.asarray(weights, np.float64)
    return np.asarray(given / given.sum(), np.float64)


def parse_combiner(content: bytes, spec: EnsembleSpec, *, n_classes: int) -> Combiner:
    """Read ``ensemble.npz``.

    Raises
    ------
    ModelVersionError
        If it is damaged or is not what the card says.
    """
    stored = read_npz(content, name="ensemble.npz", keys=("weights",))
    weights = stored.pop("weights")
    expected = mean_weights([member.weight for member in spec.members])
    if weights.shape != expected.shape or not np.allclose(weights, expected, atol=1e-12):
        raise ModelVersionError(
            "ensemble.npz holds other weights of the members than the card says.",
            remedy="Install the model version again.",
        )
    if spec.meta is None:
        return Combiner(weights)
    arrays = {key.removeprefix("meta_"): value for key, value in stored.items()}
    combiner = Combiner(weights, meta_learner(spec.meta, arrays, n_classes=n_classes))
    try:
        made = combiner(np.zeros((1, len(weights), n_classes)))
    except (ValueError, IndexError):
        made = np.zeros(0)
    if made.shape != (1, n_classes):
        raise ModelVersionError(
            "The meta learner of the model version does not fit its members and classes.",
            remedy="Install the model version again, or make the ensemble again.",
        )
    return combiner
