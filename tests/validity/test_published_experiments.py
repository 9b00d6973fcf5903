"""Every published recipe trains for a few steps, and its version serves and explains.

On real pictures; where the data root is not set, on drawn ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.config import ROOT, settings
from core.datasets.outlines import crop_to_outline, mask_files, read_mask
from core.domain import Status
from core.inference.package import find_version
from core.tasks import load_task
from core.training.experiments import Experiment, resolve, shipped_experiments
from core.workflows.explaining import explain_file, open_analyst
from core.workflows.training import Listener, TrainingRequest, prepare
from tests.labelled_folder import write_labelled_folder

pytestmark = [pytest.mark.slow, pytest.mark.heavy, pytest.mark.timeout(900)]
PUBLISHED = sorted(
    key
    for key, item in shipped_experiments().items()
    if item.published or key.startswith("unequal_")  # crop, pad and resize compared
)
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
    folder = write_labelled_folder(tmp_path / "drawn", n=48, labels=labels, task=task.key)
    write_outlines(folder)
    return folder


def write_outlines(folder: Path) -> None:
    """Add an ellipse as the outline of every picture, each of another size."""
    head, *rows = (folder / "labels.csv").read_text("utf-8").splitlines()
    lines = [f"{head},outline"]
    for place, row in enumerate(rows):
        mask = np.zeros((224, 224), np.uint8)
        cv2.ellipse(mask, (112, 112), (60 + place, 105 - place), 0, 0, 360, 255, -1)
        cv2.imwrite(str(folder / f"outline_{place}.png"), mask)
        lines.append(f"{row},outline_{place}.png")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")
    with (folder / "dataset.yaml").open("a", encoding="utf-8") as said:
        said.write("mask_column: outline\n")


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


def fitted_picture(key: str, folder: Path | None, tmp_path: Path) -> Path:
    """Return a picture that was fitted on, cut as it was then: the gate knows it."""
    request = TrainingRequest(experiment=key, data=folder, version="again", limit=LIMIT, n_folds=0)
    job = prepare(request, listener=Listener())
    row = int(job.rows("train")[0])
    path, cut = job.manifest.paths[row], job.config.cut
    if cut is None:
        return path
    mask = read_mask(mask_files(job.manifest.root)[str(job.manifest.frame["file"].iloc[row])])
    part = crop_to_outline(cv2.imread(str(path)), mask, cut=cut)
    cv2.imwrite(str(tmp_path / "part.png"), part)
    return tmp_path / "part.png"


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
    found = explain_file(fitted_picture(key, folder, tmp_path), analyst, method=method)
    assert (found.status, found.model_version) == (Status.OK, "few-steps")
    assert found.heatmap is not None
    assert np.isfinite(found.heatmap).all()
    assert found.overlay() is not None
