"""Tiny pictures that a network can learn: where the bright square lies tells the class."""

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
            left = 2 + 10 * label
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
        class_names=("left", "middle", "right")[:n_classes],
    )
