"""What a threshold says of the worth of a miss, and net benefit (Vickers & Elkin 2006).

Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models.
Med Decis Making 2006;26:565-574. Probabilities are taken as calibrated at the prevalence of the
cases; elsewhere they are re-based by the odds of the two prevalences (Bayes; Elkan, IJCAI 2001).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.operating_points import Counts, Scores


def rebase(
    probability: NDArray[np.float64] | float, *, made_at: float, used_at: float
) -> NDArray[np.float64]:
    """Return probabilities of one prevalence as they are at another.

    ``odds' = odds · odds(used_at) / odds(made_at)``. NaN where a prevalence is 0 or 1.

    >>> float(rebase(0.2, made_at=0.2, used_at=0.5).round(6))
    0.5
    """
    given = np.asarray(probability, dtype=np.float64)
    if not (0 < made_at < 1 and 0 < used_at < 1):
        return np.full(given.shape, np.nan)
    for_it = given * used_at * (1 - made_at)
    against = (1 - given) * (1 - used_at) * made_at
    return np.asarray(for_it / (for_it + against))


def reads_worth_a_miss(threshold: float) -> float | None:
    """Return how many needless reads a miss counts as much as, to who reads at this probability.

    At threshold probability p, one is as willing to read as not: p misses avoided against 1 - p
    needless reads, so a miss counts as (1 - p) / p needless reads. None at 0 and NaN.

    >>> round(reads_worth_a_miss(0.05), 6), reads_worth_a_miss(0.0)
    (19.0, None)
    """
    if not 0 < threshold <= 1:
        return None
    return (1 - threshold) / threshold


def cost_in_words(reads: float | None, finding: str) -> str:
    """Return a cost ratio as a sentence in which both sides are named, so it has one reading.

    >>> cost_in_words(19.0, "stone")
    'one missed stone counts as much as 19 needless reads'
    >>> cost_in_words(0.25, "stone")
    'one needless read counts as much as 4 missed stones: the threshold puts reads before misses'
    """
    if reads is None:
        return "no number of needless reads outweighs a miss: everything is read"
    if reads >= 1:
        said = _count(reads)
        return f"one missed {finding} counts as much as {said} needless read{_s(said)}"
    if reads == 0:
        return "no number of misses outweighs a needless read: only certainty is read"
    said = _count(1 / reads)
    return (
        f"one needless read counts as much as {said} missed {finding}{_s(said)}: "
        "the threshold puts reads before misses"
    )


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


def _s(said: str) -> str:
    return "" if said == "1" else "s"


def net_benefit(
    tp: Any, fp: Any, *, n_positive: int, n_negative: int, prevalence: float, probability: Any
) -> NDArray[np.float64]:
    """Return the net benefit of flagging, in true positives a case.

    ``prevalence · sensitivity - (1 - prevalence) · (1 - specificity) · p / (1 - p)``. At the
    prevalence of the cases this is tp / n - fp / n · p / (1 - p), as Vickers & Elkin write it.

    Parameters
    ----------
    tp, fp : int or ndarray
        Positive and negative cases that are flagged.
    n_positive, n_negative : int
    prevalence : float in 0..1
    probability : float or ndarray in [0, 1)
        Threshold probability p at that prevalence.

    Returns
    -------
    ndarray of float64
        NaN without positive or negative cases.
    """
    p = np.asarray(probability, dtype=np.float64)
    if not n_positive or not n_negative:
        return np.full(np.broadcast(np.asarray(tp), p).shape, np.nan)
    found, alarms = np.asarray(tp) / n_positive, np.asarray(fp) / n_negative
    return np.asarray(prevalence * found - (1 - prevalence) * alarms * p / (1 - p))


def decision_curve(
    scores: Scores, *, prevalence: float | None = None, upto: float = 0.6, n_points: int = 120
) -> pd.DataFrame:
    """Return net benefit against threshold probability.

    Parameters
    ----------
    scores : Scores
    prevalence : float in 0..1, or None
        Where the reader works; None: as the cases are. A case is flagged where its re-based
        probability reaches the threshold probability.
    upto : float in (0, 1)
        Largest threshold probability.
    n_points : int

    Returns
    -------
    DataFrame
        ``probability, model, at_argmax, treat_all, treat_none``; NaN where undefined.
    """
    n_positive, n_negative = len(scores.positive), len(scores.negative)
    made_at = n_positive / (n_positive + n_negative)
    used_at = made_at if prevalence is None else prevalence
    p = np.linspace(upto / n_points, upto, n_points)
    thresholds = rebase(p, made_at=used_at, used_at=made_at)
    tp = n_positive - np.searchsorted(scores.positive, thresholds)
    fp = n_negative - np.searchsorted(scores.negative, thresholds)

    def benefit(found: Any, alarms: Any) -> NDArray[np.float64]:
        made = net_benefit(
            found,
            alarms,
            n_positive=n_positive,
            n_negative=n_negative,
            prevalence=used_at,
            probability=p,
        )
        return np.where(np.isnan(thresholds), np.nan, made)

    before: Counts = scores.at_argmax
    return pd.DataFrame(
        {
            "probability": p,
            "model": benefit(tp, fp),
            "at_argmax": benefit(before.tp, before.fp),
            "treat_all": benefit(n_positive, n_negative),
            "treat_none": np.zeros(n_points),
        }
    )
