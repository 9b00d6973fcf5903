"""HEAVY: build the layers of one network again, on another tensor and under other names.

Some constructors of keras.applications scale the picture themselves, or leave naming to a counter
that goes on from one network to the next. Growing their layers anew gives one flat graph, on the
scaling of ours, whose layers have the same names every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

_SUFFIXES = {"BatchNormalization": "bn", "Activation": "relu", "ReLU": "relu"}
# Not names that Keras itself gives: the operations of an export would clash with them.
_KINDS = {
    "Concatenate": "joined",
    "Conv2D": "conv",
    "AveragePooling2D": "mean_of_places",
    "MaxPooling2D": "largest_of_places",
}


def regrow(
    network: keras.Model, tensor: Any, *, first: str, names: Mapping[str, str] | None = None
) -> keras.Model:
    """Return the layers from ``first`` on, built again on ``tensor``, with their weights.

    Parameters
    ----------
    network : keras.Model
        Flat; everything from ``first`` on reads what ``first`` reads, or what comes after.
    tensor : KerasTensor
        In the place of the input of ``first``.
    first : str
        Name of a layer.
    names : mapping of str to str, optional
        New names of layers; the others keep theirs.
    """
    order = [layer.name for layer in network.layers]
    grown = {id(network.get_layer(first).input): tensor}
    for layer in network.layers[order.index(first) :]:
        settings = layer.get_config()
        settings["name"] = (names or {}).get(layer.name, layer.name)
        copy = type(layer).from_config(settings)
        many = isinstance(layer.input, list)
        read = [grown[id(item)] for item in (layer.input if many else [layer.input])]
        grown[id(layer.output)] = copy(read if many else read[0])
        copy.set_weights(layer.get_weights())
    source = keras.utils.get_source_inputs(tensor)
    return keras.Model(source, grown[id(network.output)])


def steady_names(network: keras.Model) -> dict[str, str]:
    """Return a name for every layer that does not depend on what was built before.

    Convolutions are counted; a normalisation or activation is named after the layer it reads.
    Layers of other kinds are counted by kind, but for those whose name has no counter of Keras.
    """
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in network.layers:
        kind = type(layer).__name__
        if layer.name.startswith("mixed") or kind == "InputLayer":
            names[layer.name] = layer.name
        elif kind in _SUFFIXES:
            below = names[layer.input._keras_history.operation.name]
            names[layer.name] = f"{below.removesuffix('_bn')}_{_SUFFIXES[kind]}"
        else:
            short = _KINDS.get(kind, f"own_{kind.lower()}")
            counts[short] = counts.get(short, 0) + 1
            names[layer.name] = f"{short}_{counts[short]}"
    return names
