"""Gradients of the logits as part of the engine graph: reverse mode, one rule per operation.

Every operation of the graph gets its adjoint (Griewank & Walther, *Evaluating derivatives*, 2008)
as further operations, so that one pass of the same engine gives d logit_c / d layer, for several
classes at once: the classes are the batch of what flows back, while the activations that a rule
reads keep a batch of one and are broadcast. Nothing but the engine is needed, and activations are
those that the answer came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset15 as ops

from core.errors import ModelVersionError
from core.inference.backward_rules import RULES
from core.inference.graph import find_tensor

SEEDS = "seeds"


def with_gradients(graph: ov.Model, names: Sequence[str], *, n_seeds: int) -> ov.Model:
    """Return a graph that gives tensors and the gradients of the logits with respect to them.

    Parameters
    ----------
    graph : ov.Model
        With the fixed input ``pixels`` (1, rows, columns, 3) and an output ``logits``
        (1, n_classes); it is taken apart.
    names : sequence of str
        Names of tensors on the way from the pixels to the logits.
    n_seeds : int
        How many combinations of logits are differentiated at once.

    Returns
    -------
    ov.Model
        Inputs ``pixels`` and ``seeds`` (n_seeds, n_classes): row s differentiates
        ``sum_c seeds[s, c] * logit_c``. Outputs: the tensors in order, (1, …) each, then their
        gradients in the same order, (n_seeds, …) each.

    Raises
    ------
    ModelVersionError
        If a tensor does not lead to the logits, or an operation on the way has no rule.
    """
    ports = [find_tensor(graph, name) for name in names]
    logits = find_tensor(graph, "logits")
    pixels = graph.get_parameters()[0]
    seeds = ops.parameter([n_seeds, logits.get_shape()[1]], np.float32, name=SEEDS)
    seeds.output(0).get_tensor().set_names({SEEDS})
    sources = [_source(port) for port in ports]
    found = _reverse(graph, logits, seeds.output(0), targets=[port for port, _ in sources])
    back = []
    for name, (port, order) in zip(names, sources, strict=True):
        gradient = found.get(_key(port))
        if gradient is None:
            raise ModelVersionError(
                f"The logits do not depend on {name}.", remedy="Choose another layer."
            )
        back.append(gradient if order is None else ops.transpose(gradient, order).output(0))
    return ov.Model(ports + back, [pixels, seeds], "gradients")


def _source(port: Any) -> tuple[Any, Any]:
    """Return the tensor that the logits are made of, and how its axes were turned for an output.

    The converter lets the network go on in its own order of axes and turns a copy for the output;
    nothing leads from that copy to the logits.
    """
    readers = {item.get_node().get_type_name() for item in port.get_target_inputs()}
    node = port.get_node()
    if node.get_type_name() != "Transpose" or readers - {"Result"}:
        return port, None
    return node.input_value(0), node.input_value(1)


_PortKey = tuple[str, int]


def _key(port: Any) -> _PortKey:
    return (port.get_node().get_name(), port.get_index())


def _reverse(
    graph: ov.Model, logits: Any, seed: Any, *, targets: Sequence[Any]
) -> dict[_PortKey, Any]:
    """Walk from the logits to the targets; return the gradient at every port that was passed."""
    order = graph.get_ordered_ops()
    towards = _downstream(order, targets)
    gradients = {_key(logits): seed}
    for node in reversed(order):
        kind = node.get_type_name()
        if node.get_name() not in towards or kind in {"Parameter", "Result"}:
            continue
        arriving = [gradients.get(_key(port)) for port in node.outputs()]
        if all(item is None for item in arriving):
            continue
        wanted = [
            place
            for place, port in enumerate(node.input_values())
            if port.get_node().get_name() in towards or _key(port) in map(_key, targets)
        ]
        if not wanted:
            continue
        if kind not in RULES:
            raise ModelVersionError(
                f"The engine graph holds the operation {kind}, which cannot be differentiated "
                "here.",
                remedy="Choose a method that needs no gradients.",
            )
        for place, gradient in RULES[kind](node, arriving, wanted).items():
            key = _key(node.input_value(place))
            before = gradients.get(key)
            both = gradient if before is None else ops.add(before, gradient).output(0)
            gradients[key] = both
    return gradients


def _downstream(order: Sequence[Any], targets: Sequence[Any]) -> set[str]:
    """Return the names of the nodes that read a target, directly or not."""
    starts = {_key(port) for port in targets}
    reached: set[str] = set()
    for node in order:
        if node.get_type_name() == "ShapeOf":
            continue  # shapes are fixed: they do not depend on values
        for port in node.input_values():
            if _key(port) in starts or port.get_node().get_name() in reached:
                reached.add(node.get_name())
    return reached
