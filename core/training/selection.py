"""Which pictures a run fits on, which it stops by, and the score it stops by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import confusion_matrix
from core.evaluation.rates import macro_f1
from core.inference.arrays import choose_rows
from core.training.training_set import TrainingSet

Rows = NDArray[np.int64]


def thin(data: TrainingSet, rows: Rows, *, per_group: int) -> Rows:
    """Return at most ``per_group`` evenly spaced pictures of every group among ``rows``.

    Neighbouring slices of a series say almost the same: a few of them teach as much as all.
    """
    chosen = choose_rows(data.group[rows], per_group=per_group, at_most=len(data))
    return np.asarray(rows[chosen], np.int64)


def group_weights(data: TrainingSet, rows: Rows, thinned: Rows) -> NDArray[np.float64]:
    """Return how many pictures of ``rows`` each thinned one stands for, shape (m,)."""
    full = _counts(data.group[rows])
    kept = _counts(data.group[thinned])
    return np.array([full[name] / kept[name] for name in data.group[thinned].tolist()])


def _counts(names: NDArray[Any]) -> dict[Any, int]:
    values, counts = np.unique(names.astype(str), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def hold_out_groups(data: TrainingSet, rows: Rows, *, share: float, seed: int) -> tuple[Rows, Rows]:
    """Part rows into (kept, held out) by whole groups, at least one group of every class.

    A group goes with its most frequent class; a class with one group only keeps it.
    """
    rng = np.random.default_rng([seed, 51])
    held: set[str] = set()
    names = data.group[rows].astype(str)
    home = {
        name: int(np.bincount(data.y_true[rows][names == name]).argmax())
        for name in np.unique(names).tolist()
    }
    for label in sorted(set(home.values())):
        members = sorted(name for name, of in home.items() if of == label)
        n_held = min(max(1, round(share * len(members))), len(members) - 1)
        held |= set(rng.permutation(members)[:n_held].tolist())
    is_held = np.isin(names, sorted(held))
    return rows[~is_held], rows[is_held]


def hold_out_pictures(rows: Rows, *, share: float, seed: int) -> tuple[Rows, Rows]:
    """Part rows into (kept, held out) by lot, groups ignored: how leaking figures are made."""
    shuffled = np.random.default_rng([seed, 52]).permutation(rows)
    n_held = max(1, round(share * len(rows)))
    return np.sort(shuffled[n_held:]), np.sort(shuffled[:n_held])


def weighted_macro_f1(
    y_true: NDArray[np.int64], logits: NDArray[Any], *, weights: NDArray[np.float64]
) -> float:
    """Return macro F1 of the argmax, each picture counted ``weights`` times; 0 without a case."""
    n_classes = logits.shape[1]
    called = logits.argmax(axis=1)
    counted = np.zeros((n_classes, n_classes))
    np.add.at(counted, (y_true, called), weights)
    value = float(macro_f1(counted))
    return value if np.isfinite(value) else 0.0


def plain_macro_f1(y_true: NDArray[np.int64], logits: NDArray[Any]) -> float:
    """Return macro F1 of the argmax."""
    confusion = confusion_matrix(y_true, logits.argmax(axis=1), n_classes=logits.shape[1])
    return float(macro_f1(confusion))
