"""The rules of the backward pass, one by one, against differences of the forward pass."""

import numpy as np
import openvino as ov
import pytest
from openvino import opset15 as ops

from core.errors import ModelVersionError
from core.inference.backward import with_gradients

SIDE, N_CLASSES, STEP = 8, 2, 1e-3


def drawn(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def network(middle):
    """pixels -> channels first -> the operation under test -> dense."""
    pixels = ops.parameter([1, SIDE, SIDE, 3], np.float32, name="pixels")
    pixels.output(0).get_tensor().set_names({"pixels"})
    made = middle(ops.transpose(pixels, np.array([0, 3, 1, 2])))
    port = made.output(0) if hasattr(made, "output") else made
    n_values = int(np.prod(list(port.get_shape())))
    flat = ops.reshape(port, np.array([1, n_values]), False)
    logits = ops.matmul(flat, drawn(n_values, N_CLASSES, seed=2), False, False)
    logits.output(0).get_tensor().set_names({"logits"})
    return ov.Model([logits], [pixels], "one operation")


def compiled(graph):
    return ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def conv(tensor, stride=1, pads=(1, 1), size=3, n=4, **options):
    kernels = drawn(n, tensor.output(0).get_shape()[1], size, size, seed=3)
    begin, end = ([pad, pad] for pad in pads)
    return ops.convolution(tensor, kernels, [stride, stride], begin, end, [1, 1], **options)


def depthwise(tensor, stride=1):
    kernels = drawn(3, 1, 1, 3, 3, seed=3)
    return ops.group_convolution(tensor, kernels, [stride, stride], [1, 1], [1, 1], [1, 1])


def squeeze_excite(tensor):
    weights = ops.sigmoid(ops.reduce_mean(tensor, np.array([2, 3]), True))
    return ops.multiply(tensor, weights)


def split_apart(tensor):
    parts = ops.variadic_split(tensor, np.int64(1), np.array([1, 2]))
    return ops.concat([ops.relu(parts.output(1)), parts.output(0)], 1)


def max_pool(tensor, size=2, auto="explicit"):
    pads = ([0, 0], [0, 0])
    return ops.max_pool(tensor, [2, 2], [1, 1], *pads, [size, size], auto_pad=auto).output(0)


def average_pool(tensor, stride, pads, auto="explicit"):
    begin, end = ([pad, pad] for pad in pads)
    return ops.avg_pool(tensor, [stride, stride], begin, end, [3, 3], True, auto_pad=auto)


def enlarged(tensor, mode, axes=(2, 3), sizes=(16, 24)):
    return ops.interpolate(
        tensor, np.array(sizes), mode, "sizes", [0] * 4, [0] * 4, axes=np.array(axes)
    )


def enlarged_channels_last(tensor):
    turned = ops.transpose(tensor, np.array([0, 2, 3, 1]))
    return enlarged(turned, "linear_onnx", axes=(1, 2))


OPERATIONS = {
    "enlarged, nearest": lambda t: enlarged(t, "nearest"),
    "enlarged, linear": lambda t: enlarged(t, "linear_onnx"),
    "enlarged, channels last": enlarged_channels_last,
    "convolution": conv,
    "convolution of stride 2": lambda t: conv(t, stride=2, pads=(0, 1)),
    "convolution padded alike": lambda t: conv(t, stride=2, auto_pad="same_upper"),
    "square kernel shared by both ways": lambda t: conv(conv(t, n=64), size=1, pads=(0, 0), n=64),
    "depthwise": depthwise,
    "depthwise of stride 2": lambda t: depthwise(t, stride=2),
    "relu": ops.relu,
    "relu6": lambda t: ops.clamp(ops.multiply(t, np.float32(7)), 0.0, 6.0),
    "sigmoid": ops.sigmoid,
    "swish": ops.swish,
    "squeeze and excitation": squeeze_excite,
    "residual": lambda t: ops.add(ops.relu(t), t),
    "subtract": lambda t: ops.subtract(np.float32(2), t),
    "divide": lambda t: ops.divide(t, np.float32(3)),
    "average pool": lambda t: average_pool(t, 1, (1, 1)),
    "average pool padded alike": lambda t: average_pool(t, 2, (0, 0), "same_upper"),
    "max pool": max_pool,
    "max pool padded alike": lambda t: max_pool(t, 3, "same_upper"),
    "pad": lambda t: ops.pad(t, np.array([0, 0, 1, 2]), np.array([0, 0, 2, 0]), "constant"),
    "mean": lambda t: ops.reduce_mean(t, np.array([2, 3]), False),
    "concatenation": lambda t: ops.concat([t, ops.relu(t)], 1),
    "split": split_apart,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_gradient_of_an_operation_is_what_differences_say(name):
    graph = network(OPERATIONS[name])
    pixels, along = drawn(1, SIDE, SIDE, 3, seed=4), drawn(1, SIDE, SIDE, 3, seed=5)
    forward = compiled(graph)
    ahead, behind = (forward(pixels + sign * STEP * along)[0] for sign in (1, -1))
    expected = (ahead.astype(np.float64) - behind)[0] / (2 * STEP)
    back = compiled(with_gradients(graph, ["pixels"], n_seeds=N_CLASSES))
    found = back({0: pixels, 1: np.eye(N_CLASSES, dtype=np.float32)})
    assert np.array_equal(found[0], pixels)
    slopes = (found[1] * along).sum(axis=(1, 2, 3))
    # Differences are off by kinks inside the step and by rounding; the largest slope is the scale.
    assert np.abs(slopes - expected).max() <= 0.02 * max(np.abs(expected).max(), 1.0)


def test_an_operation_without_a_rule_is_named():
    graph = network(ops.erf)
    with pytest.raises(ModelVersionError, match="operation Erf"):
        with_gradients(graph, ["pixels"], n_seeds=1)


def test_a_tensor_that_is_not_there_is_named():
    with pytest.raises(ModelVersionError, match="no tensor named layer/other"):
        with_gradients(network(ops.relu), ["layer/other"], n_seeds=1)
