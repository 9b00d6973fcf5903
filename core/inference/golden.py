"""``golden.npz``: a fixed input, what the version answered when it was written, and its head.

Keys: ``pixels`` (m, rows, columns, 3) uint8 or float32 0..255; ``logits`` (m, n_classes),
``feature_map`` (m, grid_rows, grid_columns, n_channels), ``gate_features`` (m, n_gate), all
float32, of one pass without views; ``head_weights`` (n_channels, n_classes), ``head_bias``
(n_classes). The outputs are those of the *Keras* model: a wrong conversion, another
preprocessing inside the graph or a damaged weight shows here before the version may answer.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import EngineOutput, FloatArray
from core.errors import ModelVersionError
from core.inference.arrays import read_npz
from core.inference.calibration import apply_temperature

PROBABILITY_TOLERANCE = 1e-3
FEATURE_TOLERANCE = 1e-2  # of the largest value: room for weights stored in half precision
KEYS = ("pixels", "logits", "feature_map", "gate_features")


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """The stored input and outputs; ``head_weights`` is None where the network has no map."""

    pixels: NDArray[Any]
    output: EngineOutput
    head_weights: FloatArray | None
    head_bias: FloatArray | None

    @property
    def batch(self) -> FloatArray:
        """The input as the engine takes it."""
        return np.ascontiguousarray(self.pixels, np.float32)

    def to_bytes(self, *, head: str = "head_weights") -> bytes:
        """Return the bytes of ``golden.npz``."""
        arrays: dict[str, NDArray[Any]] = {
            "pixels": self.pixels,
            "logits": self.output.logits,
            "feature_map": self.output.feature_map,
            "gate_features": self.output.gate_features,
        }
        if self.head_weights is not None and self.head_bias is not None:
            arrays |= {head: self.head_weights, "head_bias": self.head_bias}
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # its stub names a flag
        return stream.getvalue()


def parse_golden(content: bytes, *, head: str = "head_weights") -> Golden:
    """Read ``golden.npz``.

    Raises
    ------
    ModelVersionError
        If a key is missing, or the head does not fit feature map and logits.
    """
    stored = read_npz(content, name="golden.npz", keys=KEYS)
    output = EngineOutput(
        logits=stored["logits"].astype(np.float32),
        feature_map=stored["feature_map"].astype(np.float32),
        gate_features=stored["gate_features"].astype(np.float32),
    )
    weights, bias = stored.get(head), stored.get("head_bias")
    if weights is None or bias is None:
        return Golden(stored["pixels"], output, None, None)
    expected = (output.feature_map.shape[-1], output.logits.shape[-1])
    if weights.shape != expected or bias.shape != expected[1:]:
        raise ModelVersionError(
            f"The head of the model version has the shape {weights.shape}, not {expected}.",
            remedy="Train the version again, or install it again.",
        )
    return Golden(stored["pixels"], output, weights.astype(np.float32), bias.astype(np.float32))


def check_golden(golden: Golden, output: EngineOutput) -> None:
    """Compare what the engine answers now with what is stored.

    Raises
    ------
    ModelVersionError
        If shapes differ, probabilities differ by more than 1e-3, or features by more than 1 % of
        their largest value.
    """
    pairs = {
        "probabilities": (
            apply_temperature(golden.output.logits, 1.0),
            apply_temperature(output.logits, 1.0),
            PROBABILITY_TOLERANCE,
        )
    }
    for name in ("feature_map", "gate_features"):
        stored, now = getattr(golden.output, name), getattr(output, name)
        largest = float(np.abs(stored).max(initial=1e-6))
        pairs[name] = (stored, now, FEATURE_TOLERANCE * largest)
    for name, (stored, now, tolerance) in pairs.items():
        same_shape = stored.shape == now.shape
        # Written so that NaN, for which every comparison is false, fails.
        if not (same_shape and float(np.abs(stored - now).max(initial=0.0)) <= tolerance):
            raise ModelVersionError(
                f"The model answers its own test picture differently ({name}) from when it was "
                "written.",
                remedy="Install the model version again; it is not used as it is.",
            )
