"""McNemar's exact test on the cases of one class: which of two runs missed what the other found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from core.evaluation.intervals import Interval, clopper_pearson


@dataclass(frozen=True, slots=True)
class Misses:
    """The 2x2 table of misses on the positives of a class.

    Attributes
    ----------
    both_found, only_a_missed, only_b_missed, both_missed : int
    """

    both_found: int
    only_a_missed: int
    only_b_missed: int
    both_missed: int

    @property
    def n(self) -> int:
        """Number of positives."""
        return self.both_found + self.only_a_missed + self.only_b_missed + self.both_missed

    @property
    def p(self) -> float | None:
        """Two-sided p of McNemar's exact test (McNemar 1947): None without a positive.

        Twice the smaller binomial tail of the cases that only one missed, at one half; at most 1.
        Cases count as independent.

        >>> round(Misses(1, 7, 1, 12).p, 4)  # Fagerland, Lydersen & Laake (2013)
        0.0703
        """
        if self.n == 0:
            return None
        smaller, n = sorted((self.only_a_missed, self.only_b_missed))[0], self.n_discordant
        return min(1.0, 2 * float(bdtr(smaller, n, 0.5)))

    @property
    def n_discordant(self) -> int:
        """Number of positives that only one of the two missed."""
        return self.only_a_missed + self.only_b_missed

    @property
    def newly_missed(self) -> Interval:
        """Exact 95 % interval (Clopper-Pearson) of the share that only B misses."""
        return clopper_pearson(self.only_b_missed, self.n)


def misses(
    found_a: NDArray[np.bool_], found_b: NDArray[np.bool_], is_positive: NDArray[np.bool_]
) -> Misses:
    """Count who missed what.

    Parameters
    ----------
    found_a, found_b : ndarray of shape (n,), bool
        Whether the case was called the class.
    is_positive : ndarray of shape (n,), bool
        Whether it is of the class.
    """
    a, b = found_a[is_positive], found_b[is_positive]
    return Misses(
        both_found=int((a & b).sum()),
        only_a_missed=int((~a & b).sum()),
        only_b_missed=int((a & ~b).sum()),
        both_missed=int((~a & ~b).sum()),
    )
