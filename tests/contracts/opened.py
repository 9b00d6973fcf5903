"""HEAVY: a small version of every architecture, made once a run, with its Keras network."""

from __future__ import annotations

import dataclasses
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.architectures import ARCHITECTURES, ArchitectureSpec
from core.architectures.builders import build_network
from core.inference.package import ModelVersion, read_version
from core.inference.probe import Probe, open_probe
from tests.network_version import write_network_version
from tests.small_version import slices

SIZE = (80, 96)
# Their last maps have too few places otherwise: one, or too few to rank.
LARGER = {"inception_v3": (140, 160), "mobilenet": (160, 192), "resnet50": (160, 192)}
LARGER |= {"logistic_regression_uneven": (100, 84)}  # sides that no cell fits
# Batch normalisation and addition, without the time that the whole of ResNet50 takes.
SHORT = {
    "resnet50_short": dataclasses.replace(
        ARCHITECTURES["resnet50"], end_layer="conv2_block3_out", gate_layer="conv2_block1_out"
    ),
    "logistic_regression_uneven": ARCHITECTURES["logistic_regression"],
}


@dataclass(frozen=True, eq=False)
class Opened:
    """A version, its probe, and the Keras network that it was exported from."""

    network: keras.Model
    version: ModelVersion
    probe: Probe

    def copied(self, folder: Path) -> Probe:
        """Return the probe of a copy of the version's files, read anew."""
        target = folder / self.version.name
        shutil.copytree(self.version.path, target)
        return open_probe(read_version(target))


@functools.cache
def opened(key: str) -> Opened:
    """Return the version of an architecture, its kernels left at their random start."""
    spec: ArchitectureSpec = (ARCHITECTURES | SHORT)[key]
    size = LARGER.get(key, SIZE)
    keras.utils.set_random_seed(7)
    network = build_network(spec, n_classes=4, input_size=size, weights="none")
    _settle(network, size, keep=0.5 if key == "efficientnet_b3" else 0.0)
    version = write_network_version(
        Path(tempfile.mkdtemp(prefix="second-look-contract-")),
        network,
        gate_layer=spec.gate_layer,
        input_size=size,
        feature_layer="feature_map" if spec.has_feature_map else None,
    )
    return Opened(network, version, open_probe(version))


def _settle(network: keras.Model, size: tuple[int, int], *, keep: float) -> None:
    """Give every normalisation the statistics of a few pictures, as training would.

    Without them the values of a deep network with random weights fade away from layer to layer.
    ``keep`` of the statistics stays: the deepest network of all answers to rounding otherwise, its
    values growing past 10,000.
    """
    norms = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in norms:
        layer.momentum = keep
    network(slices(4, size).astype(np.float32), training=True)
    for layer in norms:
        layer.momentum = 0.99


def picture(key: str) -> Any:
    """Return one drawn slice of an architecture's size, (1, rows, columns, 3) float32 0..255."""
    return slices(1, LARGER.get(key, SIZE)).astype(np.float32)
