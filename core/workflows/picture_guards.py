"""What guards the pictures of a training run: enough of them, of enough classes, in every part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from core.datasets.manifest import Manifest
from core.datasets.splits import PARTS, Split, make_split
from core.errors import TrainingError
from core.inference.arrays import choose_rows


def limited(manifest: Manifest, limit: int | None) -> Manifest:
    """Return at most ``limit`` pictures, evenly over classes and over groups within each."""
    if limit is None or len(manifest) <= limit:
        return manifest
    labels = manifest.frame["label"].to_numpy(dtype=object)
    groups = manifest.frame["group"].to_numpy(dtype=object)
    present = [name for name in manifest.task.class_names if (labels == name).any()]
    chosen = []
    for place, label in enumerate(present):
        share = limit // len(present) + (place < limit % len(present))
        rows = np.flatnonzero(labels == label)
        if share:
            chosen.append(rows[choose_rows(groups[rows], per_group=share, at_most=share)])
    return manifest.take(np.sort(np.concatenate(chosen)))


def refuse_one_class(manifest: Manifest) -> None:
    """Refuse what would be right without a look: every figure of it would be perfect.

    Raises
    ------
    TrainingError
        If all pictures are of one class.
    """
    present = manifest.frame["label"].unique().tolist()
    if len(present) < 2:
        others = [name for name in manifest.task.class_names if name not in present]
        raise TrainingError(
            f"All {len(manifest):,} pictures are of one class, {present[0]}: there is nothing to "
            "tell apart.",
            remedy=f"Give pictures of another class, too: {', '.join(others)}.",
        )


def absent_classes(manifest: Manifest) -> Iterator[str]:
    """Yield a sentence where nothing is learnt of a class of the task."""
    present = set(manifest.frame["label"])
    absent = [name for name in manifest.task.class_names if name not in present]
    if absent:
        yield (
            f"No picture of: {', '.join(absent)}. The version learns nothing of what has none, and "
            "its figures say nothing of it."
        )


def absent_in_parts(manifest: Manifest, split: Split) -> Iterator[str]:
    """Yield a sentence for each class that is in the data and not in every part of the split."""
    labels = manifest.frame["label"].to_numpy(dtype=object)
    groups = manifest.frame["group"].to_numpy(dtype=object)
    for name in manifest.task.class_names:
        own = labels == name
        lacking = [part for part in PARTS if not (own & (split.parts == part)).any()]
        if own.any() and lacking:
            n_groups = len(set(groups[own].tolist()))
            yield (
                f"No picture of {name} is in: {', '.join(lacking)}. Its {own.sum():,} pictures are "
                f"of {n_groups} {manifest.task.group_name} group{'s' * (n_groups != 1)}; four are "
                "needed for all parts. Figures of a part say nothing of a class that it lacks."
            )


def whole_split(manifest: Manifest, *, seed: int, fractions: Mapping[str, float]) -> Split:
    """Return the split of the pictures.

    Raises
    ------
    TrainingError
        If a part of it would be empty.
    """
    split = make_split(manifest, seed=seed, fractions=fractions)
    for part in PARTS:
        if not len(split.rows(part)):
            n_groups = dict(manifest.frame.groupby("label")["group"].nunique())
            most = max(n_groups, key=lambda label: n_groups[label])
            raise TrainingError(
                f"The {part} part of the split is empty: there are too few "
                f"{manifest.task.group_name} groups ({manifest.n_groups}).",
                remedy=f"Give at least four groups of a class; {most} has the most, "
                f"{n_groups[most]}.",
            )
    return split
