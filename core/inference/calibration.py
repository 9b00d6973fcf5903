"""Temperature scaling and the stored operating points: ``calibration.yaml`` of a version.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017: logits are divided by one
positive number, fitted on the negative log-likelihood of pictures that were not trained on. The
argmax never changes.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ModelVersionError
from core.inference.card import as_yaml, parse_yaml

LOWEST, HIGHEST = 0.05, 20.0


class Calibration(BaseModel):
    """What turns logits into probabilities, and probabilities into flags."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(1, alias="schema")
    method: Literal["temperature"] = "temperature"
    temperature: float = Field(1.0, ge=LOWEST, le=HIGHEST)
    fitted_on: str = Field("", description="Which pictures, in one sentence.")
    n: int = Field(0, ge=0)
    nll_before: float | None = None
    nll_after: float | None = None
    operating_points: dict[str, float] = Field(
        default_factory=dict,
        description="Finding -> threshold: flagged when y_prob >= threshold.",
    )
    required_sensitivity: dict[str, float] = Field(
        default_factory=dict,
        description="Finding -> the sensitivity that its threshold reaches on those pictures.",
    )

    def to_yaml(self) -> bytes:
        """Return the bytes of ``calibration.yaml``."""
        return as_yaml(self.model_dump(mode="json", by_alias=True))

    def apply(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return probabilities (n, n_classes) of logits (n, n_classes)."""
        return apply_temperature(logits, self.temperature)


def parse_calibration(text: bytes) -> Calibration:
    """Read ``calibration.yaml``.

    Raises
    ------
    ModelVersionError
        If a key is unknown or a value is not allowed.
    """
    try:
        return Calibration(**parse_yaml(text, name="calibration.yaml"))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelVersionError(
            f"calibration.yaml of the model version is wrong at {key}: {first['msg']}.",
            remedy="Install the model version again.",
            column=key,
        ) from None


def log_softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return log probabilities, float64, of logits (..., n_classes)."""
    wide = np.asarray(logits, np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return np.asarray(shifted - log_sum, np.float64)


def apply_temperature(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Return softmax(logits / temperature) in float64; rows sum to 1 within 1e-12.

    >>> apply_temperature(np.array([[0.0, 0.0]]), 2.0).tolist()
    [[0.5, 0.5]]
    """
    return np.exp(log_softmax(np.asarray(logits, np.float64) / temperature))


def negative_log_likelihood(
    logits: NDArray[np.floating[Any]], y_true: NDArray[np.integer[Any]], *, weights: Any = None
) -> float:
    """Return the (weighted) mean of -log p of the true class, in nats."""
    picked = log_softmax(logits)[np.arange(len(y_true)), y_true]
    return float(-np.average(picked, weights=weights))


def fit_temperature(
    logits: NDArray[np.floating[Any]],
    y_true: NDArray[np.integer[Any]],
    *,
    weights: NDArray[np.floating[Any]] | None = None,
) -> float:
    """Fit the temperature on pictures that the network was not trained on.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes), finite
    y_true : ndarray of shape (n,), int
        Index of the true class.
    weights : ndarray of shape (n,) or None
        Weight of each picture, such as one over the size of its series; None: all equal.

    Returns
    -------
    float
        Between 0.05 and 20; above 1 where the network is too sure of itself.

    Raises
    ------
    ModelVersionError
        If there is no picture, the shapes do not fit, or a logit is not a number.
    """
    # scipy.optimize takes 0.2 s to import and only training fits: it stays off the Analyse page.
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    wide = np.asarray(logits, np.float64)
    labels = np.asarray(y_true)
    if wide.ndim != 2 or labels.shape != wide.shape[:1] or not labels.size:
        raise ModelVersionError(
            f"Calibration got logits of shape {wide.shape} and {labels.shape} labels.",
            remedy="Give one row of logits for each label, at least one.",
        )
    if not np.isfinite(wide).all():
        raise ModelVersionError(
            "Calibration got logits that are not numbers.", remedy="Check the training run."
        )

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(wide / np.exp(log_temperature), labels, weights=weights)

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.clip(np.exp(found.x), LOWEST, HIGHEST))
