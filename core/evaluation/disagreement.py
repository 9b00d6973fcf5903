"""The cases on which two runs disagree about a class: the new misses first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.confusion import called_class
from core.evaluation.runs import EvaluationRun

ONLY_B_MISSED = "only B missed"
ONLY_A_MISSED = "only A missed"
ONLY_B_ALARMED = "only B false alarm"
ONLY_A_ALARMED = "only A false alarm"
KINDS = (ONLY_B_MISSED, ONLY_A_MISSED, ONLY_B_ALARMED, ONLY_A_ALARMED)


def disagreements(
    run_a: EvaluationRun,
    run_b: EvaluationRun,
    found_a: NDArray[np.bool_],
    found_b: NDArray[np.bool_],
    index: int,
) -> pd.DataFrame:
    """Return one row a case that one run called the class and the other did not.

    Parameters
    ----------
    run_a, run_b : EvaluationRun
        The same cases in the same order.
    found_a, found_b : ndarray of shape (n,), bool
        Whether each run called the case the class.
    index : int
        Place of the class in ``class_names``.

    Returns
    -------
    DataFrame
        ``what`` (one of ``KINDS``, in that order, within each the largest change of probability
        first), ``file, group, y_true, largest_a, largest_b`` (class of largest probability),
        ``p_a, p_b`` (probability of the class).
    """
    names = np.array(run_a.class_names, dtype=object)
    case = np.flatnonzero(found_a != found_b)
    positive = run_a.y_true[case] == index
    kind = np.where(positive, np.where(found_a[case], 0, 1), np.where(found_b[case], 2, 3))
    p_a, p_b = run_a.y_prob[case, index], run_b.y_prob[case, index]
    order = np.lexsort((-np.abs(p_b - p_a), kind))
    case, kind = case[order], kind[order]
    return pd.DataFrame(
        {
            "what": np.array(KINDS, dtype=object)[kind],
            "file": run_a.file[case],
            "group": None if run_a.group is None else run_a.group[case],
            "y_true": names[run_a.y_true[case]],
            "largest_a": names[called_class(run_a.y_prob[case])],
            "largest_b": names[called_class(run_b.y_prob[case])],
            "p_a": p_a[order],
            "p_b": p_b[order],
        }
    )
