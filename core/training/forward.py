"""Run a graph over many pictures in the OpenVINO engine, which is several times faster than Keras.

What training measures (frozen maps, logits for calibration, gate features) comes out of the engine
that will serve, in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.inference.openvino_core import openvino_core
from core.inference.views import IDENTITY, apply_view, pool_views
from core.training.training_set import TrainingSet

BATCH = 16
Progress = Callable[[str, int, int], None]
"""Called with (what is done, done so far, of how many)."""


class Forward:
    """A compiled graph for throughput; not shared between threads.

    Parameters
    ----------
    path : Path
        Of the graph's ``.xml``.
    """

    def __init__(self, path: Path) -> None:
        options = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
        self._compiled = openvino_core().compile_model(str(path), "CPU", options)
        self._request = self._compiled.create_infer_request()

    def __call__(self, batch: FloatArray) -> dict[str, FloatArray]:
        """Return every named output of a batch (n, rows, columns, 3), owned by the caller."""
        self._request.infer({0: batch}, share_inputs=True, share_outputs=True)
        return {
            output.get_any_name(): self._request.get_output_tensor(place).data.copy()
            for place, output in enumerate(self._compiled.outputs)
        }


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a network says about m pictures.

    ``logits`` (m, n_classes) float64, averaged over the views; ``gate_features`` (m, n_gate)
    float32, of the untouched pictures; ``evidence`` (m,) float64, averaged like the logits, of a
    network with a detail branch (zeros without one).
    """

    logits: NDArray[np.float64]
    gate_features: FloatArray
    evidence: NDArray[np.float64]

    def take(self, rows: NDArray[Any]) -> Measured:
        """Return the measurements of some rows."""
        return Measured(self.logits[rows], self.gate_features[rows], self.evidence[rows])


def measure(
    graph: Path,
    data: TrainingSet,
    rows: NDArray[np.int64],
    *,
    views: Sequence[str] = (IDENTITY,),
    has_evidence: bool = False,
    progress: Progress | None = None,
) -> Measured:
    """Run the exported graph of a network over pictures of the set.

    ``has_evidence`` : whether the last channel of its feature map is a detail branch's evidence.
    """
    forward = Forward(graph)
    logits, gate, evidence = [], [], []
    for start in range(0, len(rows), BATCH):
        batch = data.batch(rows[start : start + BATCH])
        answer = forward(batch)
        seen = [answer, *(forward(apply_view(batch, view)) for view in views if view != IDENTITY)]
        logits.append(pool_views([one["logits"] for one in seen]))
        maps = [one["feature_map"][..., -1] for one in seen] if has_evidence else []
        means = [one.mean(axis=(1, 2)) for one in maps] or [np.zeros(len(batch))]
        evidence.append(np.mean(means, axis=0, dtype=np.float64))
        gate.append(answer["gate_features"])
        if progress is not None:
            progress("measuring", min(start + BATCH, len(rows)), len(rows))
    return Measured(np.concatenate(logits), np.concatenate(gate), np.concatenate(evidence))
