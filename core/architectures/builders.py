"""HEAVY: build an architecture as ONE flat Functional graph, with its ImageNet weights.

Input ``pixels`` (rows, columns, 3) float32 RGB 0..255; scaling happens inside, by a standard layer;
then the backbone, ``feature_map`` (last 4-D tensor, after its activation), ``pooled``, ``logits``.
A nested backbone would break class maps and tf-keras-vis, hence ``input_tensor=``.
"""

from __future__ import annotations

import importlib
import os
import urllib.request
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from core.architectures.specs import ArchitectureSpec, BackboneFile, Scaling
from core.errors import TrainingError

DOWNLOAD_HOST = "https://storage.googleapis.com/tensorflow/keras-applications/"
# keras.applications.imagenet_utils.preprocess_input, mode torch and caffe, RGB order.
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN_RGB = (123.68, 116.779, 103.939)


def build_network(
    spec: ArchitectureSpec,
    *,
    n_classes: int,
    input_size: tuple[int, int] | None = None,
    weights: Literal["imagenet", "none"] = "imagenet",
    backbones: Path | None = None,
    dropout: float = 0.0,
) -> keras.Model:
    """Build one flat network.

    Parameters
    ----------
    spec : ArchitectureSpec
    n_classes : int
        Outputs of ``logits``, at least 2.
    input_size : tuple of int, optional
        (rows, columns); the spec's own by default.
    weights : {"imagenet", "none"}
        "none" leaves every weight at its random start.
    backbones : Path, optional
        Folder with weight files; without it (or without the file) Keras downloads.
    dropout : float in [0, 1)
        Share of pooled features dropped while training; 0 adds no layer.

    Raises
    ------
    TrainingError
        If the ImageNet weights can be had neither from the folder nor by download, the layer that
        the backbone is to end in is not there or gives no map, or a layer of ``beside_layers`` is
        missing or has another grid.
    """
    rows, columns = input_size or spec.input_size
    build = _builder(spec)
    pixels = keras.Input((rows, columns, 3), name="pixels")
    flat = build(_scaling_layer(spec.scaling)(pixels), None)
    end = spec.end_layer or flat.layers[-1].name
    _check_end(spec, flat, end)
    if weights == "imagenet" and spec.has_imagenet_weights:
        source = _source(spec, build, backbones)
        if spec.end_layer is None:
            end = source.layers[-1].name
        flat = keras.Model(flat.inputs, flat.get_layer(end).output)
        copy_weights(source, flat, reverse_first=spec.scaling == "caffe")
    tensor = _beside(flat, spec.beside_layers, end)
    for number, filters in enumerate(spec.added_filters, start=1):
        tensor = _separable_block(tensor, filters, name=f"added_{number}")
    pool = _pooled if spec.has_feature_map else keras.layers.Flatten(name="flat")
    tensor = pool(tensor)
    if dropout > 0:
        tensor = keras.layers.Dropout(dropout, name="dropout")(tensor)
    return keras.Model(pixels, keras.layers.Dense(n_classes, name="logits")(tensor), name=spec.key)


def _check_end(spec: ArchitectureSpec, flat: keras.Model, end: str) -> None:
    names = [layer.name for layer in flat.layers]
    fits = end in names and (not spec.has_feature_map or len(flat.get_layer(end).output.shape) == 4)
    if not fits:
        what = "that gives a map" if end in names else "at all"
        raise TrainingError(
            f"{spec.title} has no layer {end!r} {what}.",
            remedy=f"Set end_layer to one of its maps; its last layers: {', '.join(names[-40:])}.",
            column="end_layer",
        )


def _builder(spec: ArchitectureSpec) -> Any:
    module, _, function = spec.builder.rpartition(".")
    return getattr(importlib.import_module(module), function)


def _scaling_layer(scaling: Scaling) -> keras.layers.Layer:
    if scaling == "unit":
        return keras.layers.Rescaling(1 / 255, name="scaling")
    if scaling == "symmetric":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")
    if scaling == "torch":
        scale = [1 / (255 * std) for std in _TORCH_STD]
        offset = [-mean / std for mean, std in zip(_TORCH_MEAN, _TORCH_STD, strict=True)]
        return keras.layers.Rescaling(scale, offset=offset, name="scaling")
    return keras.layers.Rescaling(
        [1.0, 1.0, 1.0], offset=[-mean for mean in _CAFFE_MEAN_RGB], name="scaling"
    )


def _beside(flat: keras.Model, names: tuple[str, ...], end: str) -> Any:
    """Return the last map with those of lower layers beside it, lowest first."""
    last = flat.get_layer(end).output
    if not names:
        return last
    order = [layer.name for layer in flat.layers]  # each layer after all that it reads
    below = {name: flat.get_layer(name).output for name in order[: order.index(end)]}
    known = {name: output for name, output in below.items() if len(output.shape) == 4}
    for name in names:
        grid = known[name].shape[1:3] if name in known else None
        if grid != last.shape[1:3]:
            told = "is no map below it" if grid is None else f"has a grid of {grid}"
            raise TrainingError(
                f"The map of {name} cannot stand beside the last one, which has a grid of "
                f"{last.shape[1:3]}: it {told}.",
                remedy="Name layers between the last change of the grid and end_layer.",
                column="beside_layers",
            )
    return keras.layers.Concatenate(name="beside")([*(known[name] for name in names), last])


def _separable_block(tensor: Any, filters: int, *, name: str) -> Any:
    layers = keras.layers
    tensor = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_dw")(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_dw_bn")(tensor)
    tensor = layers.ReLU(name=f"{name}_dw_relu")(tensor)
    tensor = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_pw")(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_pw_bn")(tensor)
    return layers.ReLU(name=f"{name}_pw_relu")(tensor)


def _pooled(tensor: Any) -> Any:
    tensor = keras.layers.Activation("linear", name="feature_map")(tensor)
    return keras.layers.GlobalAveragePooling2D(name="pooled")(tensor)


def _source(spec: ArchitectureSpec, build: Any, backbones: Path | None) -> keras.Model:
    """Return the plain backbone with ImageNet weights, from the folder or by Keras's download."""
    if backbones is not None:
        for file in spec.files:
            if (backbones / file.name).is_file():
                return _from_file(build, file, backbones)
    _check_download(spec, backbones)
    return build(keras.Input((224, 224, 3)), "imagenet")


def _from_file(build: Any, file: BackboneFile, backbones: Path) -> keras.Model:
    path = backbones / file.name
    try:
        # Keras's constructors read a file themselves: before layers are left out or renamed.
        if file.reaches is None:
            return build(keras.Input((224, 224, 3)), str(path))
        plain = build(keras.Input((224, 224, 3)), None)
        plain = keras.Model(plain.input, plain.get_layer(file.reaches).output)
        plain.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"The backbone weights {file.name} cannot be loaded: {error}.",
            remedy="Copy the file again; it must hold the network without its classifier.",
        ) from None
    return plain


def _check_download(spec: ArchitectureSpec, backbones: Path | None) -> None:
    """Refuse early where Keras could not download: its own failure has no type to catch."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    if spec.download is None or (home / "models" / spec.download).is_file():
        return
    try:
        # Any answer of the host will do, 404 of the bare folder included: it can be reached.
        urllib.request.urlopen(DOWNLOAD_HOST, timeout=20).close()
    except urllib.error.HTTPError:
        return
    except OSError as error:
        where = f"not in {backbones}" if backbones else "SECOND_LOOK_BACKBONES is not set"
        names = " or ".join(file.name for file in spec.files)
        raise TrainingError(
            f"The ImageNet weights of {spec.title} cannot be had: {where}, "
            f"and the download failed ({error}).",
            remedy=f"Put {names} into a folder and name it in SECOND_LOOK_BACKBONES.",
        ) from None


def copy_weights(
    source: keras.Model, target: keras.Model, *, reverse_first: bool = False
) -> list[str]:
    """Copy weights between layers of the same name; return the names of the layers copied.

    ``reverse_first`` turns a first convolution trained on BGR into one that reads RGB.

    Raises
    ------
    TrainingError
        If a layer of ``target`` that has weights has no namesake of the same shapes.
    """
    layers = {layer.name: layer for layer in source.layers}
    copied: list[str] = []
    for layer in target.layers:
        if not layer.weights:
            continue
        twin = layers.get(layer.name)
        values = [] if twin is None else twin.get_weights()
        if [value.shape for value in values] != [weight.shape for weight in layer.weights]:
            raise TrainingError(
                f"The weights given have no layer {layer.name} of the same shape.",
                remedy="Use the weight file of this very architecture.",
            )
        if reverse_first and not copied:
            values[0] = np.ascontiguousarray(values[0][:, :, ::-1, :])
        layer.set_weights(values)
        copied.append(layer.name)
    return copied
