"""Small members of different size and recipe, with out-of-fold runs, and ensembles of them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
from core.evaluation.runs import EvaluationRun, RunFacts, write_run
from core.inference.calibration import Calibration
from core.inference.gate import Gate
from core.inference.golden import Golden
from core.inference.package import ModelVersion, read_version, set_champion, write_version
from core.preprocessing import Recipe
from core.tasks import load_task
from core.workflows.ensembling import EnsembleRequest, make_ensemble
from tests.small_version import (
    build_graph,
    graph_bytes,
    run_graph,
    slices,
    small_card,
    small_gate,
    weights_of,
)

TASK = load_task("kidney_ct")
RECIPES = {"a": ("resize_area_96",), "b": ("pad_square", "resize_area_128", "clahe_lab_4_8x8")}
TEMPERATURES = {"a": 1.5, "b": 0.8}
N, N_GROUPS, N_FOLDS = 160, 40, 5


def drawn_run(name: str = "out_of_fold", *, seed: int = 1, skill: float = 1.5) -> EvaluationRun:
    """Return drawn predictions: the same pictures whatever the seed, other probabilities."""
    truth = np.random.default_rng(77)
    groups = np.arange(N) % N_GROUPS
    class_of = truth.permutation(np.arange(N_GROUPS) % 4)
    y_true = class_of[groups]
    logits = np.random.default_rng(seed).normal(0, 1, (N, 4))
    logits[np.arange(N), y_true] += skill
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    folds = np.array([str(1 + group // 4 % N_FOLDS) for group in groups], object)
    run = EvaluationRun(
        class_names=TASK.class_names,
        file=np.array([f"p{row:03}.png" for row in range(N)], object),
        y_true=y_true.astype(np.int64),
        y_prob=y_prob,
        group=np.array([f"s{group:02}" for group in groups], object),
        refused=np.zeros(N, bool),
        slices={"fold": folds},
        facts=RunFacts(
            name=name, task=TASK.key, data="drawn", split=name, group_source="column",
            group_name="series", created_at="2026-01-02T03:04:05Z",
        ),
    )  # fmt: skip
    return run if name == "out_of_fold" else run.subset(groups >= 32)


def write_member(
    models: Path,
    name: str,
    *,
    runs: Sequence[EvaluationRun] = (),
    gate: Gate | None = None,
    required: Mapping[str, float] | None = None,
    **changes: Any,
) -> ModelVersion:
    """Write one member ("a" or "b" decides its recipe); ``runs`` go in as its own."""
    seed = {"a": 3, "b": 8}[name[0]]
    recipe = Recipe.from_data([{"step": step} for step in RECIPES[name[0]]])
    size = recipe.output_size
    weights = weights_of(TASK, seed=seed)
    graph, golden_in = build_graph(TASK, weights, size=size), slices(2, size, seed=11)
    output = run_graph(graph, golden_in.astype(np.float32))
    card = small_card(
        TASK, name, input_size=size, recipe=tuple(recipe.to_data()),
        recipe_fingerprint=recipe.fingerprint, n_parameters=1000, **changes,
    )  # fmt: skip
    files: dict[str, Any] = {
        "model.keras": b"placeholder",
        **graph_bytes(graph),
        "card.yaml": card.to_yaml(),
        "calibration.yaml": Calibration(
            temperature=TEMPERATURES[name[0]], required_sensitivity=dict(required or {})
        ).to_yaml(),
        "gate.npz": (gate or small_gate(graph, size)).to_bytes(),
        "golden.npz": Golden(golden_in, output, weights["head"], weights["bias"]).to_bytes(),
    }
    run = runs[0] if runs else drawn_run()
    files[TRAINING_FILE] = TrainingPictures(run.file, run.group).to_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for run in runs:
            written = write_run(run, Path(folder) / run.facts.name)
            files[f"evaluation/{run.facts.name}"] = written
        return read_version(write_version(models / TASK.key, name, files=files))


def write_members(models: Path) -> None:
    """Write members ``a`` and ``b`` with alike out-of-fold and test runs."""
    for seed, name in ((1, "a"), (2, "b")):
        runs = [drawn_run(seed=seed), drawn_run("test", seed=10 + seed)]
        write_member(models, name, runs=runs)


def write_ensemble(models: Path, name: str = "both", **asked: Any) -> ModelVersion:
    """Make an ensemble of ``a`` and ``b``, which lie there, and make it the champion."""
    request = EnsembleRequest(TASK.key, asked.pop("members", ("a", "b")), name, **asked)
    made = make_ensemble(request)
    set_champion(models / TASK.key, name)
    return read_version(made.path)
