"""Tidy a graph as the converter leaves it: the outputs asked for, and no turning to and fro.

TensorFlow's swish carries a gradient of its own, and the converter makes an output of every one
of them, each behind a transposition that the network then has to undo. Enlarging a map leaves its
batch size as an output.
"""

from __future__ import annotations

from typing import Any

import openvino as ov

from core.errors import TrainingError


def asked_outputs(graph: ov.Model, n: int) -> list[Any]:
    """Drop every output but the first ``n`` of the network; return these, in the network's order.

    Raises
    ------
    TrainingError
        If they cannot be told apart.
    """
    if n == len(graph.outputs) == 1:
        return list(graph.outputs)
    wanted = ["Identity:0", *(f"Identity_{place}:0" for place in range(1, n))]
    found = {name: out for out in graph.outputs for name in out.get_names() if name in wanted}
    if set(found) != set(wanted):
        raise TrainingError(
            f"The converted graph has {len(graph.outputs)} outputs, and not the {n} asked for.",
            remedy="Use the versions of Keras and OpenVINO that this release names.",
        )
    kept = {out.get_node().get_friendly_name() for out in found.values()}
    for out in list(graph.outputs):
        if out.get_node().get_friendly_name() not in kept:
            graph.remove_result(out.get_node())
    _undo_turns(graph)
    return [found[name] for name in wanted]


def _undo_turns(graph: ov.Model) -> None:
    """Let whatever reads a transposition of a transposition read what both began with."""
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "Transpose":
            continue
        before = node.input_value(0).get_node()
        if before.get_type_name() != "Transpose":
            continue
        first, second = _order(before), _order(node)
        if first and second and [first[axis] for axis in second] == sorted(first):
            node.output(0).replace(before.input_value(0))


def _order(node: Any) -> list[int]:
    source = node.input_value(1).get_node()
    is_fixed = source.get_type_name() == "Constant"
    return [int(axis) for axis in source.get_data()] if is_fixed else []
