"""HEAVY: turn a trained network into the files of a model version.

Large kernels are rounded to half precision *in the network* first, so that ``model.keras`` (which
stores them as float16), the engine graph and every figure measured afterwards are one and the same
model. The engine graph may store its large constants in half precision too; it always computes in
float32.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import openvino as ov
import openvino.opset16 as ops_ov
from keras import ops
from numpy.typing import NDArray

from core.domain import EngineOutput, FloatArray
from core.errors import TrainingError
from core.inference.calibration import apply_temperature
from core.inference.golden import PROBABILITY_TOLERANCE, Golden
from core.inference.layers import FEATURE_MAP, LAYERS_FILE, LayerRow, layers_bytes
from core.inference.openvino_core import openvino_core
from core.training.conversion import convert
from core.training.converted import asked_outputs
from core.training.layer_names import layer_rows, name_layers

OUTPUTS = ("logits", FEATURE_MAP, "gate_features")
# Below this size a constant costs little in float32 and its rounding error is passed on by every
# place of the picture: depthwise kernels, biases and normalisation stay as they are.
HALF_ABOVE = 4096
HALF_MAX = 65_504.0
SAME_KERNEL = 1e-5  # of the largest value: rounding of a product, far below that of a half


def export_network(
    network: keras.Model, *, gate_layer: str, folder: Path, half_engine: bool = False
) -> dict[str, Path | bytes]:
    """Write ``model.keras``, ``engine.xml`` and ``engine.bin``; return every file of the network.

    Parameters
    ----------
    network : keras.Model
        Flat, with the layer ``logits`` and, but for a linear network, ``feature_map``; its large
        kernels are rounded to half precision in place.
    gate_layer : str
    folder : Path
        Existing folder to write into.
    half_engine : bool
        Store large constants of the engine graph in half precision, unless its answers then
        differ from the network's: those of large logits do.

    Returns
    -------
    dict
        Those three, ``golden.npz`` and ``layers.json``, whose layers are named on the graph.

    Raises
    ------
    TrainingError
        If ``network`` has not the layers named above, or engine and network disagree.
    """
    round_to_half(network)
    twin = with_all_outputs(network, gate_layer)
    write_keras_half(network, folder / "model.keras")
    golden = golden_of(network, twin)
    rows: list[LayerRow] = []

    def name(graph: ov.Model) -> None:
        rows.extend(name_layers(graph, network, layer_rows(network), golden.batch[:1]))

    names = output_names(network)
    for half in dict.fromkeys((half_engine, False)):
        rows.clear()
        write_graph(twin, folder / "engine.xml", names=names, half=half, change=name)
        if not half or engine_error(folder / "engine.xml", golden) <= PROBABILITY_TOLERANCE:
            break
    check_engine(folder / "engine.xml", golden)
    return {
        "model.keras": folder / "model.keras",
        "engine.xml": folder / "engine.xml",
        "engine.bin": folder / "engine.bin",
        "golden.npz": golden.to_bytes(),
        LAYERS_FILE: layers_bytes(rows),
    }


def output_names(network: keras.Model) -> tuple[str, ...]:
    """Return the names of the graph's outputs; a linear network has no feature map."""
    has_map = any(layer.name == FEATURE_MAP for layer in network.layers)
    return OUTPUTS if has_map else ("logits", "gate_features")


def with_all_outputs(network: keras.Model, gate_layer: str) -> keras.Model:
    """Return the network with the outputs of ``output_names``: logits, feature map, gate features.

    Gate features are mean and standard deviation over places of the gate layer, (n, 2 k).
    """
    missing = {"logits", gate_layer} - {layer.name for layer in network.layers}
    if missing:
        raise TrainingError(
            f"The network has no layer {', '.join(sorted(missing))}.",
            remedy="Build it with core.architectures.builders.build_network.",
        )
    gate = network.get_layer(gate_layer).output
    pooled = ops.concatenate([ops.mean(gate, axis=(1, 2)), ops.std(gate, axis=(1, 2))], axis=-1)
    answers = {name: network.get_layer(name).output for name in output_names(network)[:-1]}
    return keras.Model(network.inputs[0], [*answers.values(), pooled])


def round_to_half(network: keras.Model) -> None:
    """Round every large kernel to the nearest half-precision number, in place.

    Raises
    ------
    TrainingError
        If a weight is not a number or a kernel's too large for half precision.
    """
    for layer in network.layers:
        values = layer.get_weights()
        rounded = [_rounded(value, layer.name) for value in values]
        if any(new is not old for new, old in zip(rounded, values, strict=True)):
            layer.set_weights(rounded)


def _rounded(value: NDArray[Any], name: str) -> NDArray[Any]:
    is_large = value.size > HALF_ABOVE
    if not np.isfinite(value).all() or (is_large and np.abs(value).max() > HALF_MAX):
        raise TrainingError(
            f"Layer {name} holds weights that are not usable numbers.",
            remedy="Train again with a lower learning rate.",
        )
    if not is_large:
        return value
    return value.astype(np.float16).astype(value.dtype)


def write_keras_half(network: keras.Model, path: Path) -> None:
    """Save as ``.keras`` whose large kernels are stored as float16, deflated.

    Keras casts a stored array to the dtype of its variable when it loads, so the file needs
    nothing special to be read; without training state it holds no optimizer.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.keras"
        network.save(whole)
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name.endswith(".weights.h5"):
                    content = _half_weights(content)
                target.writestr(name, content, zipfile.ZIP_DEFLATED)


def _half_weights(content: bytes) -> bytes:
    stream = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as source, h5py.File(stream, "w") as target:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group):
                new = target.require_group(name)
            else:
                half = item.size > HALF_ABOVE and item.dtype == np.float32
                new = target.create_dataset(name, data=item[()].astype("f2") if half else item[()])
            for key, value in item.attrs.items():
                new.attrs[key] = value

        for key, value in source.attrs.items():
            target.attrs[key] = value
        source.visititems(copy)
    return stream.getvalue()


def write_graph(
    network: keras.Model,
    path: Path,
    *,
    names: tuple[str, ...],
    half: bool = False,
    change: Callable[[ov.Model], None] | None = None,
) -> None:
    """Write a network as OpenVINO IR (``path`` and its ``.bin``) with named outputs.

    The input is named ``pixels`` when there is one input of that name; batch size is free.
    ``change`` may add to the graph before its constants are rounded and it is stored.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.xml"
        convert(network, raw)
        graph = openvino_core().read_model(str(raw))
        for output, name in zip(asked_outputs(graph, len(names)), names, strict=True):
            output.get_tensor().set_names({name})
        graph.inputs[0].get_tensor().set_names({"pixels"})
        if change is not None:
            change(graph)
        if half:
            _store_half(graph, _kernels(network))
        ov.save_model(graph, str(path), compress_to_fp16=False)
        del graph  # the raw file stays mapped as long as the graph lives


def _store_half(graph: ov.Model, kernels: list[FloatArray]) -> None:
    """Replace large float32 constants by float16 ones, a conversion and, where known, a scale.

    Not ``compress_to_fp16``: that rounds *every* constant, the folded normalisation of small
    kernels included, which moves MobileNet's feature map by 9 % of its largest value (measured on
    CT slices), ResNet50's by 0.25 %; large constants alone move ResNet50's by 0.16 %. Converting
    multiplies kernels with the normalisation behind them, and the products are no halves any more.
    So what is stored is the network's kernel, which is one of halves, and the factor of each
    filter: nothing is lost then.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "Constant" or node.get_element_type() != ov.Type.f32:
            continue
        values = node.get_data()
        if values.size <= HALF_ABOVE:
            continue
        targets = list(node.output(0).get_target_inputs())
        found = next((made for kernel in kernels if (made := _unscaled(values, kernel))), None)
        halves, scale = found or (values.astype(np.float16), None)
        wide = ops_ov.convert(ops_ov.constant(halves), "f32")
        if scale is not None:
            wide = ops_ov.multiply(wide, ops_ov.constant(scale))
        for target in targets:
            target.replace_source_output(wide.output(0))


def _kernels(network: keras.Model) -> list[FloatArray]:
    """Return the large kernels of convolutions, filters first as in the engine graph."""
    found = [values for layer in network.layers for values in layer.get_weights()]
    return [
        values.transpose(3, 2, 0, 1)
        for values in found
        if values.ndim == 4 and values.size > HALF_ABOVE
    ]


def _unscaled(
    values: FloatArray, kernel: FloatArray
) -> tuple[NDArray[np.float16], FloatArray] | None:
    """Return a kernel in half precision and the factor of each filter that makes ``values`` of it.

    None: there are no such factors.
    """
    if values.shape != kernel.shape:
        return None
    axes = (1, 2, 3)
    power = (kernel * kernel).sum(axis=axes, keepdims=True)
    scale = (values * kernel).sum(axis=axes, keepdims=True) / np.where(power > 0, power, 1.0)
    scale = scale.astype(np.float32)
    if np.abs(kernel * scale - values).max() > SAME_KERNEL * np.abs(values).max():
        return None
    return np.ascontiguousarray(kernel, np.float16), scale


def golden_pixels(size: tuple[int, int], *, n: int = 2) -> NDArray[np.uint8]:
    """Draw the fixed input of the golden check, (n, rows, columns, 3) uint8 grey.

    Seeded coarse noise, made smooth: it has edges and areas of every brightness, compresses well
    and is nobody's picture.
    """
    rng = np.random.default_rng(20240229)
    pictures = []
    for cells in (6, 12, 24)[:n]:
        coarse = rng.uniform(0, 255, (cells, cells))
        rows = np.linspace(0, cells - 1, size[0])
        columns = np.linspace(0, cells - 1, size[1])
        wide = np.array([np.interp(columns, range(cells), line) for line in coarse])
        full = np.array([np.interp(rows, range(cells), line) for line in wide.T]).T
        pictures.append(np.repeat(full[..., None], 3, axis=2))
    return np.rint(pictures).astype(np.uint8)


def golden_of(network: keras.Model, twin: keras.Model) -> Golden:
    """Return the golden input with what the *Keras* network answers, and the head's weights."""
    rows, columns = network.inputs[0].shape[1:3]
    pixels = golden_pixels((int(rows), int(columns)))
    answers = twin(keras.ops.convert_to_tensor(pixels.astype(np.float32)), training=False)
    found = dict(zip(output_names(network), map(_to_numpy, answers), strict=True))
    no_map = np.zeros((len(pixels), 0, 0, 0), np.float32)
    output = EngineOutput(found["logits"], found.get(FEATURE_MAP, no_map), found["gate_features"])
    if FEATURE_MAP not in found:
        return Golden(pixels, output, None, None)
    weights, bias = network.get_layer("logits").get_weights()
    return Golden(pixels, output, weights, bias)


def _to_numpy(tensor: Any) -> FloatArray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


def engine_error(path: Path, golden: Golden) -> float:
    """Return by how much a graph's probabilities differ from the network's at most."""
    compiled = openvino_core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = apply_temperature(compiled(golden.batch)["logits"], 1.0)
    return float(np.abs(found - apply_temperature(golden.output.logits, 1.0)).max())


def check_engine(path: Path, golden: Golden) -> None:
    """Refuse a graph whose probabilities differ from the network's by more than 1e-3.

    Raises
    ------
    TrainingError
        If so: the version would not be the network that was trained.
    """
    worst = engine_error(path, golden)
    if not worst <= PROBABILITY_TOLERANCE:
        raise TrainingError(
            f"The engine graph's probabilities differ from the network's by {worst:.2g}.",
            remedy="Its logits are very large: train with a lower rate, fewer epochs or a larger "
            "head_penalty.",
        )
