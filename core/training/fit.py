"""HEAVY: fit a tail: averaged weights, early stopping by group, resumed after a kill."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.errors import TrainingError
from core.inference.calibration import negative_log_likelihood
from core.training.batches import Batches
from core.training.config import TrainingConfig
from core.training.job import Listener, steps_of
from core.training.objective import class_weights_of, make_loss, make_optimizer
from core.training.selection import weighted_macro_f1
from core.training.sources import Source
from core.training.state import FitState, load_state, save_state
from core.training.tail import logits_of, twin_of
from core.training.training_set import TrainingSet

VALIDATION_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class FitPlan:
    """What one fit trains on and is judged by.

    Attributes
    ----------
    train, validation : ndarray of int64
        Rows of the training set; no group in both. ``validation`` may be empty when the last
        weights are kept.
    weights : ndarray of shape (n_validation,), float64
        How many pictures each validation picture stands for.
    state_path : Path or None
        Where the state is kept after every epoch; None keeps none.
    label : str
        Stands in every epoch's line: ``final``, ``fold 1 of 5``.
    is_fitted : bool
        Whether a stage before has fitted the weights: they are kept where nothing beats them.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    weights: NDArray[np.float64]
    state_path: Path | None = None
    label: str = "final"
    is_fitted: bool = False

    def of_stage(self, name: str, *, is_first: bool, is_last: bool) -> FitPlan:
        """Return the plan of a stage: every one keeps a state of its own."""
        path = self.state_path
        if path is not None and not is_last:
            path = path.with_name(f"{path.stem}-{name}{path.suffix}")
        return replace(self, state_path=path, is_fitted=not is_first)


def fit_tail(
    tail: keras.Model,
    data: TrainingSet,
    plan: FitPlan,
    *,
    source: Source,
    config: TrainingConfig,
    listener: Listener | None = None,
) -> FitState:
    """Train a tail; afterwards it holds the weights to keep.

    Parameters
    ----------
    tail : keras.Model
        From ``tail_of``, layers frozen as wanted.
    data : TrainingSet
    plan : FitPlan
    source : Source
        Input of the tail for rows of the set.
    config : TrainingConfig
    listener : Listener or None
        Told of every epoch of this call with ``fit, epoch, epochs, loss, seconds`` and, with
        validation, ``accuracy, macro_f1, nll``; and of the steps within an epoch.

    Raises
    ------
    TrainingError
        If the loss is no longer a number, or the stored state is of another network.
    """
    if not len(plan.validation) and config.keeps_best:
        raise TrainingError(
            "There is no picture to validate with.",
            remedy="Give more groups, or train with keep: last.",
        )
    # XLA compiles for minutes what a few epochs on a CPU do not pay back.
    jit = "auto" if keras.backend.backend() == "jax" else False
    trained = tail if config.precision == "float32" else twin_of(tail, config.precision)
    judged = twin_of(tail)  # before compiling: a twin would also take over the loss, by its name
    weights = class_weights_of(config, data, plan.train)
    batches = Batches(data, plan.train, source=source, config=config, class_weights=weights)
    trained.compile(
        make_optimizer(config, n_steps=config.epochs * len(batches)),
        make_loss(config, n_classes=len(data.class_names)),
        jit_compile=jit,
    )
    state = FitState()
    if plan.state_path is not None:
        state = load_state(plan.state_path) or state
    if state.finished:
        _draw_on(trained, state)
    else:
        judge = _Judge(data, plan, source, judged)
        try:
            _run(trained, _EpochEnd(batches, judge, state, config, listener or Listener()))
        finally:
            batches.close()
        if plan.state_path is not None:
            save_state(state, plan.state_path)
    _assign(tail.weights, state.best)
    return state


def _run(tail: keras.Model, watch: _EpochEnd) -> None:
    tail.optimizer.build(tail.trainable_variables)
    if watch.state.epochs_done:
        _resume(tail, watch.state)
    elif watch.plan.is_fitted:
        watch.begin_with(tail)
    if watch.is_over:  # killed after the last epoch
        watch.state.finished = True
        return
    tail.fit(
        watch.batches,
        epochs=watch.config.epochs,
        initial_epoch=watch.state.epochs_done,
        shuffle=False,
        verbose=0,
        callbacks=[watch],
    )
    watch.state.finished = True


class _Judge:
    """Validates the averaged weights in a twin of the tail, so that training is not disturbed."""

    def __init__(self, data: TrainingSet, plan: FitPlan, source: Source, twin: keras.Model) -> None:
        self.twin, self.plan = twin, plan
        self._source, self._data = source, data

    def take_over(self, tail: keras.Model) -> None:
        """Give the twin the averaged weights (or, without averaging, the current ones)."""
        _assign(self.twin.weights, tail.get_weights())
        tail.optimizer.finalize_variable_values(self.twin.trainable_variables)

    def scores(self) -> dict[str, float]:
        """Return the validation scores of the averaged weights."""
        return validation_scores(self.twin, self._data, self.plan, self._source)


def validation_scores(
    tail: keras.Model, data: TrainingSet, plan: FitPlan, source: Source
) -> dict[str, float]:
    """Return accuracy, macro F1 and negative log-likelihood on the validation groups.

    Each picture counts as many times as ``plan.weights`` says; nothing is returned without one.
    """
    rows = plan.validation
    if not len(rows):
        return {}
    logits, y_true = clean_logits(tail, source, rows), data.y_true[rows]
    is_right = logits.argmax(axis=1) == y_true
    return {
        "accuracy": float(np.average(is_right, weights=plan.weights)),
        "macro_f1": weighted_macro_f1(y_true, logits, weights=plan.weights),
        "nll": negative_log_likelihood(logits, y_true, weights=plan.weights),
    }


def clean_logits(tail: keras.Model, source: Source, rows: NDArray[np.int64]) -> FloatArray:
    """Return what a tail says about untouched pictures, (m, n_classes) float32."""
    return np.concatenate(
        [
            logits_of(tail, source.clean(rows[start : start + VALIDATION_BATCH]))
            for start in range(0, len(rows), VALIDATION_BATCH)
        ]
    )


class _EpochEnd(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type hints
    """After each epoch: validate, remember the best, stop in time, store the state."""

    def __init__(
        self,
        batches: Batches,
        judge: _Judge,
        state: FitState,
        config: TrainingConfig,
        listener: Listener,
    ) -> None:
        super().__init__()
        self.batches, self.state, self.config = batches, state, config
        self._judge, self._listener = judge, listener
        self._started = time.monotonic()

    @property
    def plan(self) -> FitPlan:
        """What is fitted and judged."""
        return self._judge.plan

    @property
    def is_over(self) -> bool:
        """Whether every epoch was run, or the last ones did not help."""
        n_done, n_idle = self.state.epochs_done, self.state.epochs_done - 1 - self.state.best_epoch
        return n_done >= self.config.epochs or (
            n_done > 0 and self.config.keeps_best and n_idle >= self.config.patience
        )

    def begin_with(self, tail: keras.Model) -> None:
        """Take the weights that a stage before has fitted as those to beat."""
        self._judge.take_over(tail)
        state, scores = self.state, self._judge.scores()
        state.best = self._judge.twin.get_weights()
        if self.config.keeps_best:
            state.best_score = self._score(scores)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Tell the batches which epoch they are drawn for."""
        self.batches.epoch = epoch
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell of the step; the last one is told with its epoch."""
        if batch + 1 < len(self.batches):
            self._listener.on_progress(steps_of(self.plan.label), batch + 1, len(self.batches))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Judge the epoch."""
        loss = float((logs or {}).get("loss", math.nan))
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss is no number after epoch {epoch + 1}.",
                remedy="Lower learning_rate.",
            )
        self._judge.take_over(self.model)
        line = {
            "fit": self._judge.plan.label,
            "epoch": epoch + 1,
            "epochs": self.config.epochs,
            "loss": loss,
            **self._judge.scores(),
            "seconds": round(time.monotonic() - self._started, 4),
        }
        self._remember(epoch, line)
        self._listener.on_epoch(line)

    def _score(self, scores: dict[str, Any]) -> float:
        """Return what the best weights have most of."""
        return float(-scores["nll"] if self.config.keep == "best_loss" else scores["macro_f1"])

    def _remember(self, epoch: int, line: dict[str, Any]) -> None:
        state, path = self.state, self._judge.plan.state_path
        score = self._score(line) if self.config.keeps_best else float(epoch)
        if score > state.best_score:
            state.best, state.best_epoch = self._judge.twin.get_weights(), epoch
            state.best_score = score
        state.history.append(line)
        state.epochs_done = epoch + 1
        self.model.stop_training = self.is_over
        if path is not None:
            state.weights = _values([*self.model.weights, *_random_states(self.model)])
            state.optimizer = _values(self.model.optimizer.variables)
            save_state(state, path)


def _random_states(tail: keras.Model) -> list[Any]:
    """Return the variables that dropout draws from: resumed, it draws what it would have drawn."""
    return [
        layer.seed_generator.state
        for layer in tail.layers
        if getattr(layer, "seed_generator", None) is not None
    ]


def _draw_on(tail: keras.Model, state: FitState) -> None:
    """Let a stage that follows a finished one draw as if that had just been run."""
    variables = _random_states(tail)
    if variables and state.weights:
        _assign(variables, state.weights[-len(variables) :])


def _resume(tail: keras.Model, state: FitState) -> None:
    variables = [*tail.weights, *_random_states(tail)]
    _assign(variables, state.weights)
    _assign(tail.optimizer.variables, state.optimizer)
    print(f"Going on after epoch {state.epochs_done} of a run that stopped.", file=sys.stderr)


def _values(variables: list[Any]) -> list[NDArray[Any]]:
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: list[Any], values: list[NDArray[Any]]) -> None:
    if [tuple(v.shape) for v in variables] != [value.shape for value in values]:
        raise TrainingError(
            "The stored state of the run does not fit the network.",
            remedy="Delete the folder `training` in the product's home and start again.",
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
