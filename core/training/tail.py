"""HEAVY: part a flat network into frozen lower blocks (stem) and what is trained (tail)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.errors import TrainingError
from core.training.cache import STEM_OUTPUT
from core.training.export import write_graph
from core.training.freezing import find_layer


def tail_of(network: keras.Model, freeze_until: str | None) -> keras.Model:
    """Return the trained part; its layers are the network's own, so training it trains both.

    Without frozen blocks that is the whole network.

    Raises
    ------
    TrainingError
        If the output of ``freeze_until`` is not the only way through the network.
    """
    if freeze_until is None:
        return network
    cut = find_layer(network, freeze_until).output
    try:
        return keras.Model(cut, network.output, name="tail")
    except ValueError:
        raise TrainingError(
            f"The network cannot be parted at {freeze_until}: a shortcut leads past it.",
            remedy="Choose a layer where all paths meet, such as the end of a block.",
        ) from None


def write_stem(network: keras.Model, freeze_until: str, path: Path) -> None:
    """Write the frozen part as an engine graph in float32 with the output ``stem``."""
    cut = find_layer(network, freeze_until).output
    write_graph(keras.Model(network.inputs[0], cut, name="stem"), path, names=(STEM_OUTPUT,))


def twin_of(tail: keras.Model, precision: str = "float32") -> keras.Model:
    """Return a tail with weights of its own: validation uses it while training goes on.

    With ``precision`` mixed_bfloat16 its layers compute in bfloat16, but for the logits; the
    weights stay float32 (Kalamkar et al. 2019, arXiv:1905.12322).
    """

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        own = "float32" if layer.name == "logits" else precision
        return layer.__class__.from_config(layer.get_config() | {"dtype": own})

    twin = keras.models.clone_model(tail, clone_function=copied)
    for theirs, ours in zip(twin.layers, tail.layers, strict=True):
        theirs.trainable = ours.trainable
    twin.set_weights(tail.get_weights())
    return twin


def check_joined(network: keras.Model, tail: keras.Model, freeze_until: str | None) -> None:
    """Refuse a network that does not answer as stem and tail in a row do.

    Raises
    ------
    TrainingError
        If logits differ by more than 1e-4 of the largest one.
    """
    if freeze_until is None:
        return
    rows, columns = network.inputs[0].shape[1:3]
    noise = np.random.default_rng(0).uniform(0, 255, (2, rows, columns, 3)).astype(np.float32)
    stem = keras.Model(network.inputs[0], find_layer(network, freeze_until).output)
    apart = logits_of(tail, stem(noise, training=False))
    whole = logits_of(network, noise)
    worst = float(np.abs(apart - whole).max() / max(1.0, float(np.abs(whole).max())))
    if not worst <= 1e-4:
        raise TrainingError(
            f"The joined network differs from its parts by {worst:.2g} of the largest logit.",
            remedy="Report this: the version was not written.",
        )


def logits_of(model: keras.Model, batch: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return what the model answers without training behaviour, as numpy."""
    tensor = keras.ops.convert_to_tensor(batch)
    return np.asarray(keras.ops.convert_to_numpy(model(tensor, training=False)), np.float32)
