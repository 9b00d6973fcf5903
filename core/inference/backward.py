"""Gradients of the logits as part of the engine graph: reverse mode, one rule per operation.

Every operation of the graph gets its adjoint (Griewank & Walther, *Evaluating derivatives*, 2008)
as further operations, so that one pass of the same engine gives d logit_c / d layer, for several
classes at once: the classes are the batch of what flows back, while the activations that a rule
reads keep a batch of one and are broadcast. Nothing but the engine is needed, and activations are
those that the answer came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset15 as ops

from core.errors import ModelVersionError
from core.inference.backward_resize import resize
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


_Gradients = dict[int, Any]
_Rule = Callable[[Any, list[Any], list[int]], _Gradients]


def _shape(port: Any) -> list[int]:
    return [int(length) for length in port.get_shape()]


def _like(gradient: Any, port: Any) -> Any:
    """Return the gradient in the shape of the port it belongs to, with its own batch."""
    rows = np.array([_shape(gradient)[0], *_shape(port)[1:]], np.int64)
    return ops.reshape(gradient, rows, special_zero=False).output(0)


def _unbroadcast(gradient: Any, port: Any) -> Any:
    """Sum over the places that the port's value was repeated at."""
    shape, wide = _shape(port), _shape(gradient)
    axes = [axis for axis in range(1, len(wide)) if shape[axis] == 1 and wide[axis] != 1]
    if not axes:
        return gradient
    return ops.reduce_sum(gradient, np.array(axes), keep_dims=True).output(0)


def _alone(rule: Callable[[Any, Any], Any]) -> _Rule:
    """Make a rule of one for an operation with one output and one input that matters."""

    def apply(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
        made = rule(node, arriving[0])
        return {place: made.output(0) if hasattr(made, "output") else made for place in wanted}

    return apply


def _add(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    return {place: _unbroadcast(arriving[0], node.input_value(place)) for place in wanted}


def _subtract(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    signed = {0: arriving[0], 1: ops.negative(arriving[0]).output(0)}
    return {place: _unbroadcast(signed[place], node.input_value(place)) for place in wanted}


def _multiply(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    return {
        place: _unbroadcast(
            ops.multiply(arriving[0], node.input_value(1 - place)).output(0),
            node.input_value(place),
        )
        for place in wanted
    }


def _divide(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    over, under = node.input_values()
    shares = ops.divide(arriving[0], under)
    found = {0: _unbroadcast(shares.output(0), over)}
    if 1 in wanted:
        pulled = ops.negative(ops.multiply(shares, ops.divide(over, under)))
        found[1] = _unbroadcast(pulled.output(0), under)
    return {place: found[place] for place in wanted}


def _relu(node: Any, gradient: Any) -> Any:
    return ops.multiply(gradient, ops.sign(node.output(0)))


def _clamp(node: Any, gradient: Any) -> Any:
    """Let through what lies strictly between the bounds, as TensorFlow's relu6 does."""
    bounds, out = node.get_attributes(), node.output(0)
    above = ops.sign(ops.subtract(out, np.float32(bounds["min"])))
    below = ops.sign(ops.subtract(np.float32(bounds["max"]), out))
    return ops.multiply(gradient, ops.multiply(above, below))


def _sigmoid(node: Any, gradient: Any) -> Any:
    out = node.output(0)
    return ops.multiply(gradient, ops.multiply(out, ops.subtract(np.float32(1), out)))


def _swish(node: Any, gradient: Any) -> Any:
    """Return the gradient through x * s(beta x): s + beta x s (1 - s)."""
    x, out = node.input_value(0), node.output(0)
    beta = node.input_value(1) if node.get_input_size() > 1 else ops.constant(np.float32(1))
    gate = ops.sigmoid(ops.multiply(beta, x))
    bend = ops.multiply(ops.multiply(beta, out), ops.subtract(np.float32(1), gate))
    return ops.multiply(gradient, ops.add(gate, bend))


def _transpose(node: Any, gradient: Any) -> Any:
    order = _constant(node, 1)
    return ops.transpose(gradient, np.argsort(order))


def _constant(node: Any, place: int) -> Any:
    source = node.input_value(place).get_node()
    if source.get_type_name() != "Constant":
        raise ModelVersionError(
            f"The engine graph holds a {node.get_type_name()} whose form depends on the picture; "
            "it cannot be differentiated here.",
            remedy="Choose a method that needs no gradients.",
        )
    return np.atleast_1d(source.get_data())


def _reduce_mean(node: Any, gradient: Any) -> Any:
    port = node.input_value(0)
    shape, axes = _shape(port), {int(axis) % len(_shape(port)) for axis in _constant(node, 1)}
    n_places = int(np.prod([shape[axis] for axis in axes]))
    kept = [1 if axis in axes else length for axis, length in enumerate(shape)]
    kept[0] = _shape(gradient)[0]
    small = ops.reshape(gradient, np.array(kept, np.int64), special_zero=False)
    full = np.array([kept[0], *shape[1:]], np.int64)
    return ops.broadcast(ops.multiply(small, np.float32(1 / n_places)), full)


def _concat(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    axis = node.get_attributes()["axis"]
    widths = [_shape(port)[axis] for port in node.input_values()]
    parts = ops.variadic_split(arriving[0], np.int64(axis), np.array(widths, np.int64))
    return {place: parts.output(place) for place in wanted}


def _split(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    """Put the parts beside each other again; a part that nobody reads is zero."""
    axis = int(_constant(node, 1)[0])
    n_seeds = next(_shape(item)[0] for item in arriving if item is not None)
    parts = [
        np.zeros([n_seeds, *_shape(port)[1:]], np.float32) if item is None else item
        for item, port in zip(arriving, node.outputs(), strict=True)
    ]
    nodes = [ops.constant(part) if isinstance(part, np.ndarray) else part for part in parts]
    return {place: ops.concat(nodes, axis).output(0) for place in wanted}


def _pad(node: Any, gradient: Any) -> Any:
    before, after = _constant(node, 1), _constant(node, 2)
    shape = _shape(gradient)
    stops = [length - int(end) for length, end in zip(shape, after, strict=True)]
    starts = np.array(before, np.int64)
    ones, axes = np.ones(len(shape), np.int64), np.arange(len(shape))
    return ops.slice(gradient, starts, np.array(stops, np.int64), ones, axes)


def _matmul(node: Any, arriving: list[Any], wanted: list[int]) -> _Gradients:
    if wanted != [0] or len(_shape(node.input_value(1))) != 2:
        raise ModelVersionError(
            "The engine graph multiplies two matrices that both depend on the picture; it cannot "
            "be differentiated here.",
            remedy="Choose a method that needs no gradients.",
        )
    flipped = node.get_attributes()
    if flipped["transpose_a"]:
        return {0: ops.matmul(node.input_value(1), arriving[0], flipped["transpose_b"], True)}
    back = ops.matmul(arriving[0], node.input_value(1), False, not flipped["transpose_b"])
    return {0: back.output(0)}


def _borders(node: Any, kernel: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the padding before and after; ``same`` is what makes the output ceil(in / stride)."""
    form = node.get_attributes()
    if form.get("auto_pad") not in {"same_upper", "same_lower"}:
        return list(form["pads_begin"]), list(form["pads_end"])
    begin, end = [], []
    steps = form.get("dilations", [1] * len(kernel))
    sizes = zip(_shape(node.input_value(0))[2:], _shape(node.output(0))[2:], strict=True)
    for (length, made), size, stride, step in zip(
        sizes, kernel, form["strides"], steps, strict=True
    ):
        total = max((made - 1) * stride + step * (size - 1) + 1 - length, 0)
        smaller = total // 2
        larger = total - smaller
        is_upper = form["auto_pad"] == "same_upper"
        begin.append(smaller if is_upper else larger)
        end.append(larger if is_upper else smaller)
    return begin, end


def _spread(node: Any, gradient: Any, *, kernels: Any, is_grouped: bool) -> Any:
    """Return the transposed convolution that sends a gradient back through a convolution."""
    form = node.get_attributes()
    size = _shape(kernels)[-2:]
    begin, end = _borders(node, size)
    steps = form.get("dilations", [1, 1])
    wanted, come = _shape(node.input_value(0))[2:], _shape(gradient)[2:]
    rest = [
        wanted[i]
        - (form["strides"][i] * (come[i] - 1) + steps[i] * (size[i] - 1) + 1 - begin[i] - end[i])
        for i in (0, 1)
    ]
    back = ops.group_convolution_backprop_data if is_grouped else ops.convolution_backprop_data
    return back(
        gradient,
        kernels,
        strides=list(form["strides"]),
        pads_begin=begin,
        pads_end=end,
        dilations=list(steps),
        output_padding=rest,
    )


def _own_copy(port: Any) -> Any:
    """Return a constant of its own with the same values.

    OpenVINO 2026.4 on the CPU keeps one reordered copy of a constant: where a convolution and a
    transposed convolution share a square kernel, one of the two computes with the other's.
    """
    node = port.get_node()
    if node.get_type_name() == "Convert":  # stored in half precision
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant":
        raise ModelVersionError(
            "The engine graph convolves with kernels that depend on the picture; it cannot be "
            "differentiated here.",
            remedy="Choose a method that needs no gradients.",
        )
    return ops.constant(node.get_data().astype(np.float32)).output(0)


def _convolution(node: Any, gradient: Any) -> Any:
    return _spread(node, gradient, kernels=_own_copy(node.input_value(1)), is_grouped=False)


def _group_convolution(node: Any, gradient: Any) -> Any:
    return _spread(node, gradient, kernels=_own_copy(node.input_value(1)), is_grouped=True)


def _average_pool(node: Any, gradient: Any) -> Any:
    """Hand every mean back in equal shares to the places it was taken over."""
    form = node.get_attributes()
    kernel = form["kernel"]
    inside = ops.constant(np.ones([1, 1, *_shape(node.input_value(0))[2:]], np.float32))
    counted = ops.avg_pool(
        inside,
        list(form["strides"]),
        *_borders(node, kernel),
        list(kernel),
        False,
        form["rounding_type"],
    )
    # Mean of ones with the border counted = share inside; the mean without it divides by that.
    area = float(np.prod(kernel))
    share = ops.multiply(counted, np.float32(area)) if form["exclude-pad"] else np.float32(area)
    n_channels = _shape(gradient)[1]
    ones = ops.constant(np.ones([n_channels, 1, 1, *kernel], np.float32))
    even = ops.divide(gradient, share).output(0)
    return _spread(node, even, kernels=ones.output(0), is_grouped=True)


def _max_pool(node: Any, gradient: Any) -> Any:
    """Send every gradient to the place whose value was the largest (the first of equals)."""
    form, port = node.get_attributes(), node.input_value(0)
    kernel = form["kernel"]
    begin, end = _borders(node, kernel)
    pooled = ops.max_pool(
        port,
        list(form["strides"]),
        list(form.get("dilations", [1, 1])),
        begin,
        end,
        list(kernel),
        form["rounding_type"],
        "explicit",
        "i64",
        2,  # indices count within one channel
    )
    n_seeds, n_channels, rows, columns = _shape(gradient)
    height, width = _shape(port)[2:]
    flat = np.array([n_seeds, n_channels, rows * columns], np.int64)
    places = ops.reshape(pooled.output(1), flat[1:], special_zero=False)
    zeros = ops.constant(np.zeros((n_seeds, n_channels, height * width), np.float32))
    sent = ops.scatter_elements_update(
        zeros,
        ops.broadcast(places, flat),
        ops.reshape(gradient, flat, special_zero=False),
        np.int64(2),
        "sum",
        True,
    )
    return _like(sent.output(0), port)


def _reshaped(node: Any, gradient: Any) -> Any:
    return _like(gradient, node.input_value(0))


def _same(node: Any, gradient: Any) -> Any:
    del node
    return gradient


RULES: dict[str, _Rule] = {
    "Add": _add,
    "AvgPool": _alone(_average_pool),
    "Clamp": _alone(_clamp),
    "Concat": _concat,
    "Convert": _alone(_same),
    "Convolution": _alone(_convolution),
    "Divide": _divide,
    "GroupConvolution": _alone(_group_convolution),
    "Interpolate": _alone(resize),
    "MatMul": _matmul,
    "MaxPool": _alone(_max_pool),
    "Multiply": _multiply,
    "Pad": _alone(_pad),
    "ReduceMean": _alone(_reduce_mean),
    "Relu": _alone(_relu),
    "Reshape": _alone(_reshaped),
    "Sigmoid": _alone(_sigmoid),
    "Split": _split,
    "Squeeze": _alone(_reshaped),
    "Subtract": _subtract,
    "Swish": _alone(_swish),
    "Transpose": _alone(_transpose),
    "Unsqueeze": _alone(_reshaped),
    "VariadicSplit": _split,
}
