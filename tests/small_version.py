"""A small model version made by hand: the graph is written with OpenVINO's own operations.

No TensorFlow is needed, so the light tests can answer pictures with it. ``model.keras`` is a
placeholder that nothing on the Analyse path opens.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from core.domain import EngineOutput
from core.inference.calibration import Calibration
from core.inference.card import Card, TrainingData
from core.inference.gate import Gate
from core.inference.gate_fitting import fit_gate
from core.inference.golden import Golden
from core.inference.layers import LayerRow, layers_bytes
from core.inference.package import ModelVersion, read_version, set_champion, write_version
from core.preprocessing import Recipe
from core.tasks import TaskSpec, load_task

CREATED_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
N_CHANNELS = 8


def weights_of(task: TaskSpec, *, seed: int = 3) -> dict[str, np.ndarray]:
    """Return the weights of the small network, drawn from a seed."""
    draw = np.random.default_rng(seed)
    return {
        "first": draw.normal(0, 0.12, (6, 3, 16, 16)).astype(np.float32),
        "second": draw.normal(0, 0.3, (N_CHANNELS, 6, 2, 2)).astype(np.float32),
        "head": draw.normal(0, 1.0, (N_CHANNELS, len(task.class_names))).astype(np.float32),
        "bias": draw.normal(0, 0.1, len(task.class_names)).astype(np.float32),
    }


def _named(node: Any, name: str) -> Any:
    node.output(0).get_tensor().set_names({name})
    return node


def build_graph(
    task: TaskSpec,
    weights: Mapping[str, np.ndarray],
    *,
    outputs: tuple[str, ...] = ("logits", "feature_map", "gate_features"),
    scale: float = 1 / 255,
    size: tuple[int, int] | None = None,
) -> ov.Model:
    """Return pixels (n, r, c, 3) -> conv -> relu -> conv -> relu -> mean -> dense, by hand."""
    rows, columns = size or Recipe.from_task(task).output_size
    pixels = ops.parameter([-1, rows, columns, 3], np.float32, name="pixels")
    pixels.output(0).get_tensor().set_names({"pixels"})
    scaled = ops.multiply(pixels, np.float32(scale))
    first_in = ops.transpose(scaled, np.array([0, 3, 1, 2]))
    first = ops.relu(ops.convolution(first_in, weights["first"], [16, 16], [0, 0], [0, 0], [1, 1]))
    _named(first, "layer/first")
    places = np.array([2, 3])
    mean = ops.reduce_mean(first, places, keep_dims=True)
    spread = ops.sqrt(ops.reduce_mean(ops.power(ops.subtract(first, mean), np.float32(2)), places))
    gate = ops.concat([ops.squeeze(mean, places), spread], 1)
    second = ops.relu(ops.convolution(first, weights["second"], [2, 2], [0, 0], [0, 0], [1, 1]))
    _named(second, "layer/second")
    feature_map = ops.transpose(second, np.array([0, 2, 3, 1]))
    pooled = ops.reduce_mean(feature_map, np.array([1, 2]))
    logits = ops.add(ops.matmul(pooled, weights["head"], False, False), weights["bias"])
    nodes = {"logits": logits, "feature_map": feature_map, "gate_features": gate}
    return ov.Model([_named(nodes[name], name) for name in outputs], [pixels], "small")


def small_layers(task: TaskSpec) -> tuple[LayerRow, ...]:
    """Return the layers of the small network, as ``layers.json`` lists them."""
    rows, columns = Recipe.from_task(task).output_size
    n_classes = len(task.class_names)
    first, second = (rows // 16, columns // 16, 6), (rows // 32, columns // 32, N_CHANNELS)
    n_parameters = {"first": 6 * 3 * 16 * 16, "second": N_CHANNELS * 6 * 4}
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        "pixels": ("InputLayer", (rows, columns, 3)),
        "scaling": ("Rescaling", (rows, columns, 3)),
        "first": ("Conv2D", first),
        "second": ("Conv2D", second),
        "feature_map": ("Activation", second),
        "pooled": ("GlobalAveragePooling2D", (N_CHANNELS,)),
        "logits": ("Dense", (n_classes,)),
    }
    n_parameters["logits"] = (N_CHANNELS + 1) * n_classes
    before = (None, *shapes)
    return tuple(
        LayerRow(
            name=name,
            kind=kind,
            output_shape=shape,
            n_parameters=n_parameters.get(name, 0),
            is_trainable=name in n_parameters,
            inputs=(source,) if source else (),
            has_map=kind == "Conv2D",
            is_channels_first=kind == "Conv2D",
        )
        for source, (name, (kind, shape)) in zip(before, shapes.items(), strict=False)
    )


def graph_bytes(graph: ov.Model) -> dict[str, bytes]:
    """Return engine.xml and engine.bin."""
    with tempfile.TemporaryDirectory() as folder:
        ov.save_model(graph, str(Path(folder) / "engine.xml"), compress_to_fp16=False)
        return {name: (Path(folder) / name).read_bytes() for name in ("engine.xml", "engine.bin")}


def run_graph(graph: ov.Model, batch: np.ndarray) -> EngineOutput:
    """Return what the graph answers, outside the engine."""
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    out = compiled(batch)
    found = {name: np.array(value) for port, value in out.items() for name in port.get_names()}
    no_map = np.zeros((len(batch), 0, 0, 0), np.float32)
    return EngineOutput(found["logits"], found.get("feature_map", no_map), found["gate_features"])


def slices(n: int, size: tuple[int, int], *, seed: int = 5) -> np.ndarray:
    """Return drawn pictures (n, rows, columns, 3) uint8: a bright ellipse with organs on black."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] / size[0] - 0.5
    pictures = []
    for _ in range(n):
        wide, high = draw.uniform(0.35, 0.45), draw.uniform(0.28, 0.36)
        picture = np.where((columns / wide) ** 2 + (rows / high) ** 2 < 1, 90.0, 4.0)
        for _ in range(6):
            centre, radius = draw.uniform(-0.25, 0.25, 2), draw.uniform(0.02, 0.09)
            spot = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 < radius**2
            picture = np.where(spot, draw.uniform(40, 230), picture)
        picture += draw.normal(0, 5, picture.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.repeat(np.stack(pictures)[..., None], 3, axis=-1)


def small_gate(graph: ov.Model, size: tuple[int, int], *, threshold: float | None = None) -> Gate:
    """Return a gate fitted on drawn pictures; ``threshold`` overrides the fitted one."""
    features = run_graph(graph, slices(40, size).astype(np.float32)).gate_features
    held_out = np.full(3, threshold if threshold is not None else 50.0)
    return fit_gate(features, np.arange(40) // 4, held_out_distances=held_out)


def small_card(task: TaskSpec, version: str = "small-1", **changes: Any) -> Card:
    """Return a card for the small network."""
    recipe = Recipe.from_task(task)
    values: dict[str, Any] = {
        "task": task.key,
        "version": version,
        "title": "A small network made by hand",
        "architecture": "by_hand",
        "created_at": CREATED_AT,
        "input_size": recipe.output_size,
        "class_names": task.class_names,
        "recipe": tuple(recipe.to_data()),
        "recipe_fingerprint": recipe.fingerprint,
        "training_data": TrainingData(name="drawn", n=40, split="none", licence="none needed"),
        "gate_layer": "first",
        "intended_use": "Tests of this product, nothing else.",
        "known_failures": ("It was never trained.",),
    }
    return Card(**(values | changes))


@functools.cache
def _plain_files(task_key: str) -> Mapping[str, bytes]:
    """Return the files of the small version of a task, but for its card."""
    task = load_task(task_key)
    weights, size = weights_of(task), Recipe.from_task(task).output_size
    graph, golden_in = build_graph(task, weights), slices(2, size, seed=11)
    output = run_graph(graph, golden_in.astype(np.float32))
    golden = Golden(golden_in, output, weights["head"], weights["bias"])
    return {
        "model.keras": b"placeholder",
        **graph_bytes(graph),
        "calibration.yaml": Calibration(temperature=1.5, fitted_on="drawn", n=40).to_yaml(),
        "gate.npz": small_gate(graph, size).to_bytes(),
        "golden.npz": golden.to_bytes(),
        "layers.json": layers_bytes(small_layers(task)),
    }


def version_files(
    task: TaskSpec,
    version: str = "small-1",
    *,
    card: Card | None = None,
    graph: ov.Model | None = None,
    **parts: bytes,
) -> dict[str, bytes]:
    """Return every file of a small version; ``parts`` (such as ``gate``) replace one by stem."""
    files = dict(_plain_files(task.key))
    if graph is not None:
        files |= graph_bytes(graph)
    files["card.yaml"] = (card or small_card(task, version)).to_yaml()
    stems = {name.split(".")[0]: name for name in files if not name.startswith("engine")}
    return files | {stems[stem]: content for stem, content in parts.items()}


def write_small_version(
    models: Path, task_key: str = "kidney_ct", version: str = "small-1", **changes: Any
) -> ModelVersion:
    """Write a small version below ``models`` and make it the champion."""
    task = load_task(task_key)
    folder = write_version(
        models / task_key, version, files=version_files(task, version, **changes)
    )
    set_champion(models / task_key, version)
    return read_version(folder)
