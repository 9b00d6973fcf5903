"""How often a 95 % interval holds the truth: simulated on groups whose truth is known.

``coverage.csv`` beside this module is what ``python -m core.evaluation.coverage`` wrote (about five
minutes); pages quote it, so that nothing is simulated while a person waits.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from core.evaluation import rates
from core.evaluation.bootstrap import resample
from core.evaluation.confusion import called_class, confusion_matrix, one_vs_rest
from core.evaluation.intervals import Interval, bias_corrected, grouped_wilson, wilson
from core.evaluation.ranking import auc, score_bins

Kind = Literal["proportion", "bootstrap"]
TABLE = Path(__file__).with_name("coverage.csv")
ICC = 0.33  # measured within series of the kidney set
N_GROUPS = (5, 8, 12, 16, 20, 50)
TRUTHS = (0.5, 0.8, 0.95)
N_PROPORTIONS = 4000
N_BOOTSTRAPS = 800
SEED = 20261122
_MEAN_SIZE = 20
_SHIFT = 1.5  # of the positives' scores, in standard deviations of a case
_INTERVALS_OF: Mapping[Kind, tuple[str, ...]] = {
    "proportion": ("grouped_wilson",),
    "bootstrap": ("group_bootstrap_auc", "group_bootstrap_f1"),
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row of the table.

    Attributes
    ----------
    interval : str
        ``plain_wilson``, ``grouped_wilson``; ``group_bootstrap_auc``, ``group_bootstrap_f1``
        (bias-corrected, as in figures); ``percentile_auc`` (the plain percentile interval).
    n_groups : int
    icc : float in (0, 1)
        Correlation of cases within a group.
    truth : float
    n_simulations : int
        Those in which the figure has an interval.
    coverage : float in [0, 1]
        Share of intervals that hold the truth; the promise is 0.95.
    mean_width : float
    """

    interval: str
    n_groups: int
    icc: float
    truth: float
    n_simulations: int
    coverage: float
    mean_width: float


def draw_proportion(
    rng: np.random.Generator, *, p: float, n_groups: int, icc: float, mean_size: int = _MEAN_SIZE
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (successes, totals) a group, each of shape (n_groups,).

    Beta-binomial with mean p and intraclass correlation icc; sizes evenly from a quarter of the
    mean to seven quarters. ``icc`` 0 gives independent cases.
    """
    totals = rng.integers(mean_size // 4, 2 * mean_size - mean_size // 4, n_groups)
    if icc == 0:
        return rng.binomial(totals, p), totals
    strength = (1 - icc) / icc
    chance = rng.beta(p * strength, (1 - p) * strength, n_groups)
    return rng.binomial(totals, chance), totals


def draw_scores(
    rng: np.random.Generator, *, n_groups: int, icc: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return (y_true (n,), y_prob (n, 2), group (n,)) of a binary model.

    Every group has one label, as the slices of a scan series have, half of the groups each; scores
    share a normal effect of their group.
    """
    sizes = rng.integers(_MEAN_SIZE // 4, 2 * _MEAN_SIZE - _MEAN_SIZE // 4, n_groups)
    group = np.repeat(np.arange(n_groups), sizes)
    y_true = (group % 2).astype(np.int64)
    effect = sqrt(icc / (1 - icc)) * rng.normal(size=n_groups)
    score = _SHIFT * (y_true - 0.5) + effect[group] + rng.normal(size=len(group))
    positive = 1 / (1 + np.exp(-score))
    return y_true, np.column_stack([1 - positive, positive]), group


def true_area(icc: float) -> float:
    """Return the AUC of :func:`draw_scores`: the chance that a positive scores above a negative."""
    return float(ndtr(_SHIFT / sqrt(2 / (1 - icc))))


def true_f1(icc: float) -> float:
    """Return the F1 of :func:`draw_scores` at 0.5: sensitivity and PPV are alike there."""
    return float(ndtr(_SHIFT / 2 / sqrt(1 / (1 - icc))))


def proportion_coverage(
    *, p: float, n_groups: int, icc: float, n_simulations: int = N_PROPORTIONS, seed: int = SEED
) -> list[Coverage]:
    """Simulate the plain and the grouped Wilson interval of a proportion."""
    rng = np.random.default_rng([seed, n_groups, round(1000 * p), round(1000 * icc)])
    made: dict[str, list[Interval]] = {"plain_wilson": [], "grouped_wilson": []}
    for _ in range(n_simulations):
        successes, totals = draw_proportion(rng, p=p, n_groups=n_groups, icc=icc)
        made["plain_wilson"].append(wilson(int(successes.sum()), int(totals.sum())))
        made["grouped_wilson"].append(grouped_wilson(successes, totals))
    return [_counted(name, n_groups, icc, p, intervals) for name, intervals in made.items()]


def bootstrap_coverage(
    *, n_groups: int, icc: float, n_simulations: int = N_BOOTSTRAPS, seed: int = SEED
) -> list[Coverage]:
    """Simulate the group bootstrap of AUC and F1 as figures use it, and the percentile interval."""
    rng = np.random.default_rng([seed, n_groups, round(1000 * icc)])
    truth = {
        "group_bootstrap_auc": true_area(icc),
        "group_bootstrap_f1": true_f1(icc),
        "percentile_auc": true_area(icc),
    }
    made: dict[str, list[Interval]] = {name: [] for name in truth}
    for _ in range(n_simulations):
        y_true, y_prob, group = draw_scores(rng, n_groups=n_groups, icc=icc)
        bins = [score_bins(y_prob[:, k], y_true == k) for k in (0, 1)]
        drawn = resample(y_true, y_prob, group, bins=bins).per_class
        counted = confusion_matrix(y_true, called_class(y_prob), n_classes=2)
        value = {
            "auc": auc(y_prob[:, 1], y_true == 1),
            "f1": float(rates.f1(one_vs_rest(counted))[1]),
        }
        for figure in ("auc", "f1"):
            interval = bias_corrected(value[figure], drawn[figure][:, 1], n_units=n_groups)
            made[f"group_bootstrap_{figure}"].append(interval)
        low, high = np.nanquantile(drawn["auc"][:, 1], [0.025, 0.975])
        made["percentile_auc"].append(Interval(float(low), float(high)))
    return [_counted(name, n_groups, icc, truth[name], item) for name, item in made.items()]


def _counted(
    name: str, n_groups: int, icc: float, truth: float, intervals: list[Interval]
) -> Coverage:
    ends = np.array(
        [(item.low, item.high) for item in intervals if item.low is not None], dtype=np.float64
    )
    covers = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    width = float((ends[:, 1] - ends[:, 0]).mean())
    return Coverage(
        name, n_groups, icc, round(truth, 4), len(ends), round(float(covers.mean()), 4),
        round(width, 4),
    )  # fmt: skip


def simulated() -> Iterator[Coverage]:
    """Yield every row of the table."""
    for n_groups in N_GROUPS:
        for p in TRUTHS:
            yield from proportion_coverage(p=p, n_groups=n_groups, icc=ICC)
        yield from bootstrap_coverage(n_groups=n_groups, icc=ICC)


def write_table(path: Path = TABLE) -> None:
    """Simulate everything and write the table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        names = [item.name for item in fields(Coverage)]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in simulated())


@cache
def read_table() -> tuple[Coverage, ...]:
    """Return the stored table."""
    kinds: dict[str, Any] = {"interval": str, "n_groups": int, "n_simulations": int}
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Coverage(**{name: kinds.get(name, float)(value) for name, value in row.items()})
            for row in csv.DictReader(stream)
        )


def expected_coverage(n_groups: int, *, kind: Kind) -> float | None:
    """Return how often such a grouped 95 % interval holds the truth, at worst.

    Parameters
    ----------
    n_groups : int
        Groups with a case in the figure's denominator; the table's next smaller number counts.
    kind : {"proportion", "bootstrap"}
        A rate with a grouped Wilson interval, or any other figure with a group bootstrap.

    Returns
    -------
    float or None
        The smallest coverage over the truths and figures simulated; None below 5 groups, where
        nothing was simulated.
    """
    known = [size for size in N_GROUPS if size <= n_groups]
    if not known:
        return None
    rows = [
        row.coverage
        for row in read_table()
        if row.n_groups == known[-1] and row.interval in _INTERVALS_OF[kind]
    ]
    return min(rows)


def coverage_said(n_groups: int, *, kind: Kind) -> str:
    """Return the sentence that stands beside a figure of few groups.

    >>> coverage_said(3, kind="bootstrap")
    'With 3 groups nothing is known of how often such an interval holds the truth.'
    """
    covers = expected_coverage(n_groups, kind=kind)
    if covers is None:
        return (
            f"With {n_groups} groups nothing is known of how often such an interval holds the "
            "truth."
        )
    share = f"{100 * covers:.0f} %"
    if covers < 0.93:
        return f"With about {n_groups} groups such an interval covers {share} instead of 95 %."
    return f"With about {n_groups} groups such an interval covers {share}; 95 % was asked for."


if __name__ == "__main__":
    write_table()
