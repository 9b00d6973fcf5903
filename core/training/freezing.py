"""HEAVY: which layers of a network are trained when, and where its stem is cut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras

from core.errors import TrainingError
from core.training.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a fit during which the same layers are trained.

    Attributes
    ----------
    name : {"head", "top", "all"}
    frozen_until : str or None
        Last layer that stays as it is, in the network's order; None: every layer is trained.
    cut : str or None
        Where the stem ends, whose maps are computed once: ``frozen_until``, or below it where a
        shortcut leads past; None: the fit takes pictures.
    epochs : int
    learning_rate : float
    """

    name: str
    frozen_until: str | None
    cut: str | None
    epochs: int
    learning_rate: float

    def settings(self, config: TrainingConfig) -> TrainingConfig:
        """Return the settings of the run with this stage's epochs and rate."""
        own = {"epochs": self.epochs, "learning_rate": self.learning_rate}
        return config.model_copy(update=own)

    def is_solved(self, config: TrainingConfig) -> bool:
        """Whether the head is solved at once: epochs and rate then mean nothing."""
        return self.name == "head" and config.head_solver == "lbfgs"

    def to_data(self, config: TrainingConfig) -> dict[str, Any]:
        """Return what a card says about the stage of a fit with these settings."""
        said = asdict(self)
        if self.is_solved(config):
            del said["epochs"], said["learning_rate"]
            said["solver"] = config.head_solver
        return said


def stages_of(config: TrainingConfig, network: keras.Model) -> tuple[Stage, ...]:
    """Return the stages of a fit, in order; all but ``staged`` have one.

    Parameters
    ----------
    config : TrainingConfig
    network : keras.Model
        From ``build_network`` for ``config.spec``.

    Raises
    ------
    TrainingError
        If a layer is not there, so many layers are not, or the gate's layer is above what is
        frozen: its features would change with the fit.
    """
    spec = config.spec
    if config.frozen_layers:
        until: str | None = _counted(network, config.frozen_layers)
        cut = _cut_below(network, str(until))
    else:
        until = cut = spec.freeze_until
    find_layer(network, spec.gate_layer, column="gate_layer")
    if until is not None:
        _check_gate(network, until, spec.gate_layer)
    name = "all" if until is None else "head" if until == spec.head_input else "top"
    last = Stage(name, until, cut, config.epochs, config.learning_rate)
    if config.strategy != "staged":
        return (last,)
    rate = config.head_learning_rate or config.learning_rate
    return (Stage("head", spec.head_input, spec.head_input, config.head_epochs, rate), last)


def find_layer(network: keras.Model, name: str, *, column: str = "freeze_until") -> Any:
    """Return a layer by name.

    Raises
    ------
    TrainingError
        If the network has no such layer; ``column`` is the setting that named it.
    """
    layers = {layer.name: layer for layer in network.layers}
    if name not in layers:
        raise TrainingError(
            f"The network has no layer {name!r}, which {column} names.",
            remedy=f"Layers of {network.name}: {', '.join(list(layers)[-40:])}.",
            column=column,
        )
    return layers[name]


def freeze(network: keras.Model, frozen_until: str | None, *, train_batch_norm: bool) -> None:
    """Freeze every layer up to and including ``frozen_until``, and batch normalisation if asked.

    A frozen batch normalisation also keeps its statistics: few series say little about them.

    Raises
    ------
    TrainingError
        If the network has no such layer.
    """
    if frozen_until is not None:
        find_layer(network, frozen_until)
    below = frozen_until is not None
    for layer in network.layers:
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        is_fresh = layer.name.startswith("added_")  # has no statistics worth keeping
        layer.trainable = not below and (train_batch_norm or is_fresh or not is_norm)
        if layer.name == frozen_until:
            below = False


def backbone_layers(network: keras.Model) -> tuple[str, ...]:
    """Return the names of the backbone's layers as ``keras.applications`` counts them.

    The input is the first; the scaling, maps set side by side, added blocks and the head are ours
    and do not count.
    """
    names = [layer.name for layer in network.layers]
    ends = [names.index(name) for name in ("feature_map", "flat") if name in names]
    own = [name for name in names[: min(ends)] if not name.startswith("added_")]
    return tuple(name for name in own if name not in ("scaling", "beside"))


def _counted(network: keras.Model, count: int) -> str:
    names = backbone_layers(network)
    n_frozen = count if count > 0 else len(names) + count
    if not 0 < n_frozen <= len(names):
        raise TrainingError(
            f"{count} layers cannot be frozen: the backbone has {len(names)}.",
            remedy=f"Give frozen_layers from {1 - len(names)} to {len(names)}.",
            column="frozen_layers",
        )
    return names[n_frozen - 1]


def _cut_below(network: keras.Model, until: str) -> str | None:
    """Return the highest layer up to ``until`` where all paths meet; None: only the input."""
    names = [layer.name for layer in network.layers]
    for layer in reversed(network.layers[: names.index(until) + 1]):
        if layer.name in ("pixels", "scaling"):
            return None
        try:
            keras.Model(layer.output, network.output)
        except ValueError:
            continue
        return str(layer.name)
    return None


def _check_gate(network: keras.Model, until: str, gate_layer: str) -> None:
    names = [layer.name for layer in network.layers]
    find_layer(network, until)
    if names.index(gate_layer) > names.index(until):
        raise TrainingError(
            f"The gate reads {gate_layer}, which is trained: only layers up to {until} are frozen.",
            remedy="Freeze more, set gate_layer to a layer below, or freeze nothing.",
            column="gate_layer",
        )
