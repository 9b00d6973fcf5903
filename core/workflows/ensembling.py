"""Make several versions one: fit how they are combined, judge it, and write an ensemble."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ArgumentError, EnsembleError
from core.evaluation.runs import EvaluationRun, read_run, write_run
from core.inference.calibration import parse_calibration
from core.inference.card import check_card_fits_task
from core.inference.combining import Combiner, features_of, logits_of, mean_weights
from core.inference.ensemble_spec import COMBINES, META_KINDS
from core.inference.package import (
    ModelVersion,
    check_new_name,
    models_folder,
    verify,
    write_version,
)
from core.tasks import TaskSpec, load_task
from core.workflows.champions import find_version
from core.workflows.ensemble_files import (
    Combination,
    ensemble_card,
    ensemble_spec,
    golden_of,
    member_files,
    training_list,
)
from core.workflows.stored_runs import FOLDER

if TYPE_CHECKING:
    from core.inference.calibration import Calibration
    from core.inference.card import MetricSet
    from core.training.member_runs import MemberRows

OUT_OF_FOLD, TEST = "out_of_fold", "test"
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EnsembleRequest:
    """What a person asks for.

    Attributes
    ----------
    task : str
    members : tuple of str
        Names of versions; the first one's gate judges.
    name : str
        Of the version to write.
    combine : str
        ``mean_logits`` or ``stack``.
    meta : str or None
        Kind of the meta learner of a stack; None: logistic regression.
    weights : tuple of float
        Of the members in the mean; empty: all alike.
    """

    task: str
    members: tuple[str, ...]
    name: str
    combine: str = "mean_logits"
    meta: str | None = None
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeEnsemble:
    """A written ensemble: its name, its folder, its metrics by split, what was left out and why."""

    model_version: str
    path: Path
    metrics: dict[str, Any]
    notes: tuple[str, ...]


def make_ensemble(
    request: EnsembleRequest, *, progress: Callable[[str], None] = lambda _: None
) -> MadeEnsemble:
    """Fit, judge and write an ensemble; nothing is written where anything is wrong.

    Raises
    ------
    ArgumentError
        If what was asked for does not fit together.
    EnsembleError
        If the members were not judged out of fold on the same pictures in the same folds.
    TaskError, ModelVersionError, TrainingError
        If a member is missing, damaged or an ensemble itself, or the name cannot be had.
    """
    task = load_task(request.task)
    how = _checked(request, task)
    members = tuple(_member(task, name) for name in request.members)
    progress("reading the members' out-of-fold predictions")
    work = _Work.of(task, request.name, members, how)
    progress("fitting the combination and judging it by nested folds")
    fitted = work.fit()
    progress("writing the version")
    return _written(work, fitted)


def check_request(request: EnsembleRequest) -> TaskSpec:
    """Refuse what does not fit together before any member is looked for; return the task.

    Raises
    ------
    TaskError, ArgumentError, TrainingError
        As ``make_ensemble``.
    """
    task = load_task(request.task)
    _checked(request, task)
    return task


def _checked(request: EnsembleRequest, task: TaskSpec) -> Combination:
    combine = next((item for item in COMBINES if item == request.combine), None)
    wanted = request.meta or ("logistic_regression" if combine == "stack" else None)
    meta = next((item for item in META_KINDS if item == wanted), None)
    if combine is None or (wanted is not None and meta is None):
        asked = request.combine if combine is None else wanted
        raise ArgumentError(
            f"Members cannot be combined by {asked!r}.",
            remedy=f"Combine by {' or '.join(COMBINES)}; meta learners: {', '.join(META_KINDS)}.",
        )
    if combine == "mean_logits" and meta is not None:
        raise ArgumentError("A mean has no meta learner.", remedy="Leave out --meta, or stack.")
    _check_members(request, combine, task)
    return Combination(combine, meta, request.weights)


def _check_members(request: EnsembleRequest, combine: str, task: TaskSpec) -> None:
    if len(request.members) < 2 or len(set(request.members)) < len(request.members):
        raise ArgumentError(
            f"The members are {', '.join(request.members) or 'none'}.",
            remedy="Name at least two different versions.",
        )
    n_weights = len(request.weights)
    if n_weights and (combine == "stack" or n_weights != len(request.members)):
        raise ArgumentError(
            f"{n_weights} weights were given for {len(request.members)} members.",
            remedy="Give one weight a member, and only for a mean.",
        )
    if not all(np.isfinite(weight) and weight > 0 for weight in request.weights):
        raise ArgumentError("A weight is not above 0.", remedy="Leave that member out instead.")
    check_new_name(task.key, request.name, option="--name")


def _member(task: TaskSpec, name: str) -> ModelVersion:
    version = find_version(task.key, name)
    check_card_fits_task(version.card, task)
    if version.card.ensemble is not None:
        raise EnsembleError(
            f"{name} is an ensemble itself.", remedy="Name its members in place of it."
        )
    verify(version)
    return version


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What will answer, and how good it is: runs by name; what a person should know of it."""

    combiner: Combiner
    calibration: Calibration
    runs: Mapping[str, EvaluationRun]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The members' predictions brought together, and how they are to be combined."""

    task: TaskSpec
    name: str
    members: tuple[ModelVersion, ...]
    how: Combination
    folded: MemberRows
    test: MemberRows | None
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, task: TaskSpec, name: str, members: tuple[ModelVersion, ...], how: Combination
    ) -> _Work:
        """Read the members' runs; those of the test part only where they are alike."""
        from core.training.member_runs import out_of_fold_rows, same_rows

        folded = out_of_fold_rows(_runs(members, OUT_OF_FOLD))
        try:
            return cls(task, name, members, how, folded, same_rows(_runs(members, TEST)), ())
        except EnsembleError as error:
            note = f"No figure of a test part: {error.problem}"
            return cls(task, name, members, how, folded, None, (note,))

    def fit(self) -> _Fitted:
        """Fit the combination and its temperature outside the test part, and judge both."""
        from core.training.trust import calibrate, missing_thresholds, required_by_class

        run, group = self.folded.run, self.task.group_name
        own, outside = np.arange(run.n), ""
        if self.test is not None:
            own = np.flatnonzero(~np.isin(run.file.astype(str), self.test.run.file.astype(str)))
            outside = " outside the test part"
        required = required_by_class(_required(self.members), self.task)
        calibration = calibrate(
            self._nested(own),
            run.y_true[own],
            fitted_on=f"Combined out-of-fold outputs of every {group}{outside}.",
            required=required,
        )
        notes = tuple(missing_thresholds(calibration, required, run.y_true[own]))
        combiner = self._combiner(own)
        runs = {OUT_OF_FOLD: self._out_of_fold_run()}
        if self.test is not None:
            y_prob = calibration.apply(combiner(logits_of(self.test.y_prob)))
            made = f"the members' own test part: no weight was fitted on any {group} in it"
            runs[TEST] = self._run(self.test.run, y_prob, TEST, made)
        return _Fitted(combiner, calibration, runs, notes)

    def _out_of_fold_run(self) -> EvaluationRun:
        """Return the run of nested folds: combination and temperature fitted on other folds.

        The temperature of a fold comes from combinations that left out that fold as well: nothing
        that combines is fitted to a label of the fold. The members of other folds, whose outputs it
        is fitted on, did learn from its pictures, since no member is fitted anew for each fold.
        """
        from core.inference.calibration import apply_temperature, fit_temperature

        run, folds = self.folded.run, self.folded.folds
        y_prob = np.empty_like(run.y_prob)
        for fold in np.unique(folds):
            own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            temperature = fit_temperature(self._nested(others), run.y_true[others])
            combined = self._combiner(others)(logits_of(self.folded.y_prob[own]))
            y_prob[own] = apply_temperature(combined, temperature)
        made = (
            f"nested folds ({len(set(folds.tolist()))} grouped): every picture judged by members "
            f"that saw no picture of its {self.task.group_name}, combined by what was fitted on "
            "the other folds' out-of-fold predictions; the shipped weights are another fit of the "
            "same settings"
        )
        return self._run(run, y_prob, OUT_OF_FOLD, made)

    def _nested(self, rows: Rows) -> Floats:
        """Return the combined logits (m, n_classes) of rows, each fold fitted on the others."""
        logits, folds = logits_of(self.folded.y_prob[rows]), self.folded.folds[rows]
        if self.how.meta is None:
            return self._combiner(rows)(logits)
        if len(set(folds.tolist())) < 2:
            raise EnsembleError(
                "The members were judged in 2 folds; a stack is judged by nested folds.",
                remedy="Train the members with --folds 5, or combine by mean_logits.",
            )
        combined = np.empty((len(logits), logits.shape[2]))
        for fold in np.unique(folds):
            own = folds == fold
            combined[own] = self._combiner(rows[~own])(logits[own])
        return combined

    def _combiner(self, rows: Rows) -> Combiner:
        """Return the combination fitted on some rows; a mean is fitted on none."""
        weights = mean_weights(self.how.weights or [1.0] * len(self.members))
        if self.how.meta is None:
            return Combiner(weights)
        from core.training.stacking import fit_meta

        run = self.folded.run
        learner = fit_meta(
            self.how.meta,
            features_of(logits_of(self.folded.y_prob[rows])),
            run.y_true[rows],
            folds=self.folded.folds[rows],
            group=np.asarray(run.group)[rows],
            n_classes=len(run.class_names),
        )
        return Combiner(weights, learner)

    def _run(self, like: EvaluationRun, y_prob: Floats, name: str, made: str) -> EvaluationRun:
        facts = replace(
            like.facts,
            name=name,
            model_version=self.name,
            version_digest=None,
            split=name,
            split_made=made,
            created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            notes=("Refused is what the first member's gate refuses.",),
        )
        return replace(like, y_prob=y_prob, facts=facts)


def _required(members: tuple[ModelVersion, ...]) -> dict[str, float]:
    """Return what thresholds have to find: of each finding the most that a member had to."""
    found: dict[str, float] = {}
    for member in members:
        calibration = parse_calibration(member.file("calibration.yaml").read_bytes())
        for name, share in calibration.required_sensitivity.items():
            found[name] = max(share, found.get(name, 0.0))
    return found


def _runs(members: tuple[ModelVersion, ...], name: str) -> Mapping[str, EvaluationRun]:
    """Return the shipped run of that name of every member."""
    found = {}
    for member in members:
        if f"{FOLDER}/{name}/run.yaml" not in member.manifest.files:
            raise EnsembleError(
                f"{member.name} has no run {name}: what it says of pictures that it was not "
                "fitted on is not known.",
                remedy="Train it with --folds 5.",
            )
        found[member.name] = read_run(member.path / FOLDER / name)
    return found


def _written(work: _Work, fitted: _Fitted) -> MadeEnsemble:
    from core.training.report import answer_metrics, known_failures, summarise

    metrics: list[MetricSet] = []
    failures: tuple[str, ...] = ()
    for run in fitted.runs.values():
        title = f"{run.facts.split_made[:1].upper()}{run.facts.split_made[1:]}."
        told, figures = summarise(run, title=title)
        metrics.append(told)
        failures = failures or known_failures(work.task, run, figures)
    spec = ensemble_spec(work.members, work.how)
    card = ensemble_card(
        work.task, work.members, spec, name=work.name, metrics=tuple(metrics), failures=failures
    )
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, bytes | Path] = {
            **member_files(work.members),
            **training_list(work.members),
            "card.yaml": card.to_yaml(),
            "calibration.yaml": fitted.calibration.to_yaml(),
            "ensemble.npz": fitted.combiner.to_bytes(),
            "golden.npz": golden_of(card, work.members, fitted.combiner, fitted.calibration),
        }
        for name, run in fitted.runs.items():
            files[f"{FOLDER}/{name}"] = write_run(run, Path(folder) / name)
        path = write_version(models_folder() / work.task.key, card.version, files=files)
    return MadeEnsemble(
        card.version, path, answer_metrics(tuple(metrics)), work.notes + fitted.notes
    )
