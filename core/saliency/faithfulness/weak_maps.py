"""When a map is weak: its raw peak beside what the same model gives when it is right.

A picture stretched to its own peak looks equally sure whatever the peak is. The floor of a class
is the 5th percentile of the raw peaks of its maps over calibration pictures of that class that the
model called rightly: a map below it is weaker than 95 of 100 maps of right calls. Raw peaks of
classes that are *not* there would answer another question (does the peak tell the classes apart?);
where they overlap with those of right calls, a floor drawn from them would flag every map. Their
share above the floor is kept beside it instead: it says how little a peak above the floor proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILE = 5.0
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of one class and method.

    Attributes
    ----------
    value : float
        Raw peak below which a map is weak, in the method's own unit.
    n : int
        Calibration pictures of the class, called rightly, that it comes from.
    absent_above : float or None
        Share of the maps of this class, over pictures of other classes, that pass the floor too;
        None without such pictures.
    """

    value: float
    n: int
    absent_above: float | None = None


def floor_of(present: NDArray[Any], absent: NDArray[Any]) -> Floor | None:
    """Return the floor of a class from raw peaks of its maps; None from fewer than 20.

    Parameters
    ----------
    present : ndarray of shape (n,)
        Over calibration pictures of the class that were called rightly.
    absent : ndarray of shape (m,)
        Over calibration pictures of other classes.
    """
    if len(present) < FEWEST:
        return None
    value = float(np.percentile(present, PERCENTILE))
    above = float(np.mean(np.asarray(absent) >= value)) if len(absent) else None
    return Floor(value, len(present), above)


def is_weak(raw_peak: float, floor: Floor | None) -> bool | None:
    """Return whether a map is weak; None where no floor is known.

    >>> is_weak(0.4, Floor(1.5, n=40)), is_weak(0.4, None)
    (True, None)
    """
    return None if floor is None else raw_peak < floor.value
