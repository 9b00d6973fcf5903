"""A version taken apart: logits of many pictures, activations and gradients of any named layer.

Everything comes from the version's engine graph, in float32, without TensorFlow. A graph is
compiled for the outputs that are asked for, on first use, and the few used last are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from core.domain import EngineOutput, FloatArray
from core.errors import ArgumentError, ModelVersionError
from core.inference.backward import SEEDS, with_gradients
from core.inference.golden import parse_golden
from core.inference.graph import RequestPool, compile_graph, find_tensor, read_graph
from core.inference.layers import (
    FEATURE_MAP,
    PIXELS,
    LayerRow,
    has_layers,
    read_layers,
    tensor_name,
    unnamed_layers,
)
from core.inference.package import ModelVersion, verify
from core.inference.ready import no_single_network, usable_head

LOGITS, GATE_FEATURES = "logits", "gate_features"
CHUNK = 16  # pictures a pass where there are many: on a CPU more gain nothing but memory
LINEAR_KINDS = frozenset(
    [
        "InputLayer",
        "Rescaling",
        "ZeroPadding2D",
        "Reshape",
        "Permute",
        "Flatten",
        "Dropout",
        "Dense",
    ]
)
MAX_GRAPHS = 6
MAX_PROBES = 3


class Probe:
    """The engine graph of a version, open at every named layer; safe to call from any thread.

    Parameters
    ----------
    read : callable
        Returns a new copy of the graph, (n, rows, columns, 3) float32 RGB 0..255 in, ``logits``
        out; each compiled form takes one apart.
    name : str
        Of the version, for messages.
    class_names : sequence of str
    head : tuple of ndarray or None
        Weights (n_channels, n_classes) and bias (n_classes) of the last layer, where logits are
        ``mean over places of feature_map @ weights + bias``.
    layers : sequence of LayerRow
        Empty where the version was written before layers were named.
    version : ModelVersion or None
        Where the graph comes from; None for a graph that is not a version's own.
    """

    def __init__(
        self,
        read: Callable[[], ov.Model],
        *,
        name: str,
        class_names: Sequence[str],
        head: tuple[FloatArray, FloatArray] | None = None,
        layers: Sequence[LayerRow] = (),
        version: ModelVersion | None = None,
    ) -> None:
        self._read, self.name, self.version = read, name, version
        self.class_names = tuple(class_names)
        self.head_weights: FloatArray | None = head[0] if head else None
        self.head_bias: FloatArray | None = head[1] if head else None
        self.layers = tuple(layers)
        self._rows = {row.name: row for row in self.layers}
        graph = read()
        shape = graph.inputs[0].get_partial_shape()
        self.input_size = (shape[1].get_length(), shape[2].get_length())
        self._outputs = {name for out in graph.outputs for name in out.get_names()}
        self._compiled: OrderedDict[object, RequestPool] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def has_feature_map(self) -> bool:
        """Whether the graph gives a last feature map."""
        return FEATURE_MAP in self._outputs

    @property
    def is_linear(self) -> bool:
        """Whether the logits are a linear function of the pixels: no layer bends or compares."""
        return bool(self.layers) and all(row.kind in LINEAR_KINDS for row in self.layers)

    def logits(self, batch: FloatArray) -> FloatArray:
        """Return the logits (n, n_classes) of n pictures, 16 at a time.

        Parameters
        ----------
        batch : ndarray of shape (n, rows, columns, 3), float32, 0..255, RGB

        Raises
        ------
        ModelVersionError
            If the batch does not have the shape that the network takes.
        """
        return self._run(batch, (LOGITS,))[0]

    def passes(self, batch: FloatArray) -> EngineOutput:
        """Return logits, feature map (n, 0, 0, 0 without one) and gate features of n pictures.

        Raises
        ------
        ModelVersionError
            As ``logits``.
        """
        if self.has_feature_map:
            return EngineOutput(*self._run(batch, (LOGITS, FEATURE_MAP, GATE_FEATURES)))
        logits, gate = self._run(batch, (LOGITS, GATE_FEATURES))
        return EngineOutput(logits, np.zeros((len(batch), 0, 0, 0), np.float32), gate)

    def activations(self, batch: FloatArray, layer: str) -> FloatArray:
        """Return what a layer gives for one picture, (rows, columns, channels) float32.

        Parameters
        ----------
        batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
        layer : str
            A layer with a map, or ``feature_map``.

        Raises
        ------
        ArgumentError
            If there is no such layer, or it has no map.
        ModelVersionError
            If the version does not name its layers, or the batch has the wrong shape.
        """
        return self.many_activations(batch, [layer])[layer]

    def many_activations(self, batch: FloatArray, layers: Sequence[str]) -> dict[str, FloatArray]:
        """Return what several layers give for one picture, from one pass (see ``activations``)."""
        self._check_layers(layers)
        names = tuple(tensor_name(layer) for layer in layers)
        values = self._run(self._one(batch), names)
        return {
            layer: self._channels_last(layer, value)[0]
            for layer, value in zip(layers, values, strict=True)
        }

    def activations_of_many(self, batch: FloatArray, layer: str) -> FloatArray:
        """Return what a layer gives for n pictures, (n, rows, columns, channels), 16 at a time.

        Raises
        ------
        ArgumentError, ModelVersionError
            As ``activations``.
        """
        self._check_layers([layer])
        return self._channels_last(layer, self._run(batch, (tensor_name(layer),))[0])

    def gradients(
        self, batch: FloatArray, layers: Sequence[str], classes: Sequence[int]
    ) -> dict[str, FloatArray]:
        """Return d logit_c / d layer of one picture, for several layers and classes at once.

        Parameters
        ----------
        batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
        layers : sequence of str
            Layers with a map; ``pixels`` for the input, ``feature_map`` for the last map.
        classes : sequence of int
            Class indices.

        Returns
        -------
        dict of ndarray
            Layer -> (n_classes, rows, columns, channels) float32, classes in the order given.

        Raises
        ------
        ArgumentError
            If a layer or class does not exist.
        ModelVersionError
            As ``activations``, or if the graph holds an operation that cannot be differentiated.
        """
        return self.activations_and_gradients(batch, layers, classes)[1]

    def activations_and_gradients(
        self, batch: FloatArray, layers: Sequence[str], classes: Sequence[int]
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Return both, from one pass forward and back (see ``activations``, ``gradients``)."""
        self._check_layers(layers)
        seeds = self._seeds(classes)
        names = tuple(tensor_name(layer) for layer in layers)
        picture = self._one(batch)
        pool = self._pool(
            ("back", names, len(seeds)),
            lambda: with_gradients(self._fixed(1), names, n_seeds=len(seeds)),
        )
        with pool.borrow() as request:
            request.infer({PIXELS: picture, SEEDS: seeds}, share_inputs=True)
            found = [
                self._channels_last(layers[place % len(layers)], _copy(request, place))
                for place in range(2 * len(layers))
            ]
        forward, back = found[: len(layers)], found[len(layers) :]
        return (
            {layer: value[0] for layer, value in zip(layers, forward, strict=True)},
            dict(zip(layers, back, strict=True)),
        )

    def _run(self, batch: FloatArray, names: tuple[str, ...]) -> list[FloatArray]:
        """Run in chunks of 16, what is left over one picture at a time."""
        rows, columns = self.input_size
        if batch.ndim != 4 or not len(batch) or batch.shape[1:] != (rows, columns, 3):
            raise ModelVersionError(
                f"The network takes pictures of shape {(rows, columns, 3)}, not "
                f"{batch.shape[1:]} ({len(batch) if batch.ndim else 0} of them).",
                remedy="Prepare them with the recipe of the model version.",
            )
        ready = np.ascontiguousarray(batch, np.float32)
        parts: list[list[FloatArray]] = []
        whole = len(ready) - len(ready) % CHUNK
        for size, pictures in ((CHUNK, ready[:whole]), (1, ready[whole:])):
            if not len(pictures):
                continue
            with self._forward(names, size).borrow() as request:
                for start in range(0, len(pictures), size):
                    request.infer({0: pictures[start : start + size]}, share_inputs=True)
                    parts.append([_copy(request, place) for place in range(len(names))])
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _forward(self, names: tuple[str, ...], size: int) -> RequestPool:
        return self._pool(("forward", names, size), lambda: self._cut(names, size))

    def _cut(self, names: tuple[str, ...], size: int) -> ov.Model:
        """Return the graph that gives these tensors alone."""
        graph = self._fixed(size)
        return ov.Model([find_tensor(graph, name) for name in names], graph.get_parameters())

    def _fixed(self, size: int) -> ov.Model:
        graph = self._read()
        graph.reshape([size, *self.input_size, 3])
        return graph

    def _pool(self, key: object, build: Callable[[], ov.Model]) -> RequestPool:
        with self._lock:
            pool = self._compiled.get(key)
            if pool is None:
                pool = self._compiled[key] = RequestPool(compile_graph(build()))
                while len(self._compiled) > MAX_GRAPHS:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(key)
            return pool

    def _check_layers(self, layers: Sequence[str]) -> None:
        for layer in layers:
            if layer == PIXELS or (layer == FEATURE_MAP and self.has_feature_map):
                continue
            if not self.layers:
                raise unnamed_layers(self.name)
            if layer not in self._rows or not self._rows[layer].has_map:
                with_map = ", ".join(row.name for row in self.layers if row.has_map)
                raise ArgumentError(
                    f"The network has no layer {layer!r} with a map.",
                    remedy=f"Layers with a map: {with_map or 'none'}.",
                )

    def _channels_last(self, layer: str, value: FloatArray) -> FloatArray:
        row = self._rows.get(layer)
        if layer in {PIXELS, FEATURE_MAP} or row is None or not row.is_channels_first:
            return value
        return np.ascontiguousarray(np.moveaxis(value, 1, -1))

    def _one(self, batch: FloatArray) -> FloatArray:
        if len(batch) != 1:
            raise ArgumentError(
                f"Layers are looked at one picture at a time, not {len(batch)}.",
                remedy="Give one picture.",
            )
        return np.ascontiguousarray(batch, np.float32)

    def _seeds(self, classes: Sequence[int]) -> FloatArray:
        n_classes = len(self.class_names)
        if not len(classes) or not all(0 <= index < n_classes for index in classes):
            raise ArgumentError(
                f"The classes {list(classes)} are not among 0 to {n_classes - 1}.",
                remedy=f"Classes: {', '.join(self.class_names)}.",
            )
        return np.eye(n_classes, dtype=np.float32)[list(classes)]


def _copy(request: Any, place: int) -> FloatArray:
    # Copied: the tensor belongs to the request, which the next pass overwrites.
    return np.array(request.get_output_tensor(place).data, np.float32)


_Key = tuple[str, Path]
_kept: OrderedDict[_Key, Probe] = OrderedDict()
_guard = threading.Lock()


def open_probe(version: ModelVersion) -> Probe:
    """Return the probe of a version, verified; the few used last are kept.

    Raises
    ------
    ModelVersionError
        If a file is not what the manifest says, or the graph cannot be read.
    """
    key = (version.digest, version.path)
    with _guard:
        probe = _kept.get(key)
        if probe is None:
            probe = _kept[key] = _load(version)
            while len(_kept) > MAX_PROBES:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return probe


def _load(version: ModelVersion) -> Probe:
    if version.card.ensemble is not None:
        raise no_single_network(version)
    verify(version)
    golden = parse_golden(version.file("golden.npz").read_bytes(), head=version.card.head)
    has_map = bool(golden.output.feature_map.size)
    weights = usable_head(version, golden, has_map=has_map)
    head = None
    if weights is not None and golden.head_bias is not None:
        head = (weights, golden.head_bias)
    return Probe(
        lambda: read_graph(version),
        name=version.name,
        class_names=version.card.class_names,
        head=head,
        layers=read_layers(version) if has_layers(version) else (),
        version=version,
    )
