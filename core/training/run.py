"""HEAVY: a whole training run, from prepared pictures to a written model version."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.architectures.detail import set_evidence_weights
from core.datasets.left_out import LeftOut
from core.errors import TrainingError
from core.evaluation.runs import EvaluationRun
from core.inference.arrays import choose_rows
from core.inference.calibration import Calibration, apply_temperature
from core.inference.card import MetricSet
from core.inference.gate import Gate
from core.inference.gate_fitting import out_of_fold_distances
from core.inference.package import names_in
from core.training.crossval import OutOfFold, run_folds, run_left_out, run_random_split
from core.training.experiments import Experiment
from core.training.export import export_network
from core.training.exposure import Exposures, training_pictures
from core.training.forward import Measured
from core.training.job import FINAL, Listener, TrainingJob
from core.training.report import (
    Judged,
    answer_metrics,
    known_failures,
    make_run,
    summarise,
    training_data,
)
from core.training.tracking import Tracker
from core.training.trust import (
    GateSettings,
    calibrate,
    cross_fitted_probabilities,
    frozen_gate,
    is_blank,
    is_refused,
    missing_thresholds,
    required_by_class,
    trained_gate,
)
from core.training.version import VersionDraft, export_version
from core.training.workbench import Workbench, settings_for_card

__all__ = ["Listener", "Trained", "train_version"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A written version: its name, its folder, its metrics by split."""

    model_version: str
    path: Path
    metrics: dict[str, Any]


def train_version(job: TrainingJob, *, tracking_uri: str | None) -> Trained:
    """Fit, calibrate, measure and write a model version.

    Parameters
    ----------
    job : TrainingJob
    tracking_uri : str or None
        MLflow server; None: SQLite inside the home.

    Raises
    ------
    TrainingError, ModelVersionError
        If the run cannot start, or go on; nothing is written then.
    """
    told = job.experiment.to_data() if job.experiment else settings_for_card(job.config)
    tracker = Tracker(
        tracking_uri,
        home=job.folders.home,
        experiment=job.task.key,
        name=job.version,
        values=told,
        tell=job.listener.on_note,
    )
    try:
        trained = _Run(_tracked(job, tracker)).finish()
    except KeyboardInterrupt:
        tracker.fail(was_stopped=True)
        raise
    except Exception:  # unforeseen ones, too: no run stands as running that is not
        tracker.fail()
        raise
    tracker.figures(trained.metrics)
    tracker.finish(trained.path, is_champion=_is_alone(trained.path))
    return trained


def _is_alone(version: Path) -> bool:
    """Return whether a version is the only one of its task: it answers by default then."""
    return names_in(version.parent) == (version.name,)


def _tracked(job: TrainingJob, tracker: Tracker) -> TrainingJob:
    """Return the job with a listener that also tells the tracker."""
    told = job.listener.on_epoch

    def on_epoch(line: dict[str, Any]) -> None:
        tracker.epoch(line)
        told(line)

    return replace(job, listener=replace(job.listener, on_epoch=on_epoch))


class _Run:
    """The steps of one run, in order."""

    def __init__(self, job: TrainingJob) -> None:
        self.job, self.config, self.data = job, job.config, job.data
        self.required = required_by_class(job.config.required_sensitivity, job.task)
        self.bench = Workbench(job)
        self.gate_settings = GateSettings(job.config.gate_quantile, job.config.gate_prototypes)
        self.exposures = Exposures(job)
        self.runs: dict[str, EvaluationRun] = {}
        self.metrics: list[MetricSet] = []
        self.failures: tuple[str, ...] = ()

    def finish(self) -> Trained:
        """Do everything and write the version."""
        self.job.listener.on_plan(self.job.fits)
        self._compare_backbone()
        folded = run_folds(self.bench) if self.job.folds is not None else None
        network = self._fit_final(folded)
        with tempfile.TemporaryDirectory() as folder:
            files = export_network(
                network,
                gate_layer=self.bench.spec.gate_layer,
                folder=Path(folder),
                half_engine=self.bench.spec.half_engine,
            )
            rows, measured = self._measure(network, Path(folder) / "engine.xml")
            calibration = self._calibrate(rows, measured, folded)
            gate = self._gate(rows, measured)
            if folded is not None:
                self._judge_folds(folded, gate)
            self._judge_test(rows, measured, calibration, gate)
            if self.job.left_out is not None:
                self._judge_left_out(self.job.left_out)
            if self.job.with_random_split:
                self._judge_random_split()
            draft = self._draft(calibration, gate)
            path = export_version(network, draft, models=self.job.folders.models, files=files)
        self.bench.forget_states()
        return Trained(self.job.version, path, answer_metrics(tuple(self.metrics)))

    def _fit_final(self, folded: OutOfFold | None) -> keras.Model:
        network = self.bench.network(seed=self.config.seed)
        train = self.job.rows(*self.job.fitted_parts)
        is_stopped = "validation" not in self.job.fitted_parts
        validation = self.job.rows("validation") if is_stopped else train[:0]
        plan = self.bench.plan(train, validation, label=FINAL)
        self.bench.fit(network, plan)
        if self.config.detail is None:
            return network
        if folded is None or folded.evidence_weights is None:
            raise TrainingError(
                "A detail branch needs folds: what its evidence is worth is asked out of fold.",
                remedy="Train with --folds 5, or without `detail`.",
                column="detail",
            )
        joined = self.bench.joined(network, plan)
        set_evidence_weights(joined, folded.evidence_weights.tolist())
        return joined

    def _measure(self, network: keras.Model, graph: Path) -> tuple[Any, Measured]:
        """Measure all but most of the training pictures: of those the thinned ones will do."""
        wanted = self.job.rows("validation", "calibration", "test")
        rows = np.union1d(wanted, self.bench.thinned)
        return rows, self.bench.measure(network, rows, graph=graph)

    def _calibrate(self, rows: Any, measured: Measured, folded: OutOfFold | None) -> Calibration:
        group = self.job.task.group_name
        if folded is not None:
            own = self.job.rows("train", "validation", "calibration")
            logits, y_true = folded.logits[own], self.data.y_true[own]
            fitted_on = f"Out-of-fold outputs of every {group} outside the test part."
        else:
            chosen = np.isin(rows, self.job.rows("calibration"))
            logits, y_true = measured.logits[chosen], self.data.y_true[rows[chosen]]
            fitted_on = f"The calibration part: every {group} in it was kept out of training."
        made = calibrate(logits, y_true, fitted_on=fitted_on, required=self.required)
        for sentence in missing_thresholds(made, self.required, y_true):
            self.job.listener.on_note(sentence)
        return made

    def _gate(self, rows: Any, measured: Measured) -> Gate:
        known = np.isin(rows, np.setdiff1d(self.bench.thinned, self.job.rows("test")))
        if self.bench.spec.freeze_until is not None:
            gate = frozen_gate(
                measured.gate_features[known],
                self.data,
                rows[known],
                settings=self.gate_settings,
                seed=self.config.seed,
            )
            return self._named(gate, rows[known])
        fitted = known & np.isin(rows, self.job.rows(*self.job.fitted_parts))
        unseen = np.isin(rows, self.job.rows("validation", "calibration")) & ~fitted
        gate = trained_gate(
            measured.gate_features[fitted],
            self.data.group[rows[fitted]],
            measured.gate_features[unseen],
            settings=self.gate_settings,
        )
        return self._named(gate, rows[fitted])

    def _named(self, gate: Gate, rows: Any) -> Gate:
        """Return the gate with the names and labels of the pictures that its prototypes are."""
        groups, at_most = self.data.group[rows], self.gate_settings.at_most
        frame = self.job.manifest.frame.iloc[rows[choose_rows(groups, at_most=at_most)]]
        return replace(
            gate,
            prototype_file=tuple(frame["file"].astype(str)),
            prototype_label=tuple(frame["label"].astype(str)),
        )

    def _judge_folds(self, folded: OutOfFold, gate: Gate) -> None:
        data, everything = self.data, np.arange(len(self.data))
        y_prob = cross_fitted_probabilities(folded.logits, data.y_true, folded.folds)
        made = (
            f"{self.job.n_folds} grouped folds (seed {self.config.seed}): every picture judged by "
            f"a network that saw no picture of its {self.job.task.group_name}; the shipped weights "
            "are another fit of the same settings"
        )
        refused = is_blank(gate, data, everything)
        if self.bench.spec.freeze_until is None:
            made += "; the gate was not judged: its layer differs from fold to fold"
        else:
            distances = out_of_fold_distances(
                folded.gate_features, data.group, folded.folds, at_most=self.gate_settings.at_most
            )
            refused |= distances > gate.threshold
        seen = self.exposures.of_folds(folded.folds)
        judged = Judged(everything, y_prob, refused, folded.folds, seen)
        self._add(judged, name="out_of_fold", made=made)

    def _judge_test(
        self, rows: Any, measured: Measured, calibration: Calibration, gate: Gate
    ) -> None:
        chosen = np.isin(rows, self.job.rows("test"))
        if not chosen.any():
            return
        test, found = rows[chosen], measured.take(chosen)
        y_prob = calibration.apply(found.logits)
        refused = is_refused(gate, self.data, test, found.gate_features)
        made = (
            f"own test part (seed {self.config.seed}): no weight was fitted on any "
            f"{self.job.task.group_name} in it"
        )
        seen = self.exposures.of_held_out(test, self.job.rows("train", "validation", "calibration"))
        self._add(Judged(test, y_prob, refused, slices=seen), name="test", made=made)

    def _judge_left_out(self, left_out: LeftOut) -> None:
        logits = run_left_out(self.bench, left_out)
        rows = np.flatnonzero(left_out.places >= 0)
        places = left_out.places[rows]
        y_prob = cross_fitted_probabilities(logits[rows], self.data.y_true[rows], places)
        made = (
            f"each {left_out.column} ({', '.join(left_out.names)}) judged by a network that saw no "
            f"picture of it, nor of a {self.job.task.group_name} with one; the gate was not judged"
        )
        if self.config.detail is not None:
            made += "; of the network without its branch for small findings"
        nobody = np.zeros(len(rows), bool)
        name = re.sub(r"\W+", "_", f"left_out_{left_out.column}")
        seen = self.exposures.of_left_out(left_out)
        has_groups = self.job.manifest.group_source != "none"
        judged = Judged(rows, y_prob, nobody, None if has_groups else places, seen)
        self._add(judged, name=name, made=made)

    def _judge_random_split(self) -> None:
        judged = run_random_split(self.bench)
        y_prob = apply_temperature(judged.logits, 1.0)
        made = (
            f"random split, LEAKAGE: pictures of one {self.job.task.group_name} on both sides; it "
            "measures memory and counts for nothing"
        )
        if self.config.detail is not None:
            made += " (of the network without its branch for small findings)"
        nobody = np.zeros(len(judged.rows), bool)
        trained = np.setdiff1d(self.bench.thinned, judged.rows)
        seen = self.exposures.of_split(judged.rows, trained)
        of_run = Judged(judged.rows, y_prob, nobody, slices=seen)
        run = make_run(self.job, of_run, name="random_split", made=made)
        self.runs["random_split"] = run
        self.metrics.append(summarise(run, title=_sentence(made), leakage=True)[0])

    def _add(self, judged: Judged, *, name: str, made: str) -> None:
        run = make_run(self.job, judged, name=name, made=made)
        metrics, figures = summarise(run, title=_sentence(made))
        self.runs[name] = run
        self.metrics.append(metrics)
        self.failures = self.failures or known_failures(self.job.task, run, figures)

    def _compare_backbone(self) -> None:
        stored = self.job.experiment.backbone_sha256 if self.job.experiment else None
        if stored not in (None, self.bench.backbone_sha256):
            self.job.listener.on_note(
                "The backbone begins with other weights than in the run that this experiment comes "
                "from: figures of the two runs cannot be compared."
            )

    def _as_run(self) -> Experiment | None:
        """Return what the version stores: also where its backbone ends, and its first weights."""
        told = self.job.experiment
        if told is None:
            return None
        settings = {**told.training, "end_layer": self.bench.end_layer}
        begun = {"training": settings, "backbone_sha256": self.bench.backbone_sha256}
        return told.model_copy(update=begun)

    def _draft(self, calibration: Calibration, gate: Gate) -> VersionDraft:
        task, spec = self.job.task, self.bench.spec
        fitted = np.intersect1d(self.job.rows(*self.job.fitted_parts), self.bench.thinned)
        return VersionDraft(
            task=task,
            spec=spec,
            recipe=self.job.recipe,
            name=self.job.version,
            title=f"{task.title}, {spec.title_up_to(self.bench.end_layer)}",
            training_data=training_data(self.job, fitted),
            calibration=calibration,
            gate=gate,
            metrics=tuple(self.metrics),
            runs=self.runs,
            training_pictures=training_pictures(self.job),
            views=self.config.views,
            parameters=settings_for_card(self.config) | {"end_layer": self.bench.end_layer},
            training_seconds=round(self.bench.clock.seconds, 1),
            stages=tuple(stage.to_data(self.config) for stage in self.bench.stages),
            known_failures=self.failures,
            experiment=self._as_run(),
        )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
