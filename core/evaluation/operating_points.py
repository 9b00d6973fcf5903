"""Operating points: the threshold that finds enough, what it finds elsewhere, and what that costs.

At a threshold, positive means ``score >= threshold``: cases of equal score are called alike, so the
sensitivity of the choosing cases can lie above what was asked for, never below. Everything starts
from scores that are sorted once (:func:`case_scores`); moving the threshold is then two searches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil, isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.domain import Figure
from core.errors import EvaluationError
from core.evaluation.confusion import called_class
from core.evaluation.figures import group_codes, proportion
from core.evaluation.flags import ANY_FINDING
from core.evaluation.intervals import clopper_pearson
from core.evaluation.runs import EvaluationRun

# One-sided 95 %: the lower end of the two-sided 90 % interval.
_TWO_SIDED = 0.90
_MOST_POSITIVES = 1 << 50


class Counts(NamedTuple):
    """The four cells of one class against the rest."""

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def flagged(self) -> int:
        """How many cases are called positive: what somebody has to read."""
        return self.tp + self.fp

    @property
    def n_positive(self) -> int:
        """How many cases are positive by the reference standard."""
        return self.tp + self.fn

    @property
    def sensitivity(self) -> float | None:
        """Found / positives, None without a positive case."""
        return self.tp / self.n_positive if self.n_positive else None

    @property
    def specificity(self) -> float | None:
        """Left alone / negatives, None without a negative case."""
        return self.tn / (self.tn + self.fp) if self.tn + self.fp else None

    @property
    def prevalence(self) -> float:
        """Share of positive cases, 0..1."""
        return self.n_positive / sum(self)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of one class on the cases of a run, sorted once.

    Attributes
    ----------
    positive, negative : ndarray of shape (n_positive,) and (n_negative,), float64, ascending
        Scores of the cases that are the class, and of the others.
    positive_group, negative_group : ndarray of int64 in the same order, or None
        Index of the group of each case, 0..n_groups - 1.
    n_groups : int or None
    at_argmax : Counts
        The cells when a case is called its most probable class.
    """

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    positive_group: NDArray[np.int64] | None
    negative_group: NDArray[np.int64] | None
    n_groups: int | None
    at_argmax: Counts

    @property
    def n_positive(self) -> int:
        """Number of cases that are the class."""
        return len(self.positive)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a threshold does to cases: the cells, and two figures with n and intervals."""

    counts: Counts
    sensitivity: Figure
    specificity: Figure


def case_scores(
    run: EvaluationRun,
    class_name: str,
    *,
    findings: Collection[str] = (),
    codes: NDArray[np.int64] | None = None,
) -> Scores:
    """Return the sorted scores of a class on every case of a run.

    Parameters
    ----------
    run : EvaluationRun
    class_name : str
        A class, scored by its probability; or ``ANY_FINDING``: positive is every case of a
        finding, scored by the sum of the findings' probabilities.
    findings : collection of str
        Classes that are findings; needed for ``ANY_FINDING``.
    codes : ndarray of shape (n,), int64, or None
        Index of each case's group where the caller has it; None: worked out from the run.

    Raises
    ------
    EvaluationError
        If there is no such class, or no finding among the classes.
    """
    cases = _scored(run, class_name, findings)
    return _sorted(cases, group_codes(run) if codes is None else codes)


def group_scores(
    run: EvaluationRun,
    class_name: str,
    *,
    findings: Collection[str] = (),
    codes: NDArray[np.int64] | None = None,
) -> Scores | None:
    """Return the scores with one case a group, or None where groups are unknown.

    A group is positive when any of its pictures is, and flagged when any of its pictures is: its
    score is the largest. The cases are the groups, so each is a group of its own. Parameters and
    errors are those of :func:`case_scores`.
    """
    codes = group_codes(run) if codes is None else codes
    if codes is None:
        return None
    cases = _scored(run, class_name, findings)
    n_groups = int(codes.max()) + 1
    score = np.full(n_groups, -np.inf)
    np.maximum.at(score, codes, cases.score)
    any_true, any_called = (
        np.bincount(codes, weights=mask, minlength=n_groups) > 0
        for mask in (cases.is_positive, cases.is_called)
    )
    return _sorted(_Scored(score, any_true, any_called), np.arange(n_groups))


class _Scored(NamedTuple):
    """Score, reference and call at the largest probability of each case, shape (n,) each."""

    score: NDArray[np.float64]
    is_positive: NDArray[np.bool_]
    is_called: NDArray[np.bool_]


def _scored(run: EvaluationRun, class_name: str, findings: Collection[str]) -> _Scored:
    wanted = findings if class_name == ANY_FINDING else (class_name,)
    members = np.array([name in wanted for name in run.class_names])
    if not members.any():
        raise EvaluationError(
            f"{class_name!r} is no class of the run.",
            remedy=f"Name one of: {', '.join(run.class_names)}.",
            column=class_name,
        )
    score = run.y_prob[:, members].sum(axis=1)
    return _Scored(score, members[run.y_true], members[called_class(run.y_prob)])


def _sorted(cases: _Scored, codes: NDArray[np.int64] | None) -> Scores:
    def side(of: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
        values = cases.score[of]
        order = np.argsort(values, kind="stable")
        return values[order], None if codes is None else codes[of][order]

    positive, positive_group = side(cases.is_positive)
    negative, negative_group = side(~cases.is_positive)
    tp = int((cases.is_positive & cases.is_called).sum())
    fp = int(cases.is_called.sum()) - tp
    return Scores(
        positive,
        negative,
        positive_group,
        negative_group,
        n_groups=None if codes is None else int(codes.max()) + 1,
        at_argmax=Counts(tp, len(positive) - tp, fp, len(negative) - fp),
    )


def choose_threshold(scores: Scores, sensitivity: float) -> float | None:
    """Return the largest observed score at which found / positives >= ``sensitivity``.

    Counted in whole cases: 19 of 20 is 0.95, however 0.95 is written in binary.

    Parameters
    ----------
    scores : Scores
        Of the choosing cases.
    sensitivity : float in (0, 1]

    Returns
    -------
    float or None
        None without a positive case.

    Raises
    ------
    EvaluationError
        If ``sensitivity`` is no number in (0, 1].
    """
    return highest_threshold(scores.positive, sensitivity)


def highest_threshold(positive: NDArray[np.float64], sensitivity: float) -> float | None:
    """As :func:`choose_threshold`, of the scores of the positive cases alone, ascending."""
    check_sensitivity(sensitivity)
    if not len(positive):
        return None
    needed = ceil(Fraction(str(sensitivity)) * len(positive))
    return float(positive[len(positive) - needed])


def check_sensitivity(sensitivity: float) -> None:
    """Refuse a required sensitivity outside (0, 1].

    Raises
    ------
    EvaluationError
    """
    if not (isfinite(sensitivity) and 0 < sensitivity <= 1):
        raise EvaluationError(
            f"The required sensitivity {sensitivity:g} is not above 0 and at most 1.",
            remedy="Give a share: 0.95 for 95 %.",
            column="sensitivity",
        )


def check_prevalence(prevalence: float) -> None:
    """Refuse a prevalence outside 0..1.

    Raises
    ------
    EvaluationError
    """
    if not (isfinite(prevalence) and 0 <= prevalence <= 1):
        raise EvaluationError(
            f"The prevalence {prevalence:g} is not between 0 and 1.",
            remedy="Give a share: 0.12 for 12 %.",
            column="prevalence",
        )


def counts_at(scores: Scores, threshold: float) -> Counts:
    """Return the four cells when positive means ``score >= threshold``."""
    fn = int(np.searchsorted(scores.positive, threshold))
    tn = int(np.searchsorted(scores.negative, threshold))
    return Counts(len(scores.positive) - fn, fn, len(scores.negative) - tn, tn)


def threshold_mover(run: EvaluationRun, class_name: str) -> Callable[[float], Counts]:
    """Return a function from a threshold to the four cells of a class; sorts once, then searches.

    Raises
    ------
    EvaluationError
        If there is no such class.
    """
    return partial(counts_at, case_scores(run, class_name))


def rates_at(scores: Scores, threshold: float) -> Rates:
    """Return sensitivity and specificity at a threshold, as if independent and by group."""
    counts = counts_at(scores, threshold)
    return Rates(
        counts,
        _rate(scores.positive_group, counts.fn, counts.tp, scores.n_groups, above=True),
        _rate(scores.negative_group, counts.tn, counts.fp, scores.n_groups, above=False),
    )


def _rate(
    codes: NDArray[np.int64] | None,
    below: int,
    at_or_above: int,
    n_groups: int | None,
    *,
    above: bool,
) -> Figure:
    """Return the share of sorted cases on one side of a threshold, by group where there are any."""
    done, n = at_or_above if above else below, below + at_or_above
    if codes is None or n_groups is None:
        return proportion(np.array([done]), np.array([n]), has_groups=False)
    right = codes[below:] if above else codes[:below]
    successes, totals = (np.bincount(part, minlength=n_groups) for part in (right, codes))
    return proportion(successes, totals, has_groups=True)


def lower_bound(found: int, n_positive: int) -> float | None:
    """Return the exact one-sided 95 % lower bound of a sensitivity (Clopper & Pearson 1934).

    >>> round(lower_bound(59, 59), 4), lower_bound(0, 0)
    (0.9505, None)
    """
    return clopper_pearson(found, n_positive, confidence=_TWO_SIDED).low


def positives_needed(n_missed: int, sensitivity: float) -> int | None:
    """Return the smallest number of positives that would hold the claim with these misses.

    >>> [positives_needed(missed, 0.95) for missed in (0, 1, 2, 3)]
    [59, 93, 124, 153]

    None for a claim of 1: no number of cases proves that nothing is ever missed.
    """
    if sensitivity >= 1:
        return None

    def holds(n: int) -> bool:
        bound = lower_bound(n - n_missed, n)
        return bound is not None and bound >= sensitivity

    low, high = n_missed, n_missed + 1
    while not holds(high):
        low, high = high, 2 * high
        if high > _MOST_POSITIVES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def misses_per_1000(counts: Counts, prevalence: float) -> float | None:
    """Return 1000 · prevalence · (1 - sensitivity); None without a positive case."""
    found = counts.sensitivity
    return None if found is None else 1000 * prevalence * (1 - found)


def false_alarms_per_1000(counts: Counts, prevalence: float) -> float | None:
    """Return 1000 · (1 - prevalence) · (1 - specificity); None without a negative case."""
    spared = counts.specificity
    return None if spared is None else 1000 * (1 - prevalence) * (1 - spared)


def extra_reads_per_miss_avoided(
    now: Counts, before: Counts, *, prevalence: float | None = None
) -> float | None:
    """Return how many more cases are flagged for each miss that is avoided.

    Parameters
    ----------
    now, before : Counts
        Of the same cases, at the threshold and without it.
    prevalence : float in 0..1, or None
        Where the reader works; None: as the cases are.

    Returns
    -------
    float or None
        None where no miss is avoided, or without positive or negative cases at a prevalence.
    """
    avoided = before.fn - now.fn
    if avoided <= 0:
        return None
    if prevalence is None:
        return (now.flagged - before.flagged) / avoided
    if now.tn + now.fp == 0 or prevalence == 0:
        return None
    fewer_misses = prevalence * avoided / now.n_positive
    more_alarms = (1 - prevalence) * (now.fp - before.fp) / (now.tn + now.fp)
    return 1 + more_alarms / fewer_misses
