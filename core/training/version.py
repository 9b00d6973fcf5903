"""HEAVY: write a trained network as a model version, from a draft of what belongs on its card."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from core.architectures import ArchitectureSpec
from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
from core.evaluation.runs import EvaluationRun, write_run
from core.inference.calibration import Calibration
from core.inference.card import Card, MetricSet, TrainingData, as_yaml
from core.inference.gate import Gate
from core.inference.package import write_version
from core.preprocessing import Recipe
from core.tasks import TaskSpec
from core.training.experiments.spec import Experiment
from core.training.export import export_network

EXPERIMENT_FILE = "experiment.yaml"
FILES = {
    "model.keras": "the network, for training on and for the slower heat maps (Keras)",
    "engine.xml": "the graph that answers (OpenVINO)",
    "engine.bin": "its weights",
    "card.yaml": "this card",
    "calibration.yaml": "temperature and operating points",
    "gate.npz": "training features, for the refusal of foreign pictures",
    "golden.npz": "a fixed input and its outputs, checked before the version may answer",
    "layers.json": "the layers, and which of them the graph can be opened at",
    EXPERIMENT_FILE: "what was run, complete: train --experiment takes it again",
    "manifest.json": "SHA-256 of every file",
}
LIMITS = (
    "Research use only: not a medical device, not a diagnosis.",
    "It knows only its own classes: any other finding is not reported.",
    "A probability is calibrated for the share of classes in its training data.",
)


@dataclass(frozen=True, slots=True)
class VersionDraft:
    """What a model version says about itself, besides its network.

    Attributes
    ----------
    task, spec, recipe
        Class order, layers and preprocessing of the network.
    name, title : str
        Name of the version and a line for people.
    training_data : TrainingData
    calibration : Calibration
    gate : Gate
    metrics : tuple of MetricSet
    runs : mapping of run name to EvaluationRun
        Stored under ``evaluation/<name>``.
    training_pictures : TrainingPictures or None
        By name, so that a later evaluation can tell what was trained on.
    views : tuple of str
        Test-time views; the first is ``identity``.
    parameters : mapping
        Settings of the training run, plain values.
    training_seconds : float or None
        Wall time of all starts of the run.
    stages : tuple of mapping
        Which layers were trained when, plain values.
    known_failures : tuple of str
    experiment : Experiment or None
        Stored as ``experiment.yaml``.
    """

    task: TaskSpec
    spec: ArchitectureSpec
    recipe: Recipe
    name: str
    title: str
    training_data: TrainingData
    calibration: Calibration
    gate: Gate
    metrics: tuple[MetricSet, ...] = ()
    runs: Mapping[str, EvaluationRun] = field(default_factory=dict)
    training_pictures: TrainingPictures | None = None
    views: tuple[str, ...] = ("identity",)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    training_seconds: float | None = None
    stages: tuple[Mapping[str, Any], ...] = ()
    known_failures: tuple[str, ...] = ()
    experiment: Experiment | None = None


def export_version(
    network: keras.Model,
    draft: VersionDraft,
    *,
    models: Path,
    files: Mapping[str, Path | bytes] | None = None,
) -> Path:
    """Write ``models/<task>/<name>`` and return its folder.

    Parameters
    ----------
    network : keras.Model
        Built by ``build_network`` for ``draft.spec`` and the task's classes, and trained.
    draft : VersionDraft
    models : Path
        Folder of model versions.
    files : mapping or None
        What ``export_network`` gave for this network, where it was exported already.

    Raises
    ------
    ModelVersionError
        If a version of that name exists, or the parts do not hold together.
    TrainingError
        If network and engine graph disagree.
    """
    with tempfile.TemporaryDirectory() as folder:
        content: dict[str, Path | bytes] = dict(
            files
            or export_network(
                network,
                gate_layer=draft.spec.gate_layer,
                folder=Path(folder),
                half_engine=draft.spec.half_engine,
            )
        )
        for name, run in draft.runs.items():
            content[f"evaluation/{name}"] = write_run(run, Path(folder) / name)
        if draft.training_pictures is not None:
            content[TRAINING_FILE] = draft.training_pictures.to_bytes()
        if draft.experiment is not None:
            content[EXPERIMENT_FILE] = as_yaml(draft.experiment.to_data())
        content["card.yaml"] = card_of(network, draft).to_yaml()
        content["calibration.yaml"] = draft.calibration.to_yaml()
        content["gate.npz"] = draft.gate.to_bytes()
        return write_version(models / draft.task.key, draft.name, files=content)


def card_of(network: keras.Model, draft: VersionDraft) -> Card:
    """Return the card of a network and its draft."""
    rows, columns = network.inputs[0].shape[1:3]
    task = draft.task
    kind = "drawn pictures, for teaching" if task.synthetic else f"{task.title} pictures"
    return Card(
        task=task.key,
        version=draft.name,
        title=draft.title,
        architecture=draft.spec.key,
        created_at=datetime.now(UTC),
        input_size=(int(rows), int(columns)),
        class_names=task.class_names,
        recipe=tuple(draft.recipe.to_data()),
        recipe_fingerprint=draft.recipe.fingerprint,
        training_data=draft.training_data,
        frozen_until=draft.spec.freeze_until,
        stages=tuple(dict(stage) for stage in draft.stages),
        feature_layer="feature_map" if draft.spec.has_feature_map else None,
        gate_layer=draft.spec.gate_layer,
        views=draft.views,
        metrics=draft.metrics,
        known_failures=draft.known_failures,
        intended_use=f"A second look at {kind}: {task.description}",
        limits=LIMITS,
        n_parameters=int(network.count_params()),
        parameters=dict(draft.parameters),
        training_seconds=draft.training_seconds,
        files={
            name: text
            for name, text in FILES.items()
            if name != EXPERIMENT_FILE or draft.experiment is not None
        },
    )
