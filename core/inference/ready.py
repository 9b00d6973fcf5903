"""A version that may answer: every file verified, graph compiled, golden input checked. Once.

The manifest comes first (nothing is opened that it does not vouch for), then card against task,
then the parts, then the stored golden input against the stored outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain import FloatArray
from core.errors import ModelVersionError
from core.inference.calibration import Calibration, parse_calibration
from core.inference.card import check_card_fits_task
from core.inference.engine import Engine
from core.inference.gate import Gate, parse_gate
from core.inference.golden import Golden, check_golden, parse_golden
from core.inference.kept import Kept
from core.inference.package import ModelVersion, verify
from core.inference.views import check_views
from core.tasks import TaskSpec

MAX_KEPT = 6  # versions compiled at the same time; the one used longest ago goes first
HEAD_TOLERANCE = 1e-3  # of the largest logit


@dataclass(frozen=True, slots=True, eq=False)
class ReadyVersion:
    """Everything that answering needs, shared by all sessions and never changed.

    ``head_weights`` (n_channels, n_classes) is None where no map can be drawn: the graph gives no
    feature map, or its score is not one dense layer on its mean.
    """

    version: ModelVersion
    engine: Engine
    calibration: Calibration
    gate: Gate
    golden: Golden
    head_weights: FloatArray | None


_kept: Kept[ReadyVersion] = Kept(MAX_KEPT)


def ready_version(version: ModelVersion, task: TaskSpec) -> ReadyVersion:
    """Return the version, ready; the first call for it loads it, others wait for that.

    Raises
    ------
    ModelVersionError
        If any file, class, output or the golden answer is not as it should be.
    """
    check_card_fits_task(version.card, task)
    return _kept.get(version, lambda: load_version(version))


def load_version(version: ModelVersion) -> ReadyVersion:
    """Verify and load a version, keeping nothing.

    Raises
    ------
    ModelVersionError
        As ``ready_version``.
    """
    if version.card.ensemble is not None:
        raise no_single_network(version)
    verify(version)
    return load_parts(version)


def load_parts(version: ModelVersion) -> ReadyVersion:
    """Load a version whose files were verified already, such as a member of an ensemble.

    Raises
    ------
    ModelVersionError
        If the parts do not hold together, or the golden answer is another.
    """
    check_views(version.card.views)
    calibration = parse_calibration(version.file("calibration.yaml").read_bytes())
    gate = parse_gate(version.file("gate.npz").read_bytes())
    golden = parse_golden(version.file("golden.npz").read_bytes(), head=version.card.head)
    engine = Engine(version)
    check_golden(golden, engine.run(golden.batch))
    _check_parts(version, calibration, gate, golden)
    return ReadyVersion(
        version,
        engine,
        calibration,
        gate,
        golden,
        usable_head(version, golden, has_map=engine.has_feature_map),
    )


def no_single_network(version: ModelVersion) -> ModelVersionError:
    """Return the error for what looks into one network, where the version is several."""
    spec = version.card.ensemble
    names = [member.name for member in spec.members] if spec else []
    return ModelVersionError(
        f"Model version {version.name} is an ensemble of {', '.join(names)}; this looks into one "
        "network.",
        remedy="Name the version of one member with --version, or choose it on the page.",
    )


def _check_parts(
    version: ModelVersion, calibration: Calibration, gate: Gate, golden: Golden
) -> None:
    unknown = sorted(set(calibration.operating_points) - set(version.card.class_names))
    if unknown:
        raise ModelVersionError(
            f"calibration.yaml of model version {version.name} names {', '.join(unknown)}, "
            "which are not among its classes.",
            remedy="Train the version again, or install it again.",
        )
    n_features = golden.output.gate_features.shape[-1]
    if gate.mean.size != n_features:
        raise ModelVersionError(
            f"The gate of model version {version.name} takes {gate.mean.size} features; the "
            f"network gives {n_features}.",
            remedy="Train the version again, or install it again.",
        )


def usable_head(version: ModelVersion, golden: Golden, *, has_map: bool) -> FloatArray | None:
    """Return the head where its closed form holds: mean over places of (map @ W) + b = logits.

    Where it does not, a map drawn from it would explain another score than the one shown.
    """
    weights, bias = golden.head_weights, golden.head_bias
    if version.card.feature_layer is None or not has_map:
        return None
    if weights is None or bias is None:
        return None
    pooled = golden.output.feature_map.mean(axis=(1, 2), dtype=np.float64)
    again = pooled @ weights + bias
    largest = max(1.0, float(np.abs(golden.output.logits).max()))
    if float(np.abs(again - golden.output.logits).max()) > HEAD_TOLERANCE * largest:
        return None
    return weights
