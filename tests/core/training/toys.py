"""Tiny pictures that a network can learn: where the bright square lies tells the class."""

from pathlib import Path

import numpy as np

from core.training.training_set import TrainingSet

SIDE = 32


def toy_set(n_groups=24, per_group=4, seed=0, n_classes=3):
    rng = np.random.default_rng(seed)
    pixels, labels, groups, files = [], [], [], []
    for group in range(n_groups):
        label = group % n_classes
        for slice_ in range(per_group):
            picture = rng.integers(0, 90, (SIDE, SIDE))
            left = 2 + (7 if n_classes == 4 else 10) * label
            top = int(rng.integers(4, 20))
            picture[top : top + 8, left : left + 8] += 140
            pixels.append(picture)
            labels.append(label)
            groups.append(f"g{group:02d}")
            files.append(f"g{group:02d}/{slice_}.png")
    return TrainingSet(
        pixels=np.array(pixels, np.uint8),
        y_true=np.array(labels, np.int64),
        group=np.array(groups, object),
        file=np.array(files, object),
        class_names=("cyst", "normal", "stone", "tumor")[:n_classes],
    )


def toy_job(folder, *, folds=None, n_groups=24, **changes):
    """Return a job on toy pictures with four classes; its lower blocks are frozen."""
    import pandas as pd

    from core.datasets.folds import make_folds
    from core.datasets.manifest import Manifest
    from core.datasets.splits import make_split
    from core.preprocessing import Recipe
    from core.tasks import load_task
    from core.training.config import check_config
    from core.training.job import Folders, TrainingJob

    task = load_task("phantom_ct")
    options = changes.pop("options", {})
    data = toy_set(n_groups=n_groups, n_classes=4)
    labels = np.array(data.class_names, object)[data.y_true]
    frame = pd.DataFrame({"file": data.file, "label": labels, "group": data.group})
    manifest = Manifest(Path(), task, frame, "column", name="toys", licence="none")
    known = {
        "architecture": "simple_cnn",
        "freeze_until": "block2_relu",
        "epochs": 2,
        "steps_per_epoch": 4,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "variants": 2,
        "per_group": 3,
        "ema": 0.0,
        "fractions": {"train": 0.5, "validation": 0.15, "calibration": 0.15, "test": 0.2},
    }
    config = check_config({**known, **changes})
    return TrainingJob(
        task=task,
        recipe=Recipe.from_task(task),
        manifest=manifest,
        data=data,
        config=config,
        version="toy-1",
        split=make_split(manifest, seed=0, fractions=config.fractions),
        folders=Folders(folder / "home", folder / "models"),
        folds=None if folds is None else make_folds(manifest, n_folds=folds, seed=0),
        **options,
    )
