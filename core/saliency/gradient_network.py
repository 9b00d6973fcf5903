"""HEAVY: a Keras network as gradient methods need it: traced once, one picture or a batch.

tf-keras-vis calls its model eagerly, layer by layer; a traced graph gives the same numbers
several times faster. It asks a model for ``inputs``, ``outputs``, ``layers`` and a call, nothing
else, so this stands in for one and leaves the network itself untouched.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class GradientNetwork:
    """A network of one input and one output, called as a traced graph.

    Parameters
    ----------
    network : keras.Model
        A copy of the caller's own.
    """

    def __init__(self, network: keras.Model) -> None:
        self.inputs = network.inputs
        self.outputs = network.outputs
        self.layers = network.layers
        self.network = network
        self._call = tf.function(lambda pixels: network(pixels, training=False))

    def __call__(self, pixels: Any, *, training: bool = False) -> Any:
        """Return the output for pixels (n, rows, columns, 3); never in training mode."""
        if training:
            raise ValueError("A network that is explained is never in training mode.")
        return self._call(pixels[0] if isinstance(pixels, list | tuple) else pixels)
