"""``layers.json`` of a model version: every layer of the network, and its name on the engine graph.

A convolution layer has a map: its output *as it leaves*, after its own normalisation and activation
where these are its only consumers. The engine graph carries that tensor under ``tensor_name``, so
activations and gradients of it need no TensorFlow.
"""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.manifest import INSTALL_AGAIN, check_file
from core.inference.package import ModelVersion

LAYERS_FILE = "layers.json"
PIXELS, FEATURE_MAP = "pixels", "feature_map"
EXPORT_AGAIN = (
    "Install the version that ships with this release, or train the version again: "
    "training names the layers."
)
WEIGHTS_IN_KERAS = "model.weights.h5"
OWN_KINDS = frozenset({"BatchNormalization", "Activation", "ReLU", "Identity", "Dropout"})
FINER = 1.5
MAX_WEIGHTS_BYTES = 2 << 30


class LayerRow(BaseModel):
    """One layer of the network.

    Attributes
    ----------
    name, kind : str
        The layer's own name and its Keras class.
    output_shape : tuple of int
        Without the batch: (rows, columns, channels) of a map, (units,) of a dense layer.
    n_parameters : int
    is_trainable : bool
        Whether training changed it.
    inputs : tuple of str
        Names of the layers that it reads.
    has_map : bool
        Whether the engine graph carries its output, so that its activations can be looked at.
    is_channels_first : bool
        How the engine graph holds that tensor: (n, channels, rows, columns).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    output_shape: tuple[int, ...]
    n_parameters: int = Field(ge=0)
    is_trainable: bool
    inputs: tuple[str, ...] = ()
    has_map: bool = False
    is_channels_first: bool = False


_ROWS = TypeAdapter(tuple[LayerRow, ...])


def tensor_name(layer: str) -> str:
    """Return the name of a layer's output on the engine graph."""
    return layer if layer in {PIXELS, FEATURE_MAP} else f"layer/{layer}"


def layers_bytes(rows: Sequence[LayerRow]) -> bytes:
    """Return the bytes of ``layers.json``."""
    return _ROWS.dump_json(tuple(rows), indent=1) + b"\n"


def has_layers(version: ModelVersion) -> bool:
    """Whether the version says what its layers are; those written before layers were do not."""
    return LAYERS_FILE in version.manifest.files


def read_layers(version: ModelVersion) -> tuple[LayerRow, ...]:
    """Read ``layers.json``, in the network's order.

    Raises
    ------
    ModelVersionError
        If the version was written before layers were named, or the file is damaged.
    """
    if not has_layers(version):
        raise unnamed_layers(version.name)
    return parse_layers(version.file(LAYERS_FILE).read_bytes(), version_name=version.name)


def parse_layers(content: bytes, *, version_name: str) -> tuple[LayerRow, ...]:
    """Return what ``layers.json`` holds.

    Raises
    ------
    ModelVersionError
        If it is damaged.
    """
    try:
        return _ROWS.validate_json(content)
    except ValidationError:
        raise ModelVersionError(
            f"{LAYERS_FILE} of model version {version_name} is damaged.", remedy=INSTALL_AGAIN
        ) from None


def unnamed_layers(version_name: str) -> ModelVersionError:
    """Return the error for a version that was written before layers were named."""
    return ModelVersionError(
        f"Model version {version_name} was written before layers were named, so only its last "
        "feature map can be looked at.",
        remedy=EXPORT_AGAIN,
    )


def leaves_as(rows: Sequence[LayerRow], layer: str) -> str:
    """Return the layer whose output is this one's *as it leaves*.

    That is the last of its own normalisation and activation, as long as each is the only reader
    of the one before.
    """
    readers: dict[str, list[LayerRow]] = {}
    for row in rows:
        for name in row.inputs:
            readers.setdefault(name, []).append(row)
    while len(found := readers.get(layer, [])) == 1 and found[0].kind in OWN_KINDS:
        layer = found[0].name
    return layer


def stage_ends(rows: Sequence[LayerRow]) -> tuple[str, ...]:
    """Return, for every resolution, the last layer with a map that everything flows through.

    A layer is such a one when no other path leads past it. Deepest first; a resolution counts
    where its grid has at least 1.5 times the rows of the next deeper one.
    """
    place = {row.name: index for index, row in enumerate(rows)}
    furthest = [0] * len(rows)  # how far what was computed up to here is still read
    for row in rows:
        for name in row.inputs:
            furthest[place[name]] = max(furthest[place[name]], place[row.name])
    passed = list(itertools.accumulate(furthest, max))
    ends: list[LayerRow] = []
    for row in reversed([row for row in rows if row.has_map and row.name != FEATURE_MAP]):
        last = place[leaves_as(rows, row.name)]
        if last and passed[last - 1] > last:
            continue
        if not ends or row.output_shape[0] >= FINER * ends[-1].output_shape[0]:
            ends.append(row)
    return tuple(row.name for row in ends)


def first_kernels(version: ModelVersion) -> FloatArray:
    """Return the kernels of the first convolution that reads the picture, without TensorFlow.

    Returns
    -------
    ndarray of shape (rows, columns, 3, n_kernels), float32

    Raises
    ------
    ModelVersionError
        If the layers are not named, or no layer of the network convolves the picture's colours.
    """
    convolutions = [row for row in read_layers(version) if row.kind == "Conv2D"]
    weights = _stored_kernel(version, convolutions[0].name) if convolutions else None
    if weights is None or weights.ndim != 4 or weights.shape[2] != 3:
        raise ModelVersionError(
            f"Model version {version.name} has no convolution that reads the picture's colours.",
            remedy="Choose a version of a convolutional architecture.",
        )
    return np.ascontiguousarray(weights, np.float32)


def _stored_kernel(version: ModelVersion, layer: str) -> Any:
    """Return the first weight of a layer out of ``model.keras``; None where it holds none.

    Keras 3 stores a layer's variables under ``layers/<name of the layer's class>…/vars`` and
    notes the layer's own name as an attribute of that group.
    """
    import h5py  # noqa: PLC0415 - takes 0.1 s, and only this needs it

    path = version.file("model.keras")
    check_file(version.path, path.name, version.manifest.files[path.name])
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(WEIGHTS_IN_KERAS).file_size > MAX_WEIGHTS_BYTES:
                return None
            content = archive.read(WEIGHTS_IN_KERAS)
        with h5py.File(io.BytesIO(content), "r") as stored:
            for group in stored["layers"].values():
                values = group["vars"]
                if values.attrs.get("name") == layer and "0" in values:
                    return values["0"][()]
    except (zipfile.BadZipFile, OSError, KeyError):  # what zip and HDF5 raise for bad files
        raise ModelVersionError(
            f"model.keras of model version {version.name} cannot be read.", remedy=INSTALL_AGAIN
        ) from None
    return None
