"""HEAVY: name the layers of a network on its engine graph, so that each can be looked at later.

The graph stays what it is: a layer's name is put on the tensor that gives the layer's values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import openvino as ov

from core.domain import FloatArray
from core.inference.layers import LayerRow, leaves_as, tensor_name
from core.inference.openvino_core import openvino_core

CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D"})
# Where paths meet: the ends of residual and dense blocks, which no single convolution stands for.
JOINS = frozenset({"Add", "Concatenate"})
PASSED_OVER = frozenset({"Constant", "Parameter", "Result", "Transpose", "Convert"})
TOLERANCE = 1e-3  # of the layer's largest value


def layer_rows(network: keras.Model) -> tuple[LayerRow, ...]:
    """Return every layer of a flat network, in its order, before the graph is made.

    ``has_map`` says which are to be named on the graph: convolutions and joins with more than one
    place; a squeeze-and-excitation convolution, on pooled values, has none.
    """
    readers = {
        layer["config"]["name"]: tuple(dict.fromkeys(_origins(layer["inbound_nodes"])))
        for layer in network.get_config()["layers"]
    }
    return tuple(_row(layer, readers[layer.name]) for layer in network.layers)


def _row(layer: keras.layers.Layer, inputs: tuple[str, ...]) -> LayerRow:
    shape = tuple(int(length) for length in layer.output.shape[1:])
    kind = type(layer).__name__
    has_places = len(shape) == 3 and shape[0] * shape[1] > 1
    return LayerRow(
        name=layer.name,
        kind=kind,
        output_shape=shape,
        n_parameters=int(layer.count_params()),
        is_trainable=bool(layer.trainable_weights),
        inputs=inputs,
        has_map=has_places and kind in CONVOLUTIONS | JOINS,
    )


def _origins(nodes: Any) -> Iterator[str]:
    """Walk through a layer's calls as Keras stores them; give the names of the layers read."""
    if isinstance(nodes, dict):
        if nodes.get("class_name") == "__keras_tensor__":
            yield nodes["config"]["keras_history"][0]
        else:
            yield from _origins(list(nodes.values()))
    elif isinstance(nodes, list | tuple):
        for item in nodes:
            yield from _origins(item)


def name_layers(
    graph: ov.Model, network: keras.Model, rows: Sequence[LayerRow], batch: FloatArray
) -> tuple[LayerRow, ...]:
    """Name, on the graph, the tensor that each layer with a map leaves as; change nothing else.

    The converter keeps no layer's name, and converting the layers as further outputs would give
    another, slower graph. So every tensor is looked at once: the one that equals what the *Keras*
    layer gives for a picture is the layer's, and the name is proven by the match.

    Parameters
    ----------
    graph : ov.Model
        Of ``network``, (n, rows, columns, 3) in.
    rows : sequence of LayerRow
        As ``layer_rows`` gave them.
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255

    Returns
    -------
    tuple of LayerRow
        The rows with their tensor's order of axes; ``has_map`` is false where no tensor matched.
    """
    found = _tensors(graph, batch)
    wanted = {row.name: leaves_as(rows, row.name) for row in rows if row.has_map}
    ports = {
        (node.get_friendly_name(), port.get_index()): port
        for node in graph.get_ops()
        for port in node.outputs()
    }
    named = []
    for row, values in zip(rows, _activations(network, rows, wanted, batch), strict=True):
        match = None if values is None else _match(values, found)
        if match is not None:
            ports[match[0]].get_tensor().add_names({tensor_name(row.name)})
        changes = {"has_map": match is not None, "is_channels_first": bool(match and match[1])}
        named.append(row.model_copy(update=changes))
    return tuple(named)


_PortKey = tuple[str, int]


def _tensors(graph: ov.Model, batch: FloatArray) -> dict[_PortKey, FloatArray]:
    """Return every four-dimensional tensor of the graph for one picture."""
    copy = graph.clone()
    copy.reshape(list(batch.shape))
    ports = [
        port
        for node in copy.get_ordered_ops()
        if node.get_type_name() not in PASSED_OVER
        for port in node.outputs()
        if len(port.get_shape()) == 4
    ]
    keys = [(port.get_node().get_friendly_name(), port.get_index()) for port in ports]
    opened = ov.Model(ports, copy.get_parameters(), "opened")
    run = openvino_core().compile_model(opened, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request = run.create_infer_request()
    request.infer({0: batch})
    return {key: np.array(request.get_output_tensor(place).data) for place, key in enumerate(keys)}


def _activations(
    network: keras.Model, rows: Sequence[LayerRow], wanted: dict[str, str], batch: FloatArray
) -> list[FloatArray | None]:
    """Return what each wanted layer leaves as, (rows, columns, channels); None for the others."""
    ends = list(dict.fromkeys(wanted.values()))
    if not ends:
        return [None] * len(rows)
    opened = keras.Model(network.inputs[0], {end: network.get_layer(end).output for end in ends})
    values = opened(keras.ops.convert_to_tensor(batch), training=False)
    return [
        np.asarray(keras.ops.convert_to_numpy(values[wanted[row.name]]), np.float32)[0]
        if row.name in wanted
        else None
        for row in rows
    ]


def _match(values: FloatArray, found: dict[_PortKey, FloatArray]) -> tuple[_PortKey, bool] | None:
    """Return the tensor that equals a layer's output best, and whether its channels come first."""
    largest = float(np.abs(values).max())
    best: tuple[float, _PortKey, bool] | None = None
    for is_first, same in ((True, np.moveaxis(values, -1, 0)), (False, values)):
        for key, tensor in found.items():
            if tensor.shape[1:] != same.shape:
                continue
            error = float(np.abs(tensor[0] - same).max())
            if error <= TOLERANCE * largest and (best is None or error < best[0]):
                best = error, key, is_first
    return None if best is None or largest == 0 else best[1:]
