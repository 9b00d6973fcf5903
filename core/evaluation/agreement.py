"""Agreement of readers beyond chance, with intervals, and what the model's answer did to a reader.

Cohen's kappa for two readers with the standard error of Fleiss, Cohen and Everitt 1969
(Psychological Bulletin 72:323); Fleiss' kappa (1971, Psychological Bulletin 76:378) for any number,
the same for every case, with a bootstrap over cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.domain import Figure
from core.errors import EvaluationError
from core.evaluation.intervals import Z95, wilson

N_RESAMPLES = 2000
SEED = 11


@dataclass(frozen=True, slots=True)
class Switches:
    """How readers moved between their first verdict and the one after the reveal.

    Counts over cases with a reference: ``*_right`` the model agreed with the reference, ``*_wrong``
    not; ``to_right`` and ``to_wrong`` what a change of the reader led to.
    """

    kept_right: int = 0
    kept_wrong: int = 0
    changed_right: int = 0
    changed_wrong: int = 0
    to_right: int = 0
    to_wrong: int = 0

    @property
    def n(self) -> int:
        """Cases."""
        return self.kept_right + self.kept_wrong + self.changed_right + self.changed_wrong

    @property
    def changed_where_right(self) -> Figure:
        """Share of verdicts changed where the model was right (Wilson)."""
        return _share(self.changed_right, self.kept_right + self.changed_right)

    @property
    def changed_where_wrong(self) -> Figure:
        """Share of verdicts changed where the model was wrong (Wilson)."""
        return _share(self.changed_wrong, self.kept_wrong + self.changed_wrong)


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> Figure:
    """Return Cohen's kappa of two readers of the same cases, with a normal 95 % interval.

    None where it is undefined: no case, or both readers use one and the same class throughout.

    Raises
    ------
    EvaluationError
        If the two have not the same number of cases.

    >>> cohen_kappa(["a", "a", "b", "b"], ["a", "b", "b", "b"]).value
    0.5
    """
    if len(first) != len(second):
        raise EvaluationError(
            f"One reader has {len(first)} cases, the other {len(second)}.",
            remedy="Compare readers on the same cases.",
        )
    n = len(first)
    names = sorted({*first, *second})
    place = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for one, other in zip(first, second, strict=True):
        table[place[one], place[other]] += 1
    if n == 0 or len(names) == 1:
        return Figure(None, None, None, n)
    shares = table / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    agreed, expected = float(np.trace(shares)), float(rows @ columns)
    kappa = (agreed - expected) / (1 - expected)
    return _normal(kappa, _cohen_error(shares, agreed, expected) / sqrt(n), n)


def fleiss_kappa(table: NDArray[np.integer]) -> Figure:
    """Return Fleiss' kappa of several readers, with a percentile bootstrap over cases.

    Parameters
    ----------
    table : ndarray of shape (n_cases, n_classes), integers
        How many readers said each class; the same number of readers, at least two, in every row.

    Raises
    ------
    EvaluationError
        If the rows have not the same number of readers.
    """
    counts = np.asarray(table, np.float64)
    n = len(counts)
    if n == 0:
        return Figure(None, None, None, 0)
    readers = counts.sum(axis=1)
    if (readers != readers[0]).any() or readers[0] < 2:
        raise EvaluationError(
            "Not every case has the same number of readers, at least two.",
            remedy="Take the cases that the same number of readers read.",
        )
    value = _fleiss(counts)
    if value is None:
        return Figure(None, None, None, n)
    draw = np.random.default_rng(SEED)
    again = [_fleiss(counts[draw.integers(0, n, n)]) for _ in range(N_RESAMPLES)]
    drawn = [item for item in again if item is not None]  # one class only: undefined, left out
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Figure(value, float(low), float(high), n)


def switches(
    before: Sequence[str], after: Sequence[str], called: Sequence[str], reference: Sequence[str]
) -> Switches:
    """Count what readers did when the model was revealed.

    Parameters
    ----------
    before, after : sequence of str
        The reader's verdict before and after.
    called : sequence of str
        What the model called.
    reference : sequence of str
        The reference standard.
    """
    counted = dict.fromkeys(Switches.__slots__, 0)
    for first, then, model, truth in zip(before, after, called, reference, strict=True):
        moved = "kept" if first == then else "changed"
        counted[f"{moved}_{'right' if model == truth else 'wrong'}"] += 1
        if first != then and then == truth:
            counted["to_right"] += 1
        elif first != then and first == truth:
            counted["to_wrong"] += 1
    return Switches(**counted)


def _cohen_error(shares: NDArray[np.float64], agreed: float, expected: float) -> float:
    """Return the large-sample standard error times sqrt(n): Fleiss, Cohen and Everitt 1969."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    kappa = (agreed - expected) / (1 - expected)
    diagonal = np.diag(shares) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    # p_ij with the column margin of i and the row margin of j
    crossed = columns[:, None] + rows[None, :]
    off = shares * crossed**2
    beside = (1 - kappa) ** 2 * float(off.sum() - np.trace(off))
    last = (kappa - expected * (1 - kappa)) ** 2
    return sqrt(max(0.0, float(diagonal) + beside - last)) / (1 - expected)


def _fleiss(counts: NDArray[np.float64]) -> float | None:
    readers = counts[0].sum()
    agreed = float(((counts**2).sum(axis=1) - readers).mean() / (readers * (readers - 1)))
    shares = counts.sum(axis=0) / counts.sum()
    expected = float(shares @ shares)
    return None if expected >= 1 - 1e-12 else (agreed - expected) / (1 - expected)


def _normal(value: float, error: float, n: int) -> Figure:
    return Figure(value, max(-1.0, value - Z95 * error), min(1.0, value + Z95 * error), n)


def _share(successes: int, n: int) -> Figure:
    low, high = wilson(successes, n)
    return Figure(successes / n if n else None, low, high, n)
