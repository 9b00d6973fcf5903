"""What the network sees: its layers as a table, its first kernels, the maps of any of its layers.

Everything comes from the engine and the version's files; TensorFlow is only asked for the picture
that excites a channel most, and then in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray
from core.errors import CoreError, ExplanationError, IntakeError, ModelVersionError
from core.inference.layers import FEATURE_MAP, LayerRow, first_kernels, unnamed_layers
from core.inference.package import ModelVersion
from core.inference.probe import Probe, open_probe
from core.intake import read_study
from core.saliency.channel_drawing import (
    Scale,
    enlarged,
    paint_channel,
    paint_kernel,
    scale_of,
)
from core.saliency.raw_maps import Watch
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.files import carried_steps, read_file
from core.workflows.models import verified_version

if TYPE_CHECKING:
    import pandas as pd

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """A version that can be looked into; make one with ``open_network_view``.

    ``note`` : what cannot be looked at and what to do about it, in a sentence; empty where all can.
    """

    task: str
    version: ModelVersion
    probe: Probe
    note: str

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """Every layer, in the network's order; empty where the version does not name them."""
        return self.probe.layers

    @property
    def layers_with_maps(self) -> tuple[str, ...]:
        """Names of the layers whose maps can be looked at, in the network's order."""
        named = tuple(row.name for row in self.layers if row.has_map)
        if named or not self.probe.has_feature_map:
            return named
        return (FEATURE_MAP,)

    @property
    def first_convolution(self) -> str | None:
        """Name of the first convolution layer; None where there is none or none is named."""
        return next((row.name for row in self.layers if row.kind in CONVOLUTIONS), None)

    @property
    def middle_layer(self) -> str | None:
        """A layer from the middle, to begin with; None where no layer has a map."""
        names = self.layers_with_maps
        return names[len(names) // 2] if names else None


@dataclass(frozen=True, slots=True, eq=False)
class LayerMaps:
    """The activation maps of one layer for one picture.

    Attributes
    ----------
    layer : str
    maps : ndarray of shape (n_channels, rows, columns), float32
        As they leave the layer, after its own normalisation and activation.
    peaks : ndarray of shape (n_channels,), float32
        Largest value of each.
    order : ndarray of shape (n_channels,), int
        Channels, the highest peak first; among equals the higher mean.
    scale : Scale
        One for the whole layer, so that channels can be compared.
    """

    layer: str
    maps: FloatArray
    peaks: FloatArray
    order: NDArray[np.intp]
    scale: Scale

    def painted(
        self, channel: int, *, own_scale: bool = False, side: int | None = None
    ) -> ByteArray:
        """Return one map in colours, (rows, columns, 3) uint8, one pixel a cell.

        ``side`` : enlarge the cells, unsmoothed, until the longer side has so many pixels.
        """
        scale = self.scale_for(channel, own_scale=own_scale)
        made = paint_channel(self.maps[channel], scale)
        return made if side is None else enlarged(made, side)

    def scale_for(self, channel: int, *, own_scale: bool = False) -> Scale:
        """Return the layer's scale, or that of the channel alone."""
        return scale_of(self.maps[channel]) if own_scale else self.scale


@dataclass(frozen=True, slots=True, eq=False)
class GivenFile:
    """A picture file made ready: its name as it was given, and the pixels after the recipe.

    ``pixels`` : (rows, columns, 3) uint8.
    """

    file: str
    pixels: ByteArray

    @property
    def batch(self) -> FloatArray:
        """As the network takes it, (1, rows, columns, 3) float32 0..255."""
        return self.pixels[None].astype(np.float32)


def open_network_view(task: str, version: str | None = None) -> NetworkView:
    """Return a task's version, open at its layers; cheap after the first call in a process.

    Raises
    ------
    TaskError
        If there is no such task.
    ModelVersionError
        If no usable version is installed.
    """
    found = verified_version(task, version)
    probe = open_probe(found)
    return NetworkView(task, found, probe, _note(found, probe))


def _note(version: ModelVersion, probe: Probe) -> str:
    if not probe.layers:
        return str(unnamed_layers(version.name))
    if not any(row.has_map for row in probe.layers):
        return (
            "This network has no convolution, so there are no activation maps. Its whole score is "
            "a sum over pixels: Explanations shows it exactly."
        )
    return ""


def layer_table(view: NetworkView) -> pd.DataFrame:
    """Return the network as a table: one row a layer, in the network's order.

    Columns: layer, kind, output (``14 x 14 x 384``), parameters, trained, has_map.
    """
    import pandas as pd

    rows = [
        (
            row.name,
            row.kind,
            " × ".join(map(str, row.output_shape)),
            row.n_parameters,
            row.is_trainable and row.n_parameters > 0,
            row.has_map,
        )
        for row in view.layers
    ]
    columns = ["layer", "kind", "output", "parameters", "trained", "has_map"]
    return pd.DataFrame(rows, columns=columns)


def layer_maps(view: NetworkView, batch: FloatArray, layer: str) -> LayerMaps:
    """Return every activation map of a layer for one picture.

    Parameters
    ----------
    view : NetworkView
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
        After the recipe.
    layer : str

    Raises
    ------
    ArgumentError
        If there is no such layer with a map; it names those that there are.
    ModelVersionError
        If the version does not name its layers.
    """
    given = view.probe.activations(batch, layer)
    maps = np.ascontiguousarray(np.moveaxis(given, -1, 0))
    peaks = maps.max(axis=(1, 2))
    # A ReLU6 cuts many peaks off at the same height: among those the mean decides.
    order = np.lexsort((-maps.mean(axis=(1, 2)), -peaks))
    for array in (maps, peaks, order):
        array.setflags(write=False)
    return LayerMaps(layer, maps, peaks, order, scale_of(maps))


def kernel_pictures(view: NetworkView) -> tuple[ByteArray, ...]:
    """Return the kernels of the first convolution, each (rows, columns, 3) uint8.

    Raises
    ------
    ModelVersionError
        If the version does not name its layers, or none reads the picture's colours.
    """
    kernels = first_kernels(view.version)
    return tuple(paint_kernel(kernels[..., place]) for place in range(kernels.shape[-1]))


def prepared_file(
    path: Path,
    analyst: Analyst,
    *,
    frame: int | None = None,
    already_applied: tuple[str, ...] | None = None,
) -> GivenFile:
    """Return a file made ready for the network.

    The gate is not asked: looking at what a network does with a picture is no answer about it.

    Raises
    ------
    IntakeError, RecipeError
        If it cannot be read as one picture, or not be prepared.
    """
    try:
        carried = carried_steps(path, already_applied)
        image = read_study(read_file(path), frame=frame, default_window=analyst.task.window)
        seen = analyst.recipe.apply(image.pixels, already_applied=carried)
    except CoreError as error:
        raise type(error)(f"{path}: {error.problem}", remedy=error.remedy) from None
    if seen.pixels.shape[:2] != analyst.ready.version.card.input_size:
        raise IntakeError(
            f"{path}: after the recipe the picture does not have the network's size.",
            remedy="Correct which steps it carries already.",
        )
    return GivenFile(str(path), seen.pixels)


def open_for_files(task: str, version: str | None = None) -> tuple[NetworkView, Analyst]:
    """Return a version open at its layers, and what prepares pictures for it."""
    analyst = open_analyst(task, version)
    return open_network_view(task, analyst.version_name), analyst


def maximising_picture(
    view: NetworkView, layer: str, channel: int, watch: Watch | None = None
) -> ByteArray:
    """Return the picture that excites a channel most, (rows, columns, 3) uint8.

    It is kept in the home. The first one may wait for TensorFlow, in a process of its own.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    ExplanationError, ModelVersionError
        If it cannot be computed.
    """
    from core.saliency.gradient_client import maximise

    check_channel(view, layer, channel)
    return maximise(view.version, layer, channel, watch)


def kept_maximising_picture(view: NetworkView, layer: str, channel: int) -> ByteArray | None:
    """Return what was found earlier; None where nothing was."""
    from core.saliency.gradient_client import kept_maximum

    return kept_maximum(view.version, layer, channel)


def n_channels(view: NetworkView, layer: str) -> int:
    """Return the number of channels of a layer with a map.

    Raises
    ------
    ModelVersionError
        If the version does not say.
    """
    for row in view.layers:
        if row.name == layer and row.has_map:
            return row.output_shape[-1]
    if layer == FEATURE_MAP and view.probe.head_weights is not None:
        return int(view.probe.head_weights.shape[0])
    raise ModelVersionError(
        f"Model version {view.version.name} does not say how many channels {layer} has.",
        remedy="Give a picture, or train the version again: training names the layers.",
    )


def check_channel(view: NetworkView, layer: str, channel: int) -> None:
    """Refuse a channel that the layer does not have.

    Raises
    ------
    ExplanationError
        If there is none of that number.
    """
    most = n_channels(view, layer)
    if not 0 <= channel < most:
        raise ExplanationError(
            f"Layer {layer} has no channel {channel}.", remedy=f"Its channels are 0 to {most - 1}."
        )
