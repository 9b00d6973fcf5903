"""Evaluation runs drawn from a seed, with a known correlation of cases within groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.evaluation.runs import EvaluationRun, RunFacts

CLASSES = ("cyst", "normal", "stone", "tumor")


def make_run(
    y_true: list[int] | NDArray[np.int64],
    y_prob: list[list[float]] | NDArray[np.float64],
    *,
    group: list[str] | NDArray[np.object_] | None = None,
    class_names: tuple[str, ...] = CLASSES,
    facts: RunFacts | None = None,
) -> EvaluationRun:
    """Return a run of these arrays; files are named by their place."""
    n = len(y_true)
    source = "none" if group is None else "column"
    return EvaluationRun(
        class_names=class_names,
        file=np.array([f"picture_{index:05d}.png" for index in range(n)], dtype=object),
        y_true=np.asarray(y_true, dtype=np.int64),
        y_prob=np.asarray(y_prob, dtype=np.float64),
        group=None if group is None else np.asarray(group, dtype=object),
        refused=np.zeros(n, dtype=bool),
        facts=facts or RunFacts(group_source=source, group_name="series"),
    )


def draw_run(
    n: int = 400, *, n_groups: int | None = 40, seed: int = 0, skill: float = 1.5
) -> EvaluationRun:
    """Return n cases of four classes; cases of a group share part of their error."""
    rng = np.random.default_rng(seed)
    y_true = rng.choice(4, n, p=[0.3, 0.4, 0.12, 0.18])
    codes = rng.integers(0, n_groups or n, n)
    logits = rng.normal(size=(n, 4)) + rng.normal(size=(n_groups or n, 4))[codes]
    logits[np.arange(n), y_true] += skill
    y_prob = np.exp(logits)
    y_prob /= y_prob.sum(axis=1, keepdims=True)
    group = None if n_groups is None else np.array([f"g{code:03d}" for code in codes], object)
    return make_run(y_true, y_prob, group=group)


def draw_proportion_table(
    seed: int, *, n_groups: int = 12
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (successes, totals) a group, with a correlation within groups."""
    rng = np.random.default_rng(seed)
    totals = rng.integers(3, 30, n_groups)
    return rng.binomial(totals, rng.beta(2, 1, n_groups)), totals
