"""The sensitivity contract: what a threshold does on other cases, and whether that may be said.

One level is either pictures or groups (a group is positive, and flagged, when any picture of it
is). Both are judged at the same threshold, which is always chosen on pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain import Figure
from core.evaluation.operating_points import (
    Counts,
    Rates,
    Scores,
    check_prevalence,
    check_sensitivity,
    counts_at,
    extra_reads_per_miss_avoided,
    false_alarms_per_1000,
    lower_bound,
    misses_per_1000,
    positives_needed,
    rates_at,
)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a person asks for: find at least ``sensitivity`` of ``class_name``.

    Attributes
    ----------
    class_name : str
        A class, or ``ANY_FINDING``.
    sensitivity : float in (0, 1]
    prevalence : float in 0..1, or None
        Share of positive cases where the threshold is used; None: as in the checking cases.

    Raises
    ------
    EvaluationError
        If a number is outside its range.
    """

    class_name: str
    sensitivity: float
    prevalence: float | None = None

    def __post_init__(self) -> None:
        check_sensitivity(self.sensitivity)
        if self.prevalence is not None:
            check_prevalence(self.prevalence)


@dataclass(frozen=True, slots=True)
class Price:
    """Misses and false alarms per 1,000 cases at a prevalence; None where undefined.

    ``extra_reads_per_miss_avoided`` counts the cases as they are; ``..._at_prevalence`` as they
    would be at ``prevalence``. Both are against calling the most probable class, and None where
    that misses no more.
    """

    prevalence: float
    misses: float | None
    false_alarms: float | None
    misses_at_argmax: float | None
    false_alarms_at_argmax: float | None
    extra_reads_per_miss_avoided: float | None
    extra_reads_per_miss_avoided_at_prevalence: float | None


@dataclass(frozen=True, slots=True)
class Level:
    """What a threshold does on the cases of one level.

    Attributes
    ----------
    n : int
        Cases: pictures or groups.
    threshold : float or None
        None where no positive case could choose one; every figure is then undefined.
    counts : Counts or None
    at_argmax : Counts
    sensitivity, specificity : Figure
    lower_bound : float or None
        Exact, one-sided 95 %, as if the cases were independent.
    claim_holds : bool or None
        Whether it reaches what was asked for; None where the same cases chose the threshold.
    positives_needed : int or None
        Smallest number of positives that would hold the claim with the misses seen.
    price : Price
    """

    n: int
    threshold: float | None
    counts: Counts | None
    at_argmax: Counts
    sensitivity: Figure
    specificity: Figure
    lower_bound: float | None
    claim_holds: bool | None
    positives_needed: int | None
    price: Price


def level_at(scores: Scores, threshold: float | None, demand: Demand, *, is_checked: bool) -> Level:
    """Judge a threshold on the cases of one level.

    Parameters
    ----------
    scores : Scores
        Of the cases that check it.
    threshold : float or None
    demand : Demand
    is_checked : bool
        Whether other cases chose the threshold; a claim on the choosing cases is none.
    """
    before = scores.at_argmax
    n_negative = len(scores.negative)
    if threshold is None:
        counts, bound, needed = None, None, None
        rates = Rates(
            before,
            Figure(None, None, None, scores.n_positive),
            Figure(None, None, None, n_negative),
        )
    else:
        rates = rates_at(scores, threshold)
        counts = rates.counts
        bound = lower_bound(counts.tp, counts.n_positive)
        needed = positives_needed(counts.fn, demand.sensitivity)
    claim = None if bound is None or not is_checked else bound >= demand.sensitivity
    return Level(
        n=scores.n_positive + n_negative,
        threshold=threshold,
        counts=counts,
        at_argmax=before,
        sensitivity=rates.sensitivity,
        specificity=rates.specificity,
        lower_bound=bound,
        claim_holds=claim,
        positives_needed=needed,
        price=_price(counts, before, demand.prevalence),
    )


def price_at(scores: Scores, threshold: float, *, prevalence: float | None) -> Price:
    """Return the price of a threshold alone, without figures and intervals."""
    return _price(counts_at(scores, threshold), scores.at_argmax, prevalence)


def _price(now: Counts | None, before: Counts, prevalence: float | None) -> Price:
    share = before.prevalence if prevalence is None else prevalence
    return Price(
        prevalence=share,
        misses=None if now is None else misses_per_1000(now, share),
        false_alarms=None if now is None else false_alarms_per_1000(now, share),
        misses_at_argmax=misses_per_1000(before, share),
        false_alarms_at_argmax=false_alarms_per_1000(before, share),
        extra_reads_per_miss_avoided=None
        if now is None
        else extra_reads_per_miss_avoided(now, before),
        extra_reads_per_miss_avoided_at_prevalence=None
        if now is None
        else extra_reads_per_miss_avoided(now, before, prevalence=share),
    )


def level_document(level: Level, *, threshold_from: str) -> dict[str, Any]:
    """Return a level with the keys of the ``operating-point`` contract, and a few more."""
    price = level.price
    return {
        "threshold": level.threshold,
        "threshold_from": threshold_from,
        "sensitivity": level.sensitivity,
        "specificity": level.specificity,
        "lower_bound_one_sided_95": level.lower_bound,
        "claim_holds": level.claim_holds,
        "positives_needed": level.positives_needed,
        "per_1000": {
            "misses": price.misses,
            "false_alarms": price.false_alarms,
            "extra_reads_per_miss_avoided": price.extra_reads_per_miss_avoided,
            "extra_reads_per_miss_avoided_at_prevalence": (
                price.extra_reads_per_miss_avoided_at_prevalence
            ),
            "misses_at_argmax": price.misses_at_argmax,
            "false_alarms_at_argmax": price.false_alarms_at_argmax,
        },
        "prevalence": price.prevalence,
        "n": level.n,
        "n_positive": level.at_argmax.n_positive,
        "n_flagged": None if level.counts is None else level.counts.flagged,
        "n_flagged_at_argmax": level.at_argmax.flagged,
        "n_missed": None if level.counts is None else level.counts.fn,
        "n_missed_at_argmax": level.at_argmax.fn,
    }
