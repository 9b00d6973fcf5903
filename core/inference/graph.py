"""Read and compile the engine graph of a version; lend its infer requests to one caller each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset16 as ops

from core.config import settings
from core.errors import ModelVersionError
from core.inference.manifest import INSTALL_AGAIN
from core.inference.openvino_core import openvino_core
from core.inference.package import ModelVersion

DEVICE = "CPU"


class RequestPool:
    """Infer requests of one compiled graph, lent to one caller at a time."""

    def __init__(self, compiled: ov.CompiledModel) -> None:
        self._compiled = compiled
        self._free: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[Any]:
        """Lend a request; the pool grows with the number of threads calling at once."""
        with self._lock:
            request = self._free.pop() if self._free else None
        if request is None:
            request = self._compiled.create_infer_request()
        try:
            yield request
        finally:
            with self._lock:
                self._free.append(request)


def read_graph(version: ModelVersion) -> ov.Model:
    """Read the intermediate representation (engine.xml with engine.bin).

    Raises
    ------
    ModelVersionError
        If it cannot be read.
    """
    xml: Path = version.file("engine.xml")
    weights: Path = version.file("engine.bin")
    try:
        return _with_whole_kernels(openvino_core().read_model(str(xml), str(weights)))
    except RuntimeError:  # what OpenVINO raises for every unreadable graph
        raise ModelVersionError(
            f"The engine cannot read the graph of model version {version.name}.",
            remedy=INSTALL_AGAIN,
        ) from None


def graph_of(xml: bytes, weights: bytes) -> ov.Model:
    """Return the graph of these contents of ``engine.xml`` and ``engine.bin``; no file is kept."""
    return _with_whole_kernels(openvino_core().read_model(xml, weights))


def _with_whole_kernels(graph: ov.Model) -> ov.Model:
    """Put plain constants where kernels are stored as halves times a scale; return the graph.

    Whatever walks through it (gradients, shuffled weights) then meets kernels of one kind.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "Multiply":
            continue
        halves, scale = (port.get_source_output().get_node() for port in node.inputs())
        if halves.get_type_name() == "Convert" and scale.get_type_name() == "Constant":
            stored = halves.input_value(0).get_node()
            if stored.get_type_name() == "Constant":
                whole = stored.get_data().astype(np.float32) * scale.get_data()
                node.output(0).replace(ops.constant(whole).output(0))
    return graph


def compile_graph(model: ov.Model) -> ov.CompiledModel:
    """Compile for the CPU, in float32 whatever the processor would prefer."""
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
    }
    threads = settings().inference_threads
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    return openvino_core().compile_model(model, DEVICE, options)


def find_tensor(graph: ov.Model, name: str) -> Any:
    """Return the output port that carries a tensor's name.

    Raises
    ------
    ModelVersionError
        If no port does: graph and ``layers.json`` do not belong together.
    """
    for node in graph.get_ops():
        if node.get_type_name() == "Result":
            continue  # it repeats the names of the tensor that it gives out
        for port in node.outputs():
            if name in port.get_tensor().get_names():
                return port
    raise ModelVersionError(
        f"The engine graph has no tensor named {name}.", remedy="Install the model version again."
    )
