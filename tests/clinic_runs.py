"""Small stored runs for the clinic: drawn pictures, answers made by hand, names that mean harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.evaluation.runs import EvaluationRun, RunFacts, write_run
from core.inference.gate import parse_gate
from core.inference.package import ModelVersion
from tests.drawn_runs import CLASSES

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "![x](http://127.0.0.1:9/x)",
    "=HYPERLINK(1)",
    "a\u202egnp.exe",
    "x" * 300,
)
# (true, called, series, slice): the first stone is missed most confidently
CALLS = (
    ("stone", "normal", 0.90, 300692, 3),
    ("stone", "cyst", 0.60, 300692, 2),
    ("stone", "normal", 0.75, 300550, 0),
    ("stone", "stone", 0.80, 300550, 1),
    ("normal", "stone", 0.70, 300024, 0),
    ("normal", "normal", 0.90, 300024, 1),
    ("tumor", "normal", 0.80, 300464, 0),
    ("cyst", "cyst", 0.95, 300464, 1),
)


def clinic_run(version: ModelVersion | None, **facts: object) -> EvaluationRun:
    """Return eight drawn pictures, four of them with a stone, three of these missed."""
    y_prob = []
    for _, called, top, *_ in CALLS:
        row = np.full(4, (1 - top) / 4)
        row[CLASSES.index(called)] += top
        y_prob.append(row / row.sum())
    values: dict[str, object] = {
        "name": "hand",
        "task": "phantom_ct",
        "model_version": version.name if version else None,
        "version_digest": version.digest if version else None,
        "data": "drawings",
        "split": "test",
        "split_made": "by hand",
        "group_source": "column",
        "group_name": "series",
        "created_at": "2026-01-02T03:04:05Z",
    }
    return EvaluationRun(
        class_names=CLASSES,
        file=np.array([f"phantom_ct/s{row[3]}_{row[4]}.png" for row in CALLS], object),
        y_true=np.array([CLASSES.index(row[0]) for row in CALLS], np.int64),
        y_prob=np.array(y_prob),
        group=np.array([f"s{row[3]}" for row in CALLS], object),
        refused=np.array([index == 1 for index in range(len(CALLS))]),
        slices={"scanner": np.array([*HOSTILE, "b", "c", None], object)},
        facts=RunFacts(**(values | facts)),
    )


def store_clinic_run(
    home: Path, version: ModelVersion | None, *, task: str = "phantom_ct", **facts: object
) -> Path:
    """Store that run in a product's home and return its folder."""
    run = clinic_run(version, task=task, **facts)
    folder = home / "evaluation" / task / (version.name if version else "external")
    return write_run(run, folder / run.facts.name)


def named_gate(content: bytes, names: Mapping[str, str]) -> bytes:
    """Return a gate whose prototypes are these training pictures, repeated: file -> label."""
    gate = parse_gate(content)
    n = len(gate.prototypes)
    files, labels = list(names), list(names.values())
    return replace(
        gate,
        prototype_file=tuple(files[k % len(files)] for k in range(n)),
        prototype_label=tuple(labels[k % len(labels)] for k in range(n)),
    ).to_bytes()
