"""HEAVY: the picture that excites one channel most, through tf-keras-vis.

Activation maximisation (Erhan et al., 2009; Olah et al., Feature Visualization, Distill 2017):
gradient ascent on the pixels towards the mean of the channel over the tenth of its places where
it is strongest, from grey with a little noise, shifted at random before every step and held smooth
by total variation. The channel is taken before its own nonlinearity: a ReLU that is off gives no
gradient to climb. A step is the gradient with coarse and fine structure brought to the same
strength (Mordvintsev et al., 2015): without it, fine noise wins.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.domain import ByteArray
from core.errors import ChannelOffError, ExplanationError
from core.saliency.gradient_network import GradientNetwork
from core.saliency.maximum_settings import MaximumSettings
from core.saliency.raw_maps import Watch
from core.saliency.visualiser import (
    ActivationMaximization,
    Callback,
    Jitter,
    TotalVariation2D,
    quiet,
)

MID_GREY, NOISE = 117.0, 12.0
N_OCTAVES = 4


def maximise(
    network: GradientNetwork,
    layer: str,
    channel: int,
    *,
    settings: MaximumSettings,
    watch: Watch | None = None,
) -> ByteArray:
    """Return a picture (rows, columns, 3) uint8 that excites the channel as far as was found.

    Parameters
    ----------
    network : GradientNetwork
    layer : str
        A layer whose output is (n, rows, columns, channels).
    channel : int
        From 0.
    settings : MaximumSettings
    watch : Watch or None

    Raises
    ------
    ExplanationError
        If the layer has no map or no such channel.
    ChannelOffError
        If nothing that is drawn changes the channel.
    CancelledError
        If the watch was stopped.
    """
    watch = watch or Watch()
    watch.tell(0, settings.n_steps)
    climber = GradientNetwork(_up_to(network.network, layer, channel, settings.is_grey))
    np.random.seed(settings.seed)  # tf-keras-vis shifts by NumPy's global generator
    start = _start(climber, settings)
    scale = _scale(climber, start, channel)
    with quiet():
        made = ActivationMaximization(climber, clone=False)(
            lambda outputs: scale * _strongest(outputs),
            seed_input=start,
            input_range=(0.0, 255.0),
            input_modifiers=[Jitter(jitter=settings.jitter)],
            regularizers=[TotalVariation2D(weight=settings.smoothness)],
            steps=settings.n_steps,
            optimizer=keras.optimizers.SGD(learning_rate=settings.step),
            gradient_modifier=_levelled,
            callbacks=[_Steps(watch, settings.n_steps)],
        )
    pixels = np.asarray(made)[0]
    return np.asarray(np.rint(np.broadcast_to(pixels, (*pixels.shape[:2], 3))), np.uint8)


class _Steps(Callback):  # type: ignore[misc]  # tf-keras-vis has no types
    def __init__(self, watch: Watch, n_steps: int) -> None:
        self._watch, self._n_steps = watch, n_steps

    def __call__(self, i: int, *_: Any, **__: Any) -> None:
        self._watch.tell(i + 1, self._n_steps)


def _up_to(network: keras.Model, layer: str, channel: int, is_grey: bool) -> keras.Model:
    """Return pixels -> the one channel, from one grey plane or from three."""
    tensor = pre_activation(network, layer)
    if len(tensor.shape) != 4:
        raise ExplanationError(
            f"Layer {layer} gives no map of places.", remedy="Choose a convolution layer."
        )
    if not 0 <= channel < tensor.shape[-1]:
        raise ExplanationError(
            f"Layer {layer} has no channel {channel}.",
            remedy=f"Its channels are 0 to {tensor.shape[-1] - 1}.",
        )
    cut = keras.Model(network.inputs[0], tensor[..., channel : channel + 1])
    rows, columns = network.inputs[0].shape[1:3]
    plane = keras.Input((rows, columns, 1 if is_grey else 3), name="plane")
    pixels = keras.layers.Concatenate()([plane] * 3) if is_grey else plane
    return keras.Model(plane, cut(pixels))


def pre_activation(network: keras.Model, layer: str) -> Any:
    """Return the layer's tensor after its own normalisation, before its nonlinearity.

    Raises
    ------
    ExplanationError
        If there is no such layer.
    """
    names = {item.name: item for item in network.layers}
    if layer not in names:
        raise ExplanationError(
            f"The network has no layer {layer!r}.", remedy="Choose one from its layer table."
        )
    found = names[layer]
    if isinstance(found, keras.layers.Activation | keras.layers.ReLU):
        return found.input
    tensor = found.output
    follower = _only_follower(found)
    if isinstance(follower, keras.layers.BatchNormalization):
        tensor = follower.output
    if getattr(found, "activation", keras.activations.linear) is not keras.activations.linear:
        return _without_activation(found)
    return tensor


def _without_activation(layer: Any) -> Any:
    """Return what a convolution with an activation of its own would give without it."""
    config = layer.get_config() | {"activation": "linear", "name": f"{layer.name}_before"}
    twin = type(layer).from_config(config)
    tensor = twin(layer.input)
    twin.set_weights(layer.get_weights())
    return tensor


def _only_follower(layer: Any) -> Any:
    """Return the one layer that takes this one's output; None where several do."""
    nodes = layer._outbound_nodes
    return nodes[0].operation if len(nodes) == 1 else None


def _start(network: GradientNetwork, settings: MaximumSettings) -> Any:
    shape = tuple(network.inputs[0].shape[1:])
    drawn = np.random.default_rng(settings.seed).normal(MID_GREY, NOISE, shape)
    return tf.constant(np.clip(drawn, 0, 255)[None], tf.float32)


def _strongest(outputs: Any) -> Any:
    """Return the mean of the strongest tenth of the places, (1,)."""
    flat = tf.reshape(outputs, (1, -1))
    return tf.reduce_mean(tf.math.top_k(flat, max(1, flat.shape[1] // 10)).values, axis=1)


def _levelled(gradient: Any) -> Any:
    """Return the gradient with its octaves brought to the same strength, of deviation 1."""
    parts, rest = [], gradient
    for _ in range(N_OCTAVES):
        coarse = tf.nn.avg_pool2d(rest, 2, 2, "SAME")
        parts.append(rest - tf.image.resize(coarse, rest.shape[1:3]))
        rest = coarse
    made = _unit(rest)
    for part in reversed(parts):
        made = tf.image.resize(made, part.shape[1:3]) + _unit(part)
    return _unit(made)


def _unit(part: Any) -> Any:
    return part / (tf.math.reduce_std(part) + 1e-12)


def _scale(network: GradientNetwork, start: Any, channel: int) -> float:
    """Return the factor that gives the score, at the start, total variation's own gradient.

    Layers differ in scale by orders of magnitude; without it every one would need a weight.
    """
    with tf.GradientTape() as tape:
        tape.watch(start)
        score = _strongest(network(start))
    gradient = np.abs(tape.gradient(score, start).numpy()).mean()
    if not np.isfinite(gradient) or gradient <= 0:
        raise ChannelOffError(
            f"Nothing that is drawn changes channel {channel} of this layer.",
            remedy="Choose another channel; this one is off everywhere.",
        )
    return float(1.0 / (np.prod(start.shape[1:]) * gradient))
