"""HEAVY: a model version around a Keras network that was never trained, through the real export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras

from core.inference.calibration import Calibration
from core.inference.gate_fitting import fit_gate
from core.inference.golden import parse_golden
from core.inference.package import ModelVersion, read_version, set_champion, write_version
from core.tasks import load_task
from core.training.export import export_network
from tests.small_version import run_graph, slices, small_card


def tiny_network(*, n_classes: int = 4, size: tuple[int, int] = (224, 224)) -> keras.Model:
    """Return a flat network of two convolutions, the first of which is the gate's layer."""
    pixels = keras.Input((*size, 3), name="pixels")
    tensor = keras.layers.Rescaling(1 / 255, name="scaling")(pixels)
    tensor = keras.layers.Conv2D(6, 16, strides=16, activation="relu", name="first")(tensor)
    tensor = keras.layers.Conv2D(8, 2, strides=2, activation="relu", name="feature_map")(tensor)
    tensor = keras.layers.GlobalAveragePooling2D(name="pooled")(tensor)
    return keras.Model(pixels, keras.layers.Dense(n_classes, name="logits")(tensor))


def write_network_version(
    models: Path,
    network: keras.Model,
    *,
    gate_layer: str,
    version: str = "network-1",
    **changes: Any,
) -> ModelVersion:
    """Export the network as a version of kidney_ct below ``models`` and make it the champion.

    ``changes`` are keys of its card.
    """
    import openvino as ov

    task = load_task("kidney_ct")
    card = small_card(task, version, gate_layer=gate_layer, **changes)
    with tempfile.TemporaryDirectory() as folder:
        files = export_network(network, gate_layer=gate_layer, folder=Path(folder))
        has_head = parse_golden(files["golden.npz"]).head_weights is not None
        assert has_head == (card.feature_layer is not None)
        graph = ov.Core().read_model(str(files["engine.xml"]))
        features = run_graph(graph, slices(40, card.input_size).astype("float32")).gate_features
        gate = fit_gate(features, [i // 4 for i in range(40)], held_out_distances=[50.0])
        files |= {
            "card.yaml": card.to_yaml(),
            "calibration.yaml": Calibration(fitted_on="nothing").to_yaml(),
            "gate.npz": gate.to_bytes(),
        }
        written = write_version(models / task.key, version, files=files)
    set_champion(models / task.key, version)
    return read_version(written)
