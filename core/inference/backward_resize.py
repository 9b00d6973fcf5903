"""The backward rule of an enlarged or reduced map: linear, so its adjoint is two small matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset15 as ops

from core.errors import ModelVersionError
from core.inference.openvino_core import openvino_core


def resize(node: Any, gradient: Any) -> Any:
    """Return the gradient before a resize of rows and columns, each along its own axis.

    A resize is ``out = R in C^T``; the gradient goes back as ``R^T g C``. R and C are read off the
    operation itself, by giving it one line at a time.

    Raises
    ------
    ModelVersionError
        If it resizes other axes than two.
    """
    before = [int(length) for length in node.input_value(0).get_shape()]
    after = [int(length) for length in node.output(0).get_shape()]
    axes = [axis for axis in range(len(before)) if before[axis] != after[axis]]
    if not set(axes) <= _spatial(before, after):
        raise ModelVersionError(
            f"The engine graph resizes a map of shape {before} to {after}, which cannot be "
            "differentiated here.",
            remedy="Choose a method that needs no gradients.",
        )
    for axis in axes:
        matrix = _matrix(node, before, axis)  # (after, before)
        order = [place for place in range(len(before)) if place != axis] + [axis]
        moved = ops.transpose(gradient, np.array(order))
        back = ops.matmul(moved, ops.constant(matrix), False, False)
        gradient = ops.transpose(back, np.array(np.argsort(order))).output(0)
    return gradient


def _spatial(before: list[int], after: list[int]) -> set[int]:
    """Return the two axes of places: channels first or last, whichever is not resized."""
    if len(before) != 4 or before[0] != after[0]:
        return set()
    return {2, 3} if before[1] == after[1] else {1, 2}


def _matrix(node: Any, before: list[int], axis: int) -> NDArray[np.float32]:
    """Return how one axis is resized, (after, before): column k is the answer to a line at k."""
    shape = [1] * len(before)
    shape[axis] = before[axis]
    line = ops.parameter(shape, np.float32)
    sizes, which = np.array([int(node.output(0).get_shape()[axis])]), np.array([axis])
    form = node.get_attributes()
    one_axis = ops.interpolate(
        line,
        sizes,
        form["mode"],
        "sizes",
        [0] * len(before),
        [0] * len(before),
        form["coordinate_transformation_mode"],
        form["nearest_mode"],
        bool(form["antialias"]),
        float(form["cube_coeff"]),
        which,
    )
    compiled = openvino_core().compile_model(
        ov.Model([one_axis], [line], "one axis"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    lines = np.eye(before[axis], dtype=np.float32)
    answers = [compiled(unit.reshape(shape))[0].reshape(-1) for unit in lines]
    return np.ascontiguousarray(np.stack(answers, axis=1), np.float32)
