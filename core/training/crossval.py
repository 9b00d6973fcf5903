"""HEAVY: grouped folds: every picture is judged by a network that never saw its group.

All folds share the frozen stem and its stored maps, so a fold costs one fit of the tail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.datasets.left_out import LeftOut
from core.domain import FloatArray
from core.errors import TrainingError
from core.training.evidence import cross_fitted, fit_evidence_weights
from core.training.job import RANDOM_SPLIT, fold_fit, left_out_fit
from core.training.selection import hold_out_groups, hold_out_pictures
from core.training.workbench import Workbench

Rows = NDArray[np.int64]
INNER_SHARE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Out-of-fold outputs of every picture.

    ``logits`` (n, n_classes) float64; ``gate_features`` (n, n_gate) float32, which differ from fold
    to fold only where nothing is frozen; ``folds`` (n,) int64; ``evidence_weights`` (n_classes,)
    of a detail branch, fitted outside the test part, None without one. The logits hold the evidence
    already, each fold's with weights fitted on the other folds outside the test part.
    """

    logits: NDArray[np.float64]
    gate_features: FloatArray
    folds: Rows
    evidence_weights: NDArray[np.float64] | None = None


def run_folds(bench: Workbench) -> OutOfFold:
    """Fit one network a fold and measure the pictures it did not see.

    Where the best weights are kept, they are chosen by groups inside the fold's own training
    groups, never by the pictures that are judged.

    Raises
    ------
    TrainingError
        If the job has no folds.
    """
    folds = bench.job.folds
    if folds is None:
        raise TrainingError("There are no folds to run.", remedy="Ask for at least 2 folds.")
    n = len(bench.data)
    logits = np.full((n, len(bench.data.class_names)), np.nan)
    evidence = np.zeros(n)
    gate_features: FloatArray | None = None
    for fold in range(bench.job.n_folds):
        outside, judged = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        train, stop = outside, outside[:0]
        if bench.config.keeps_best:
            train, stop = hold_out_groups(
                bench.data, outside, share=INNER_SHARE, seed=bench.config.seed + fold
            )
        network = bench.network(seed=bench.config.seed + 1000 + fold)
        label = fold_fit(fold, bench.job.n_folds)
        plan = bench.plan(train, stop, label=label)
        bench.fit(network, plan)
        measured = bench.measure(bench.joined(network, plan), judged)
        if gate_features is None:
            gate_features = np.empty((n, measured.gate_features.shape[1]), np.float32)
        logits[judged], gate_features[judged] = measured.logits, measured.gate_features
        evidence[judged] = measured.evidence
    if gate_features is None or not np.isfinite(logits).all():
        raise TrainingError("A fold gave no usable answer.", remedy="Lower learning_rate.")
    found = OutOfFold(logits, gate_features, folds)
    return found if bench.config.detail is None else _with_evidence(bench, found, evidence)


def _with_evidence(bench: Workbench, found: OutOfFold, evidence: NDArray[np.float64]) -> OutOfFold:
    data, own = bench.data, bench.job.rows("train", "validation", "calibration")
    weights = fit_evidence_weights(
        found.logits[own], evidence[own], data.y_true[own], data.group[own]
    )
    logits = cross_fitted(
        found.logits,
        evidence,
        data.y_true,
        group=data.group,
        folds=found.folds,
        fitted=np.isin(np.arange(len(data)), own),
    )
    return replace(found, logits=logits, evidence_weights=weights)


def run_left_out(bench: Workbench, left_out: LeftOut) -> NDArray[np.float64]:
    """Fit one network for each value that is left out, and judge its pictures.

    The networks are those without a branch for small findings.

    Returns
    -------
    ndarray of shape (n, n_classes), float64
        Logits; NaN where the column is empty.
    """
    logits = np.full((len(bench.data), len(bench.data.class_names)), np.nan)
    n = len(left_out.names)
    for place in range(n):
        outside, judged = left_out.outside(place), left_out.judged(place)
        train, stop = outside, outside[:0]
        if bench.config.keeps_best:
            train, stop = hold_out_groups(
                bench.data, outside, share=INNER_SHARE, seed=bench.config.seed + 100 + place
            )
        network = bench.network(seed=bench.config.seed + 3000 + place)
        bench.fit(network, bench.plan(train, stop, label=left_out_fit(place, n)))
        logits[judged] = bench.measure(network, judged).logits
    return logits


@dataclass(frozen=True, slots=True, eq=False)
class RandomSplit:
    """What a random split measures: ``logits`` of ``rows`` whose neighbours were trained on."""

    rows: Rows
    logits: NDArray[np.float64]


def run_random_split(bench: Workbench) -> RandomSplit:
    """Fit once with pictures held out by lot, groups ignored, as published figures often were.

    It uses the thinned pictures, whose neighbours are further apart than in the whole set: the
    figure is, if anything, too low for a leak.
    """
    train, judged = hold_out_pictures(bench.thinned, share=0.2, seed=bench.config.seed)
    network = bench.network(seed=bench.config.seed + 2000)
    config = bench.config.model_copy(update={"keep": "last"})
    plan = bench.plan(train, judged[:0], label=RANDOM_SPLIT)
    bench.fit(network, plan, config=config)
    return RandomSplit(judged, bench.logits(network, judged))
