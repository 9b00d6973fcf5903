"""Every published recipe trains for a few steps, and its version serves and explains.

On real pictures; where the data root is not set, on drawn ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from core.config import ROOT, settings
from core.domain import Status
from core.inference.package import find_version
from core.tasks import load_task
from core.training.experiments import Experiment, resolve, shipped_experiments
from core.workflows.explaining import explain_file, open_analyst
from core.workflows.training import Listener, TrainingRequest, prepare
from tests.labelled_folder import write_labelled_folder

pytestmark = [pytest.mark.slow, pytest.mark.heavy, pytest.mark.timeout(900)]
PUBLISHED = sorted(key for key, item in shipped_experiments().items() if item.published)
FEW = {"epochs": 1, "batch_size": 4}
LIMIT = 32


def changes_of(experiment: Experiment) -> dict[str, object]:
    """Return settings for a few steps, with ImageNet weights where the folder has them."""
    config = resolve(experiment).config
    files, folder = config.spec.files, settings().backbones
    has_weights = folder is not None and any((folder / file.name).is_file() for file in files)
    few = dict(FEW) if config.sampling == "class_balanced" else {**FEW, "steps_per_epoch": 2}
    if config.sampling == "class_balanced":
        few |= {"class_minimum": 2, "class_maximum": 4}
    return few if has_weights else few | {"weights": "none"}


def folder_of(experiment: Experiment, tmp_path: Path) -> Path | None:
    """Return None where the task's own pictures are there, else drawn ones."""
    if settings().data_root is not None:
        return None
    task = load_task(experiment.task)
    labels = task.class_names
    return write_labelled_folder(tmp_path / "drawn", n=48, labels=labels, task=task.key)


def trained_apart(
    key: str, folder: Path | None, changes: Mapping[str, object]
) -> Mapping[str, object]:
    """Train by the command, in a process of its own that gives its memory back; return metrics."""
    asked = ["--experiment", key, "--version", "few-steps", "--limit", str(LIMIT), "--folds", "0"]
    changed = [f"--set={name}={value}" for name, value in changes.items()]
    data = [] if folder is None else ["--data", str(folder)]
    command = [sys.executable, "-m", "core", "train", *asked, *changed, *data]
    ran = subprocess.run(
        [*command, "--no-with-random-split", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return dict(json.loads(ran.stdout.splitlines()[-1])["metrics"])


def fitted_picture(key: str, folder: Path | None) -> Path:
    """Return a picture that was fitted on: the gate knows it."""
    request = TrainingRequest(experiment=key, data=folder, version="again", limit=LIMIT, n_folds=0)
    job = prepare(request, listener=Listener())
    return job.manifest.paths[int(job.rows("train")[0])]


@pytest.mark.parametrize("key", PUBLISHED)
def test_a_published_recipe_trains_saves_serves_and_explains(
    key: str, tmp_path: Path, use_settings: Callable[..., None]
) -> None:
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    experiment = shipped_experiments()[key]
    folder = folder_of(experiment, tmp_path)
    metrics = trained_apart(key, folder, changes_of(experiment))
    assert set(metrics) == {"test"}
    card = find_version(experiment.task, "few-steps").card
    assert card.architecture == experiment.architecture

    analyst = open_analyst(experiment.task, "few-steps")  # checks manifest and golden input
    method = "exact_linear" if card.feature_layer is None else "grad_cam"
    found = explain_file(fitted_picture(key, folder), analyst, method=method)
    assert (found.status, found.model_version) == (Status.OK, "few-steps")
    assert found.heatmap is not None
    assert np.isfinite(found.heatmap).all()
    assert found.overlay() is not None
