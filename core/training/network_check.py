"""HEAVY: whether a network can be built and parted as settings say, before any picture is read."""

from __future__ import annotations

from pathlib import Path

import keras

from core.architectures.builders import build_network
from core.architectures.detail import build_detector
from core.errors import TrainingError
from core.training.config import TrainingConfig
from core.training.freezing import find_layer, stages_of
from core.training.tail import tail_of


def check_network(
    config: TrainingConfig,
    *,
    n_classes: int,
    input_size: tuple[int, int] | None,
    backbones: Path | None = None,
) -> None:
    """Build the network of a run and look for every layer that is named.

    With the weights that it begins with: where it ends depends on the layer that they reach.

    Parameters
    ----------
    config : TrainingConfig
    n_classes : int
    input_size : tuple of int or None
        (rows, columns); None: the architecture's own.
    backbones : Path or None
        Folder of weight files.

    Raises
    ------
    TrainingError
        As building and freezing would say it later: weights cannot be had, a layer is not there,
        has no map or another grid, cannot be cut at, or lies where the gate may not read.
    """
    network = build_network(
        config.spec,
        n_classes=n_classes,
        input_size=input_size,
        weights=config.weights,
        backbones=backbones,
    )
    stages = stages_of(config, network)
    for stage in stages:
        tail_of(network, stage.cut)
    _check_map(network, config.spec.gate_layer)
    context = stages[-1].frozen_until
    if config.detail is not None and context is not None:
        build_detector(
            network,
            context_layer=context,
            filters=config.detail.filters,
            mixed=config.detail.mixed,
        )


def _check_map(network: keras.Model, gate_layer: str) -> None:
    """Refuse a layer without places: the gate reads mean and deviation over them."""
    if len(find_layer(network, gate_layer, column="gate_layer").output.shape) != 4:
        maps = [layer.name for layer in network.layers if len(layer.output.shape) == 4]
        raise TrainingError(
            f"The gate reads {gate_layer}, which gives no map.",
            remedy=f"Set gate_layer to one of the maps; the last ones: {', '.join(maps[-40:])}.",
            column="gate_layer",
        )
