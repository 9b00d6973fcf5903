"""One rule an operation of the engine graph: what flows back through it.

A rule is given the node, the gradients that arrive at its outputs (None where none does) and which
of its inputs matter; it returns the gradient at each of these. What flows back has the seeds as its
batch, the activations that a rule reads keep a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from openvino import opset15 as ops

from core.errors import ModelVersionError
from core.inference.backward_resize import resize

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
