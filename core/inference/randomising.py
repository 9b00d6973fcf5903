"""A version with its learned weights thrown away, layer by layer from the logits down.

What a map still shows on such a network comes from the picture and the method, not from anything
that was learned (Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018). Every weight of
the engine graph (kernels, biases, what is left of normalisations) keeps its values in a random
order: nothing learned stays in its place, while the scale of each layer, and with it the range of
its activations, stays that of the trained network, whatever the architecture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset15 as ops

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.graph import find_tensor, read_graph
from core.inference.package import ModelVersion
from core.inference.probe import Probe, open_probe

FEWEST_VALUES = 8  # below, it is the scaling of the pixels, which is not learned


def randomised_probe(version: ModelVersion, *, share: float = 1.0, seed: int = 0) -> Probe:
    """Return a probe of the version whose last layers are random.

    Parameters
    ----------
    version : ModelVersion
    share : float in (0, 1]
        Of the operations that hold weights, counted from the logits down; 1 is the whole network,
        and the smallest share is the last layer alone.
    seed : int

    Raises
    ------
    ModelVersionError
        If a file is not what the manifest says, or the graph cannot be read.
    """
    trained = open_probe(version)  # verifies every file
    head = _head(randomised(read_graph(version), share=share, seed=seed))
    return Probe(
        lambda: randomised(read_graph(version), share=share, seed=seed),
        name=f"{version.name} with random weights",
        class_names=version.card.class_names,
        head=head if trained.head_weights is not None else None,
        layers=trained.layers,
    )


def randomised(graph: ov.Model, *, share: float = 1.0, seed: int = 0) -> ov.Model:
    """Shuffle the weights of the last operations of a graph, in place, and return it.

    Each operation has a random stream of its own: a larger share leaves what a smaller one shuffled
    as it was, so that the shares are steps of one cascade.
    """
    holders = list(weights_of(graph))
    n_shuffled = max(1, round(share * len(holders)))
    for place in range(len(holders) - n_shuffled, len(holders)):
        for number, constant in enumerate(holders[place]):
            _shuffle(constant, np.random.default_rng((seed, place, number)))
    return graph


def weights_of(graph: ov.Model) -> Iterator[list[Any]]:
    """Yield the constants with weights of each operation that has some, from the pixels on."""
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Convert":
            continue  # of weights stored in half precision: they belong to what reads them
        constants = [_constant(port.get_source_output().get_node()) for port in node.inputs()]
        found = [item for item in constants if item is not None]
        if found:
            yield found


def _constant(node: Any) -> Any:
    """Return the constant that a node is, perhaps behind a conversion; None where it is none."""
    if node.get_type_name() == "Convert":
        node = node.input(0).get_source_output().get_node()
    if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
        return None
    return node if node.get_output_size() and _size(node) >= FEWEST_VALUES else None


def _size(node: Any) -> int:
    return int(np.prod(list(node.get_output_shape(0))))


def _shuffle(constant: Any, rng: np.random.Generator) -> None:
    values = np.array(constant.data)
    mixed = rng.permutation(values.ravel()).reshape(values.shape)
    other = ops.constant(mixed, dtype=constant.get_element_type())
    for port in list(constant.output(0).get_target_inputs()):
        port.replace_source_output(other.output(0))


def _head(graph: ov.Model) -> tuple[FloatArray, FloatArray] | None:
    """Return weights (n_channels, n_classes) and bias (n_classes) of a dense last layer."""
    try:
        last = find_tensor(graph, "logits").get_node()
    except ModelVersionError:
        return None
    if last.get_type_name() != "Add":
        return None
    inner = [port.get_source_output().get_node() for port in last.inputs()]
    product = next((node for node in inner if node.get_type_name() == "MatMul"), None)
    bias = next((node for node in map(_values, inner) if node is not None), None)
    if product is None or bias is None:
        return None
    weights = _values(product.input(1).get_source_output().get_node())
    if weights is None:
        return None
    if product.get_attributes()["transpose_b"]:
        weights = weights.T
    return np.ascontiguousarray(weights, np.float32), bias.ravel().astype(np.float32)


def _values(node: Any) -> Any:
    if node.get_type_name() == "Convert":
        node = node.input(0).get_source_output().get_node()
    return np.array(node.data) if node.get_type_name() == "Constant" else None
