"""HEAVY: builds, fits and measures networks of one run; all of them share one stem and its maps."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.architectures import ArchitectureSpec
from core.architectures.builders import build_network
from core.architectures.detail import EVIDENCE, build_detector, join_detector
from core.training.cache import CachePlan, open_cache
from core.training.clock import RunClock
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
from core.training.freezing import Stage, backbone_layers, freeze, stages_of
from core.training.job import Listener, TrainingJob
from core.training.selection import group_weights, thin
from core.training.solving import solve_head
from core.training.sources import MapSource, PictureSource, Source
from core.training.state import FitState
from core.training.tail import check_joined, logits_of, tail_of, write_stem

Rows = NDArray[np.int64]
BATCH = 64


class Workbench:
    """Everything that the fits of one run share.

    Parameters
    ----------
    job : TrainingJob
    """

    def __init__(self, job: TrainingJob) -> None:
        self.job, self.config, self.data = job, job.config, job.data
        self._sources: dict[str | None, Source] = {}

    @cached_property
    def reference(self) -> keras.Model:
        """The network as it begins, never trained: every fit's frozen layers are its layers."""
        return self._built(self.config.seed)

    @cached_property
    def end_layer(self) -> str:
        """Layer that the backbone ends in: a weight file may reach less far than its network."""
        return backbone_layers(self.reference)[-1]

    @cached_property
    def backbone_sha256(self) -> str | None:
        """SHA-256 of the weights that the backbone begins with; None: it begins at random."""
        if self.config.weights == "none" or not self.spec.has_imagenet_weights:
            return None
        digest = hashlib.sha256()
        for name in backbone_layers(self.reference):
            for values in self.reference.get_layer(name).get_weights():
                digest.update(values.tobytes())
        return digest.hexdigest()

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Which layers every fit of the run trains when."""
        return stages_of(self.config, self.reference)

    @cached_property
    def spec(self) -> ArchitectureSpec:
        """The architecture; its ``freeze_until`` is the last layer frozen to the end."""
        return replace(self.config.spec, freeze_until=self.stages[-1].frozen_until)

    @cached_property
    def thinned(self) -> Rows:
        """Rows that may be fitted on or validated with: a few of every group."""
        parts = ["train", "validation", "calibration"]
        if (
            self.job.folds is not None
            or self.job.with_random_split
            or self.job.left_out is not None
        ):
            parts.append("test")
        per_group = self.config.per_group or len(self.data)
        return thin(self.data, self.job.rows(*parts), per_group=per_group)

    @cached_property
    def run_key(self) -> str:
        """SHA-256 over version, data, settings, first weights, split: what a run is taken up by."""
        settings = self.config.model_dump_json(exclude={"detail"})  # the fits know nothing of it
        digest = hashlib.sha256(f"{self.job.version}\n{settings}".encode())
        digest.update(self.data.fingerprint.encode())
        digest.update(self.thinned.tobytes() + "".join(self.job.split.parts).encode())
        digest.update(b"" if self.job.folds is None else self.job.folds.tobytes())
        digest.update(b"" if self.job.left_out is None else self.job.left_out.places.tobytes())
        digest.update((self.backbone_sha256 or "").encode())
        return digest.hexdigest()[:24]

    @cached_property
    def clock(self) -> RunClock:
        """The time that all starts of this run took."""
        path = self.job.folders.state(self.run_key) / "seconds.json"
        return RunClock(path, begun=self.job.begun)

    def network(self, *, seed: int) -> keras.Model:
        """Return a new network with its first weights, frozen as at the end of a fit.

        Only what is fresh (the head, an added block) depends on the seed.
        """
        reference, last = self.reference, self.stages[-1]
        network = self._built(seed)
        has_maps = any(stage.cut is not None for stage in self.stages)
        if has_maps and self.backbone_sha256 is None:
            # Frozen at random, layers must still be those whose maps are stored.
            for layer, stored in zip(network.layers[:-1], reference.layers[:-1], strict=True):
                layer.set_weights(stored.get_weights())  # by place: Keras counts some names on
        freeze(network, last.frozen_until, train_batch_norm=self.config.train_batch_norm)
        return network

    def _built(self, seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        network = build_network(
            self.config.spec,
            n_classes=len(self.data.class_names),
            input_size=self.data.size,
            weights=self.config.weights,
            backbones=self.job.folders.backbones,
            dropout=self.config.dropout,
        )
        if self.config.batch_norm_momentum is not None:
            for layer in network.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.momentum = self.config.batch_norm_momentum
        return network

    def source(self, cut: str | None) -> Source:
        """Return the input of a tail: maps of ``cut``, stored once; None: pictures."""
        if cut not in self._sources:
            augmentation = self.config.augmentation_spec
            self._sources[cut] = (
                PictureSource(self.data, augmentation) if cut is None else self._maps(cut)
            )
        return self._sources[cut]

    def _maps(self, cut: str) -> MapSource:
        with tempfile.TemporaryDirectory() as folder:
            stem = Path(folder) / "stem.xml"
            write_stem(self.reference, cut, stem)
            config = self.config
            plan = CachePlan(
                config.augmentation_spec,
                config.variants,
                config.seed,
                stem=f"{config.architecture}/{cut}",
            )
            cache = open_cache(
                self.job.folders.cache,
                self.data,
                self.thinned,
                stem=stem,
                plan=plan,
                progress=self.job.listener.on_progress,
            )
        if cache.maps.ndim < 5:  # pooled features have no places to move
            return MapSource(cache)
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
        """Train a network in place, stage by stage, and check that it is one again.

        Every stage keeps a state of its own: a run taken up again finds the finished ones.
        """
        config, state = config or self.config, FitState()
        n_done, first, last = 0, self.stages[0], self.stages[-1]
        for stage in self.stages:
            freeze(network, stage.frozen_until, train_batch_norm=config.train_batch_norm)
            tail = tail_of(network, stage.cut)
            state = self._fit_stage(
                tail,
                plan.of_stage(stage.name, is_first=stage is first, is_last=stage is last),
                stage,
                config=stage.settings(config),
                listener=_told(self.job.listener, stage, n_done, clock=self.clock),
            )
            n_done += state.epochs_done
            check_joined(network, tail, stage.cut)
        return state

    def _fit_stage(
        self,
        tail: keras.Model,
        plan: FitPlan,
        stage: Stage,
        *,
        config: TrainingConfig,
        listener: Listener,
    ) -> FitState:
        source, data = self.source(stage.cut), self.data
        if stage.is_solved(config) and isinstance(source, MapSource):
            return solve_head(tail, data, plan, source=source, config=config, listener=listener)
        return fit_tail(tail, data, plan, source=source, config=config, listener=listener)

    def logits(self, network: keras.Model, rows: Rows) -> NDArray[np.float64]:
        """Return what a fitted network says about thinned pictures, (m, n_classes)."""
        cut = self.stages[-1].cut
        tail, source = tail_of(network, cut), self.source(cut)
        parts = [
            logits_of(tail, source.clean(rows[start : start + BATCH]))
            for start in range(0, len(rows), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64)

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
            write_stem(self.reference, context, stem)
            fit_detector(
                detector,
                DetailData(self.data, rows, stem, config.pasting_spec),
                config=config,
                seed=self.config.seed,
                tell=lambda step, total, loss: tell(what, step, total),
            )

    def forget_states(self) -> None:
        """Delete the states of the run once its version is written, half-written ones too."""
        shutil.rmtree(self.job.folders.state(self.run_key), ignore_errors=True)


def _told(listener: Listener, stage: Stage, n_before: int, *, clock: RunClock) -> Listener:
    """Return a listener that counts epochs through all stages of a fit, and names the stage."""

    def told(line: dict[str, Any]) -> None:
        clock.keep()
        counted = {key: line[key] + n_before for key in ("epoch", "epochs")}
        listener.on_epoch({"fit": line["fit"], "stage": stage.name} | line | counted)

    return replace(listener, on_epoch=told)


def _detector_file(label: str, config: DetailConfig) -> str:
    """Name the stored detector of a fit: other settings are another detector."""
    settings = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:12]
    return f"{label.replace(' ', '-')}-detector-{settings}.npz"


def settings_for_card(config: TrainingConfig) -> dict[str, Any]:
    """Return the settings as plain values, without what only other tasks use."""
    return config.model_dump(mode="json", exclude={"phantom_series"})
