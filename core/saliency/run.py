"""Compute a map by any method of the registry."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np

from core.domain import FloatArray
from core.errors import ArgumentError, ExplanationError, ModelVersionError
from core.inference.probe import Probe
from core.saliency.ensemble_maps import EnsembleBox
from core.saliency.gradient_client import explain_by_gradients
from core.saliency.layer_cam_fusion import has_depths
from core.saliency.methods import METHODS, MethodSpec, method_spec
from core.saliency.raw_maps import RawMaps, Watch


def explain_with(
    method: str,
    probe: Probe | EnsembleBox,
    batch: FloatArray,
    classes: Sequence[int],
    watch: Watch | None = None,
) -> RawMaps:
    """Return the raw maps of one picture by a method of the registry.

    Parameters
    ----------
    method : str
        Key of the registry.
    probe : Probe or EnsembleBox
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
        The picture after the recipe; for an ensemble before it.
    classes : sequence of int
        Class indices; one map each, in this order.
    watch : Watch or None
        Told of progress, and how to stop a long method.

    Returns
    -------
    RawMaps

    Raises
    ------
    ArgumentError
        If there is no such method or class, or the method is none for this kind of network.
    ModelVersionError
        If the version lacks a file or a name that the method needs.
    CancelledError
        If the watch was stopped.
    ExplanationError
        If the map holds values that are not numbers, or the process for gradients failed.
    """
    spec = method_spec(method)
    if isinstance(probe, EnsembleBox):
        found = probe.explain(method, batch, classes, watch)
        return _checked(found, spec)
    _check_kind(spec, probe)
    if spec.kind == "keras":
        if probe.version is None:
            raise ModelVersionError(
                f"{spec.title} needs the Keras network of a model version; {probe.name} has none.",
                remedy="Choose a method of the engine.",
            )
        found = explain_by_gradients(probe.version, method, batch, classes, watch)
    else:
        module = importlib.import_module(spec.module)
        found = module.explain(probe, batch, classes, watch=watch)
    return _checked(found, spec)


def _checked(found: RawMaps, spec: MethodSpec) -> RawMaps:
    if not np.isfinite(found.grids).all():
        raise ExplanationError(
            f"{spec.title} gave values that are not numbers for this picture.",
            remedy="Choose another method, and report the picture with the model version.",
        )
    return found


def _check_kind(spec: MethodSpec, probe: Probe) -> None:
    """Refuse a method that this network can never have, however it is installed."""
    if spec.kind == "linear" and not probe.is_linear:
        needs = "a network of one layer on its pixels"
    elif spec.needs_feature_map and not (probe.has_feature_map and probe.head_weights is not None):
        needs = "a last feature map with one dense layer on its mean"
    elif spec.needs_depths and probe.layers and not has_depths(probe):
        needs = "finer layers that everything flows through"
    else:
        return
    keys = ", ".join(known.key for known in available_methods(probe))
    raise ArgumentError(
        f"{spec.title} needs {needs}, which {probe.name} does not have.",
        remedy=f"Methods for it: {keys}.",
    )


def available_methods(probe: Probe | EnsembleBox) -> tuple[MethodSpec, ...]:
    """Return the methods that this network has what they need for, in the registry's order."""
    if isinstance(probe, EnsembleBox):
        return probe.methods()
    has_map = probe.has_feature_map and probe.head_weights is not None
    return tuple(spec for spec in METHODS.values() if _fits(spec, probe, has_map=has_map))


def _fits(spec: MethodSpec, probe: Probe, *, has_map: bool) -> bool:
    if spec.kind == "linear":
        return probe.is_linear
    if spec.kind == "keras":
        return probe.version is not None
    has_layers = bool(probe.layers)
    if spec.needs_depths and not (has_map and has_layers and has_depths(probe)):
        return False
    return (has_map or not spec.needs_feature_map) and (has_layers or not spec.needs_layers)
