"""95 % intervals, for independent cases and for cases that come in groups."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, ndtri, stdtrit

Z95 = 1.959963984540054


class Interval(NamedTuple):
    """Lower and upper end; both None where there is no interval."""

    low: float | None
    high: float | None


NO_INTERVAL = Interval(None, None)


def wilson(successes: float, n: float, *, z: float = Z95) -> Interval:
    """Return the Wilson score interval (Wilson 1927) of successes / n.

    ``n`` may be fractional: an effective number of cases. An empty denominator has none.

    >>> [round(end, 3) for end in wilson(48, 50)]
    [0.865, 0.989]
    >>> wilson(0, 0)
    Interval(low=None, high=None)
    """
    if n <= 0:
        return NO_INTERVAL
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At p = 0 or 1 the end is p itself; rounding must not push it past.
    return Interval(min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def clopper_pearson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return the exact two-sided interval (Clopper & Pearson 1934); never covers less.

    >>> [round(end, 3) for end in clopper_pearson(30, 30)]
    [0.884, 1.0]
    """
    if n <= 0:
        return NO_INTERVAL
    tail = (1 - confidence) / 2
    k = successes
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return Interval(low, high)


def design_effect(successes: NDArray[Any], totals: NDArray[Any]) -> float:
    """Return by how much groups inflate the variance of sum(successes) / sum(totals), >= 1.

    The variance of the ratio estimator over groups (Rao & Scott 1992, Biometrics 48:577) over
    the binomial one gives a correlation within groups, rho = (deff - 1) / (m - 1), with m the
    mean group size seen from a case, sum(totals^2) / sum(totals) (Donner & Klar 2000, ch. 5).

    With few misses rho is hardly estimated: one miss gives 0, none gives 0/0, and both would
    pass for proof of independence. So rho is averaged with 1 (a group counts as one case),
    weighted by the evidence: e : 1, where e is the smaller of the numbers of groups with a
    success and with a failure. Coverage by simulation: docs/statistics.md.

    Parameters
    ----------
    successes, totals : ndarray of shape (n_groups,)
        Counts a group; totals > 0; at least two groups.
    """
    n = float(totals.sum())
    p = float(successes.sum()) / n
    size = float((totals.astype(np.float64) ** 2).sum()) / n
    if size <= 1:
        return 1.0
    n_groups = len(totals)
    rho = 0.0
    if 0 < p < 1:
        residual = successes - p * totals
        variance = n_groups / (n_groups - 1) * float(residual @ residual) / n**2
        rho = min(1.0, max(0.0, (variance / (p * (1 - p) / n) - 1) / (size - 1)))
    evidence = min(int((successes > 0).sum()), int((successes < totals).sum()))
    rho = (evidence * rho + 1) / (evidence + 1)
    return 1 + (size - 1) * rho


def grouped_wilson(successes: NDArray[Any], totals: NDArray[Any]) -> Interval:
    """Return the Wilson interval that respects groups.

    Effective number of cases n / design effect in place of n, and the t quantile on
    n_groups - 1 degrees of freedom in place of z (Korn & Graubard 1998). Groups without a case
    in the denominator do not count; fewer than two groups tell nothing about other groups.

    Parameters
    ----------
    successes, totals : ndarray of shape (n_groups,)
        Counts a group.
    """
    present = totals > 0
    if int(present.sum()) < 2:
        return NO_INTERVAL
    successes, totals = successes[present], totals[present]
    n = float(totals.sum())
    deff = design_effect(successes, totals)
    t = float(stdtrit(len(totals) - 1, 0.975))
    return wilson(float(successes.sum()) / deff, n / deff, z=t)


def bias_corrected(value: float, replicates: NDArray[np.float64], *, n_units: int) -> Interval:
    """Return the bias-corrected bootstrap interval (Efron 1981) of a figure.

    The levels are widened for few units as Hesterberg (2015, Am. Stat. 69:371) does: t on
    n_units - 1 degrees times sqrt(n / (n - 1)) in place of z. Replicates without the figure (a
    resample without a case of the class) are left out. The bias correction is held within 2
    standard errors, and the interval always reaches to the value itself: figures that every
    resample makes worse, as the calibration error, would else lie outside their own interval.

    Parameters
    ----------
    value : float
        The figure on the cases themselves; NaN where undefined.
    replicates : ndarray of shape (n_resamples,)
        The figure on each resample; NaN where undefined.
    n_units : int
        Number of independent units that were resampled: cases or groups.

    Returns
    -------
    Interval
        Without ends when fewer than half of the resamples have the figure, or for fewer than
        two units.
    """
    defined = np.sort(replicates[~np.isnan(replicates)])
    if np.isnan(value) or n_units < 2 or 2 * defined.size < replicates.size:
        return NO_INTERVAL
    tolerance = 1e-6 * max(1.0, abs(value))  # resamples are summed in single precision
    below = np.searchsorted(defined, value - tolerance)
    not_above = np.searchsorted(defined, value + tolerance, side="right")
    share = (below + not_above) / 2 / defined.size
    shift = float(np.clip(ndtri(share), -2.0, 2.0))
    reach = float(stdtrit(n_units - 1, 0.975)) * sqrt(n_units / (n_units - 1))
    levels = ndtr(np.array([2 * shift - reach, 2 * shift + reach]))
    low, high = np.quantile(defined, levels)
    return Interval(min(float(low), value), max(float(high), value))
