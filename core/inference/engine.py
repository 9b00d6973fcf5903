"""The engine: one OpenVINO graph, compiled once, one pass for logits, feature map and gate.

Float32 execution is asked for by name: on processors with bfloat16 units OpenVINO would otherwise
choose bfloat16, which moves the maps by 1 %. The graph runs on the CPU and asks for nothing else,
so the answer is the same with and without a GPU. Nothing here opens a network connection.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import openvino as ov

from core.domain import EngineOutput, FloatArray
from core.errors import ModelVersionError
from core.inference.graph import DEVICE, RequestPool, compile_graph, read_graph
from core.inference.package import ModelVersion

LOGITS, FEATURE_MAP, GATE_FEATURES = "logits", "feature_map", "gate_features"


class Engine:
    """The compiled graph of a version; safe to call from any number of threads.

    Each call borrows an infer request of its own from a pool that grows with the number of
    threads calling at once, so that no answer can meet another one's tensors.

    Parameters
    ----------
    version : ModelVersion
        Verified by the caller (``core.inference.ready``).
    """

    device = DEVICE

    def __init__(self, version: ModelVersion) -> None:
        self._version = version
        model = read_graph(version)
        _check_graph(model, version)
        rows, columns = version.card.input_size
        self.input_shape = (1, rows, columns, 3)
        model.reshape(list(self.input_shape))
        self._has_map = any(FEATURE_MAP in out.get_names() for out in model.outputs)
        self._places = _places(model)
        self._requests = RequestPool(compile_graph(model))
        self._twin: RequestPool | None = None
        self._twin_lock = threading.Lock()

    @property
    def has_feature_map(self) -> bool:
        """Whether the graph gives a feature map, so that maps can be drawn at all."""
        return self._has_map

    def run(self, batch: FloatArray) -> EngineOutput:
        """Run the graph over n pictures, one at a time (the lowest latency on a CPU).

        Parameters
        ----------
        batch : ndarray of shape (n, rows, columns, 3), float32, 0..255, RGB

        Returns
        -------
        EngineOutput
            Owned by the caller. Without a feature map its array is (n, 0, 0, 0).

        Raises
        ------
        ModelVersionError
            If the batch does not have the shape that the network takes.
        """
        pictures = self._pictures(batch)
        with self._requests.borrow() as request:
            passes = [self._one(request, picture) for picture in pictures]
        if len(passes) == 1:
            return EngineOutput(*passes[0])
        return EngineOutput(*(np.concatenate(parts) for parts in zip(*passes, strict=True)))

    def run_logits_only(self, batch: FloatArray) -> FloatArray:
        """Return logits (n, n_classes) of the same graph with one output: the bare forward pass.

        It is what the benchmark divides by; compiled on first use.
        """
        pictures = self._pictures(batch)
        with self._twin_lock:
            if self._twin is None:
                self._twin = RequestPool(compile_graph(self._twin_graph()))
        with self._twin.borrow() as request:
            rows = []
            for picture in pictures:
                request.infer({0: picture}, share_inputs=True, share_outputs=True)
                rows.append(request.get_output_tensor(0).data.copy())
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def _one(self, request: Any, picture: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        request.infer({0: picture}, share_inputs=True, share_outputs=True)
        # Copied: the tensors belong to the request, which the next caller will overwrite.
        out = {
            name: request.get_output_tensor(place).data.copy()
            for name, place in self._places.items()
        }
        no_map = np.zeros((1, 0, 0, 0), np.float32)
        return out[LOGITS], out.get(FEATURE_MAP, no_map), out[GATE_FEATURES]

    def _pictures(self, batch: FloatArray) -> list[FloatArray]:
        if batch.ndim != 4 or not len(batch) or batch.shape[1:] != self.input_shape[1:]:
            raise ModelVersionError(
                f"The network takes pictures of shape {self.input_shape[1:]}, not "
                f"{batch.shape[1:]} ({len(batch) if batch.ndim else 0} of them).",
                remedy="Prepare them with the recipe of the model version.",
            )
        ready = np.ascontiguousarray(batch, np.float32)
        return [ready] if len(ready) == 1 else [ready[i : i + 1] for i in range(len(ready))]

    def _twin_graph(self) -> ov.Model:
        full = read_graph(self._version)
        full.reshape(list(self.input_shape))
        twin = ov.Model([full.output(LOGITS)], full.get_parameters(), "twin")
        return twin


def _places(model: ov.Model) -> dict[str, int]:
    names = (LOGITS, FEATURE_MAP, GATE_FEATURES)
    return {
        name: place
        for place, out in enumerate(model.outputs)
        for name in names
        if name in out.get_names()
    }


def _check_graph(model: ov.Model, version: ModelVersion) -> None:
    """Compare the graph's outputs with the card: all there, one logit a class."""
    places = _places(model)
    missing = [name for name in (LOGITS, GATE_FEATURES) if name not in places]
    if missing or len(model.inputs) != 1:
        raise ModelVersionError(
            f"The graph of model version {version.name} lacks the output "
            f"{', '.join(missing) or 'or has more than one input'}.",
            remedy="Export the version again.",
        )
    rows, columns = version.card.input_size
    if not model.inputs[0].get_partial_shape().compatible(ov.PartialShape([1, rows, columns, 3])):
        raise ModelVersionError(
            f"The graph of model version {version.name} does not take pictures of "
            f"{rows} x {columns} pixels.",
            remedy="Export the version again.",
        )
    shape = model.outputs[places[LOGITS]].get_partial_shape()
    n_outputs = shape[1].get_length() if shape.rank.get_length() == 2 else 0
    n_classes = len(version.card.class_names)
    if n_outputs != n_classes:
        raise ModelVersionError(
            f"Model version {version.name} has {n_outputs} outputs for {n_classes} classes "
            f"({', '.join(version.card.class_names)}).",
            remedy="Correct the card's class_names in training and write the version again.",
        )
