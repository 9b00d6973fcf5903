"""HEAVY: a branch of fine detail beside a backbone, which marks small bright findings by place.

A backbone's last map is coarse (7 x 7 of a 224-pixel picture) and what a finding of five pixels
adds to it is lost among everything else that differs between classes. The branch reads the picture
itself with few strides, is told the context by a frozen middle layer of the backbone, and gives one
score a cell: ``detail_place``. It is trained alone, on places that are known because the findings
were drawn (``core.training.detail``), and joins the backbone as one more channel, *evidence*, of
the last feature map. The whole stays one flat network that ends in global average pooling and one
dense layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from core.errors import TrainingError

PREFIX = "detail_"
PLACE = "detail_place"
EVIDENCE = "evidence"
_RARE = -4.0  # hardly any cell holds a finding: the first guess of a cell's logit


def build_detector(
    network: keras.Model, *, context_layer: str, filters: Sequence[int], mixed: int
) -> keras.Model:
    """Build the branch alone, for training it.

    Parameters
    ----------
    network : keras.Model
        Flat backbone with its head; gives the shapes of pictures and context.
    context_layer : str
        Frozen layer whose map (with the same grid as the branch's end) is the second input.
    filters : sequence of int
        Of the 3 x 3 convolutions of stride 2, from the picture on.
    mixed : int
        Channels after branch and context are mixed.

    Returns
    -------
    keras.Model
        (pixels 0..255, context map) -> logit of each cell, (n, grid_rows, grid_columns, 1).

    Raises
    ------
    TrainingError
        If the grids of branch and context differ.
    """
    pixels = keras.Input(network.input.shape[1:], name="pixels")
    context = keras.Input(network.get_layer(context_layer).output.shape[1:], name="context")
    scaled = type(network.get_layer("scaling")).from_config(
        network.get_layer("scaling").get_config()
    )(pixels)
    place = _branch(scaled, context, filters=filters, mixed=mixed)
    return keras.Model([pixels, context], place, name="detector")


def join_detector(
    network: keras.Model, detector: keras.Model, *, context_layer: str, margin: float
) -> keras.Model:
    """Return backbone and detector as one flat network with the same head plus one channel.

    The new channel is ``n_cells relu(place + margin)^2``, so that its mean over the places is the
    sum over the cells; squared, so that one sure cell says more than many unsure ones. Its row of
    the head is 0: the answers are those of ``network`` until ``set_evidence_weights``.

    Parameters
    ----------
    network : keras.Model
        Trained backbone with its head.
    detector : keras.Model
        From ``build_detector`` of such a network, trained.
    context_layer : str
    margin : float
    """
    layers = keras.layers
    filters, mixed = _shape_of(detector)
    scaled = network.get_layer("scaling").output
    context = network.get_layer(context_layer).output
    place = _branch(scaled, context, filters=filters, mixed=mixed)
    rows, columns = place.shape[1:3]
    scale = math.sqrt(rows * columns)
    scores = layers.Rescaling(scale, offset=scale * margin, name=f"{PREFIX}scores")(place)
    positive = layers.ReLU(name=f"{PREFIX}positive")(scores)
    evidence = layers.Multiply(name=EVIDENCE)([positive, positive])
    coarse = network.get_layer("feature_map").input
    factor = (rows // coarse.shape[1], columns // coarse.shape[2])
    if factor != (1, 1):
        coarse = layers.UpSampling2D(factor, interpolation="bilinear", name="coarse_map")(coarse)
    tensor = layers.Concatenate(name="with_evidence")([coarse, evidence])
    tensor = layers.Activation("linear", name="feature_map")(tensor)
    tensor = layers.GlobalAveragePooling2D(name="pooled")(tensor)
    kernel, bias = network.get_layer("logits").get_weights()
    tensor = layers.Dense(kernel.shape[1], name="logits")(tensor)
    joined = keras.Model(network.input, tensor, name=network.name)
    for layer in detector.layers:
        if layer.name.startswith(PREFIX) and layer.weights:
            joined.get_layer(layer.name).set_weights(layer.get_weights())
    no_row = np.zeros((1, kernel.shape[1]), kernel.dtype)
    joined.get_layer("logits").set_weights([np.concatenate([kernel, no_row]), bias])
    return joined


def set_evidence_weights(network: keras.Model, weights: Sequence[float]) -> None:
    """Set what one unit of evidence adds to each logit, in place.

    Parameters
    ----------
    network : keras.Model
        From ``join_detector``.
    weights : sequence of float
        One a class.
    """
    kernel, bias = network.get_layer("logits").get_weights()
    kernel[-1] = np.asarray(weights, kernel.dtype)
    network.get_layer("logits").set_weights([kernel, bias])


def _branch(scaled: Any, context: Any, *, filters: Sequence[int], mixed: int) -> Any:
    layers = keras.layers
    tensor = scaled
    for number, width in enumerate(filters, start=1):
        tensor = _block(tensor, width, size=3, strides=2, name=f"{PREFIX}{number}")
    if tensor.shape[1:3] != context.shape[1:3]:
        raise TrainingError(
            f"The detail branch ends in a grid of {tensor.shape[1:3]}, the context in one of "
            f"{context.shape[1:3]}.",
            remedy="Give as many filters as the context layer has strides of 2.",
            column="detail",
        )
    tensor = layers.Concatenate(name=f"{PREFIX}context")([context, tensor])
    tensor = _block(tensor, mixed, size=1, strides=1, name=f"{PREFIX}mixed")
    start = keras.initializers.Constant(_RARE)
    return layers.Conv2D(1, 3, padding="same", bias_initializer=start, name=PLACE)(tensor)


def _block(tensor: Any, width: int, *, size: int, strides: int, name: str) -> Any:
    layers = keras.layers
    tensor = layers.Conv2D(
        width, size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_bn")(tensor)
    return layers.ReLU(name=f"{name}_relu")(tensor)


def _shape_of(detector: keras.Model) -> tuple[list[int], int]:
    widths = [
        layer.filters
        for layer in detector.layers
        if layer.name.startswith(PREFIX)
        and layer.name.removeprefix(PREFIX)[0].isdigit()
        and isinstance(layer, keras.layers.Conv2D)
    ]
    return widths, int(detector.get_layer(f"{PREFIX}mixed_conv").filters)
