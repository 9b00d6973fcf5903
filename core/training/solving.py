"""HEAVY: the head over frozen features solved, instead of approached step by step.

Over fixed features a softmax layer with a quadratic penalty has one best answer. L-BFGS finds it
in seconds, where steps of a common rate leave small and rarely active features behind.
"""

from __future__ import annotations

import time
from collections import Counter

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.errors import TrainingError
from core.inference.calibration import negative_log_likelihood
from core.training.config import TrainingConfig
from core.training.fit import FitPlan, clean_logits, validation_scores
from core.training.job import Listener
from core.training.objective import class_weights_of
from core.training.sources import MapSource
from core.training.state import FitState, load_state, save_state
from core.training.training_set import TrainingSet

MAX_STEPS = 2000
TURNED_TOLERANCE = 1e-6  # of the gradient; few columns cost little
Values = NDArray[np.float64]


def solve_head(
    tail: keras.Model,
    data: TrainingSet,
    plan: FitPlan,
    *,
    source: MapSource,
    config: TrainingConfig,
    listener: Listener | None = None,
) -> FitState:
    """Give the head the weights that are best for all stored variants of its pictures.

    Features are standardised first, so that the penalty ``head_penalty`` weighs all of them alike;
    the scaling is then worked into the weights (scikit-learn's ``LogisticRegression``).

    Parameters
    ----------
    tail : keras.Model
        From ``tail_of`` at ``pooled`` or ``flat``: one dense layer, after dropout at most.
    data, plan, source, config, listener
        As of ``fit_tail``; one epoch is told.

    Raises
    ------
    TrainingError
        If a class has no picture to fit on.
    """
    state = load_state(plan.state_path) if plan.state_path is not None else None
    if state is None or not state.finished:
        started = time.monotonic()
        _solve(tail.layers[-1], data, plan, source=source, config=config)
        state = FitState(1, best=tail.get_weights(), best_epoch=0, finished=True)
        line = {
            "fit": plan.label,
            "epoch": 1,
            "epochs": 1,
            "loss": negative_log_likelihood(
                clean_logits(tail, source, plan.train), data.y_true[plan.train]
            ),
            **validation_scores(tail, data, plan, source),
            "seconds": round(time.monotonic() - started, 4),
        }
        state.history.append(line)
        if plan.state_path is not None:
            save_state(state, plan.state_path)
        (listener or Listener()).on_epoch(line)
    tail.set_weights(state.best)
    return state


def _solve(
    head: keras.layers.Dense,
    data: TrainingSet,
    plan: FitPlan,
    *,
    source: MapSource,
    config: TrainingConfig,
) -> None:
    y_true, names = data.y_true[plan.train], data.class_names
    missing = sorted(set(names) - {names[index] for index in y_true.tolist()})
    if missing:
        raise TrainingError(
            f"No picture of {', '.join(missing)} is left to fit on ({plan.label}).",
            remedy="Give more groups of it, or set head_solver to steps.",
            column="head_solver",
        )
    features = source.every(plan.train).astype(np.float64)
    n_variants, n = features.shape[:2]
    weights = np.tile(case_weights(data, plan.train, config=config) / n_variants, n_variants)
    flat = features.reshape(n_variants * n, -1)
    mean = np.average(flat, axis=0, weights=weights)
    spread = np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weights))
    spread[spread == 0] = 1.0
    coefficients, intercept = logistic_fit(
        (flat - mean) / spread,
        np.tile(y_true, n_variants),
        weights,
        C=1 / (config.head_penalty * n),
    )
    slope, offset = _both_sides(coefficients, intercept)
    kernel = (slope / spread).T
    head.set_weights([kernel.astype(np.float32), (offset - mean @ kernel).astype(np.float32)])


def logistic_fit(
    features: Values, y_true: NDArray[np.int64], weights: Values, *, C: float
) -> tuple[Values, Values]:
    """Return slope (k, p) and intercept (k,) of scikit-learn's ``LogisticRegression``.

    Where there are more columns than rows, as of the pixels of a few hundred pictures, the rows are
    first turned into their own span. The best slope lies in it (representer theorem), so nothing is
    lost; unturned, L-BFGS stops early, when each of the many small slopes has little left to gain.
    """
    model = LogisticRegression(C=C, max_iter=MAX_STEPS)
    if features.shape[1] <= len(features):
        model.fit(features, y_true, sample_weight=weights)
        return model.coef_, model.intercept_
    powers, turns = np.linalg.eigh(features @ features.T)
    is_spanned = powers > powers[-1] * len(powers) * np.finfo(np.float64).eps
    turns, lengths = turns[:, is_spanned], np.sqrt(powers[is_spanned])
    model.set_params(tol=TURNED_TOLERANCE).fit(turns * lengths, y_true, sample_weight=weights)
    return (model.coef_ / lengths) @ turns.T @ features, model.intercept_


def case_weights(data: TrainingSet, rows: NDArray[np.int64], *, config: TrainingConfig) -> Values:
    """Return how often each picture would be drawn, times its class weight; one on the average.

    ``group_even`` shows every class as often, and within it every group; ``class_balanced`` every
    class as often; ``shuffle`` every picture.
    """
    label, group = data.y_true[rows].tolist(), data.group[rows].tolist()
    keys = list(zip(label, group, strict=True))
    n_of_class, n_of_key = Counter(label), Counter(keys)
    n_groups = Counter(name for name, _ in n_of_key)
    drawn = np.ones(len(rows))
    if config.sampling == "group_even":
        drawn = np.array([1 / (n_groups[key[0]] * n_of_key[key]) for key in keys])
    elif config.sampling == "class_balanced":
        drawn = np.array([1 / n_of_class[name] for name in label])
    of_class = class_weights_of(config, data, rows)
    if of_class is not None:
        drawn = drawn * of_class[data.y_true[rows]]
    return np.asarray(drawn / drawn.mean(), np.float64)


def _both_sides(slope: Values, offset: Values) -> tuple[Values, Values]:
    """Return one row a class: of two classes scikit-learn has one row, their difference."""
    if len(slope) > 1:
        return slope, offset
    return np.concatenate([-slope, slope]) / 2, np.concatenate([-offset, offset]) / 2
