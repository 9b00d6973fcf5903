"""Which findings are flagged at the operating points in force, and what the called class then is.

One rule for pages, command line and evaluation:

- A finding with a threshold of its own is flagged when its probability is at or above it.
- With a threshold for *any finding*, a picture is suspicious when the sum of the findings'
  probabilities is at or above it; its most probable finding is then flagged, whatever that
  finding's own threshold.
- Without that one, a finding that has no threshold is flagged when it is the called class.
- Called is the most probable flagged finding; with none flagged, the most probable class that is
  no finding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

ANY_FINDING = "any_finding"


def flags_at(
    y_prob: NDArray[np.float64],
    *,
    class_names: Sequence[str],
    findings: Collection[str],
    thresholds: Mapping[str, float],
) -> NDArray[np.bool_]:
    """Return which findings are flagged, shape (n, n_classes); never True for another class.

    Parameters
    ----------
    y_prob : ndarray of shape (n, n_classes)
    class_names : sequence of str
    findings : collection of str
    thresholds : mapping of finding, or ``ANY_FINDING``, to threshold
        Empty: the called class is flagged where it is a finding.
    """
    is_finding = np.array([name in findings for name in class_names])
    at = np.array([thresholds.get(name, np.inf) for name in class_names])
    flagged: NDArray[np.bool_] = (y_prob >= at) & is_finding
    if ANY_FINDING in thresholds:
        suspicious = y_prob[:, is_finding].sum(axis=1) >= thresholds[ANY_FINDING]
        first = np.argmax(np.where(is_finding, y_prob, -1.0), axis=1)
    else:
        first = np.argmax(y_prob, axis=1)
        free = is_finding & np.isinf(at)
        suspicious = free[first]
    flagged[np.flatnonzero(suspicious), first[suspicious]] = True
    return flagged


def called_at(
    y_prob: NDArray[np.float64],
    *,
    class_names: Sequence[str],
    findings: Collection[str],
    thresholds: Mapping[str, float],
) -> NDArray[np.int64]:
    """Return the index of the called class of each case at these thresholds, shape (n,).

    Without thresholds this is the argmax. Where every class is a finding, a case with none flagged
    is called its most probable class.
    """
    flagged = flags_at(y_prob, class_names=class_names, findings=findings, thresholds=thresholds)
    is_finding = np.array([name in findings for name in class_names])
    allowed = np.where(flagged.any(axis=1, keepdims=True), flagged, ~is_finding | is_finding.all())
    called: NDArray[np.int64] = np.argmax(np.where(allowed, y_prob, -1.0), axis=1)
    return called.astype(np.int64)


def flagged_findings(
    probabilities: Mapping[str, float],
    *,
    findings: Collection[str],
    thresholds: Mapping[str, float],
) -> tuple[str, ...]:
    """Return the flagged findings of one picture, in class order.

    >>> flagged_findings({"normal": 0.7, "stone": 0.3}, findings={"stone"}, thresholds={})
    ()
    >>> flagged_findings({"normal": 0.7, "stone": 0.3}, findings={"stone"},
    ...     thresholds={"stone": 0.3})
    ('stone',)
    """
    names = tuple(probabilities)
    flagged = flags_at(
        np.array([list(probabilities.values())]),
        class_names=names,
        findings=findings,
        thresholds=thresholds,
    )[0]
    return tuple(name for name, is_flagged in zip(names, flagged, strict=True) if is_flagged)
