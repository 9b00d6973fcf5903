"""HEAVY: builds, fits and measures networks of one run; all of them share one stem and its maps."""

from __future__ import annotations

import hashlib
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.architectures.builders import build_network
from core.architectures.detail import EVIDENCE, build_detector, join_detector
from core.training.cache import CachePlan, open_cache
from core.training.config import DetailConfig, TrainingConfig
from core.training.detail import (
    DetailData,
    fit_detector,
    keep_weights,
    take_weights,
    teachable,
)
from core.training.export import output_names, round_to_half, with_all_outputs, write_graph
from core.training.fit import FitPlan, fit_tail
from core.training.forward import Measured, measure
from core.training.job import TrainingJob
from core.training.selection import group_weights, thin
from core.training.sources import MapSource, PictureSource, Source
from core.training.state import FitState
from core.training.tail import check_joined, freeze, tail_of, write_stem

Rows = NDArray[np.int64]


class Workbench:
    """Everything that the fits of one run share.

    Parameters
    ----------
    job : TrainingJob
    """

    def __init__(self, job: TrainingJob) -> None:
        self.job, self.config, self.data = job, job.config, job.data
        self.spec = job.config.spec

    @cached_property
    def thinned(self) -> Rows:
        """Rows that may be fitted on or validated with: a few of every group."""
        parts = ["train", "validation", "calibration"]
        if self.job.folds is not None or self.job.with_random_split:
            parts.append("test")
        return thin(self.data, self.job.rows(*parts), per_group=self.config.per_group)

    @cached_property
    def run_key(self) -> str:
        """SHA-256 over data, settings and parts of the split: a run taken up again has the same."""
        settings = self.config.model_dump_json(exclude={"detail"})  # the fits know nothing of it
        digest = hashlib.sha256(settings.encode())
        digest.update(self.data.fingerprint.encode())
        digest.update(self.thinned.tobytes() + "".join(self.job.split.parts).encode())
        digest.update(b"" if self.job.folds is None else self.job.folds.tobytes())
        return digest.hexdigest()[:24]

    def network(self, *, seed: int) -> keras.Model:
        """Return a new network with ImageNet weights, its lower blocks frozen.

        Only what is fresh (the head, an added block) depends on the seed.
        """
        keras.utils.set_random_seed(seed)
        network = build_network(
            self.spec,
            n_classes=len(self.data.class_names),
            input_size=self.data.size,
            backbones=self.job.folders.backbones,
            dropout=self.config.dropout,
        )
        freeze(network, self.spec.freeze_until, train_batch_norm=self.config.train_batch_norm)
        return network

    @cached_property
    def source(self) -> Source:
        """Input of the tail: stored maps, or pictures where nothing is frozen."""
        augmentation = self.config.augmentation_spec
        if self.spec.freeze_until is None:
            return PictureSource(self.data, augmentation)
        with tempfile.TemporaryDirectory() as folder:
            stem = Path(folder) / "stem.xml"
            write_stem(self.network(seed=self.config.seed), self.spec.freeze_until, stem)
            cache = open_cache(
                self.job.folders.cache,
                self.data,
                self.thinned,
                stem=stem,
                plan=CachePlan(augmentation, self.config.variants, self.config.seed),
                progress=self.job.listener.on_progress,
            )
        return MapSource(cache, flip=self.config.map_flip, shift=self.config.map_shift)

    def plan(self, train: Rows, validation: Rows, *, label: str) -> FitPlan:
        """Return the plan of a fit: of both parts only the thinned pictures are used."""
        stopped_by = np.intersect1d(validation, self.thinned)
        weights = group_weights(self.data, validation, stopped_by) if len(validation) else None
        name = label.replace(" ", "-")
        return FitPlan(
            train=np.intersect1d(train, self.thinned),
            validation=stopped_by,
            weights=np.ones(0) if weights is None else weights,
            state_path=self.job.folders.state(self.run_key) / f"{name}.npz",
            label=label,
        )

    def fit(
        self, network: keras.Model, plan: FitPlan, *, config: TrainingConfig | None = None
    ) -> FitState:
        """Train the upper blocks of a network in place and check that it is one again."""
        tail = tail_of(network, self.spec.freeze_until)
        state = fit_tail(
            tail,
            self.data,
            plan,
            source=self.source,
            config=config or self.config,
            on_epoch=self.job.listener.on_epoch,
        )
        check_joined(network, tail, self.spec.freeze_until)
        return state

    def measure(self, network: keras.Model, rows: Rows, *, graph: Path | None = None) -> Measured:
        """Run the network as it would be shipped over rows of the data, all views."""
        with tempfile.TemporaryDirectory() as folder:
            if graph is None:
                graph = Path(folder) / "engine.xml"
                round_to_half(network)
                twin = with_all_outputs(network, self.spec.gate_layer)
                write_graph(twin, graph, names=output_names(network))
            return measure(
                graph,
                self.data,
                rows,
                views=self.config.views,
                has_evidence=EVIDENCE in {layer.name for layer in network.layers},
                progress=self.job.listener.on_progress,
            )

    def joined(self, network: keras.Model, plan: FitPlan) -> keras.Model:
        """Return the network with a detector taught on the plan's pictures; itself without one."""
        config, context = self.config.detail, self.spec.freeze_until
        if config is None or context is None:
            return network
        detector = build_detector(
            network,
            context_layer=context,
            filters=config.filters,
            mixed=config.mixed,
        )
        kept = self.job.folders.state(self.run_key) / _detector_file(plan.label, config)
        if not take_weights(detector, kept):
            self._teach(detector, plan, config=config, context=context)
            keep_weights(detector, kept)
        return join_detector(network, detector, context_layer=context, margin=config.margin)

    def _teach(
        self, detector: keras.Model, plan: FitPlan, *, config: DetailConfig, context: str
    ) -> None:
        what, tell = f"detector, {plan.label}", self.job.listener.on_progress
        rows = teachable(self.data, plan.train, config.pasting_spec)
        with tempfile.TemporaryDirectory() as folder:
            stem = Path(folder) / "stem.xml"
            write_stem(self.network(seed=self.config.seed), context, stem)
            fit_detector(
                detector,
                DetailData(self.data, rows, stem, config.pasting_spec),
                config=config,
                seed=self.config.seed,
                tell=lambda step, total, loss: tell(what, step, total),
            )

    def forget_states(self) -> None:
        """Delete the states of the run once its version is written."""
        folder = self.job.folders.state(self.run_key)
        for path in folder.glob("*.npz"):
            path.unlink()
        if folder.is_dir():
            folder.rmdir()


def _detector_file(label: str, config: DetailConfig) -> str:
    """Name the stored detector of a fit: other settings are another detector."""
    settings = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:12]
    return f"{label.replace(' ', '-')}-detector-{settings}.npz"


def settings_for_card(config: TrainingConfig) -> dict[str, Any]:
    """Return the settings as plain values, without what only other tasks use."""
    return config.model_dump(mode="json", exclude={"phantom_series"})
