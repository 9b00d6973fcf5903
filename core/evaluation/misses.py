"""Wrong calls of one class: which pictures, how far they lay from the right call, in which groups.

Whether a class is called follows :mod:`core.evaluation.flags`, at the operating points in force or
at the largest probability. Everything is array work: a page asks for one picture only once it is
looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain import Figure
from core.errors import EvaluationError
from core.evaluation.figures import proportion
from core.evaluation.flags import ANY_FINDING, called_at, flags_at
from core.evaluation.runs import EvaluationRun

MISS, FALSE_ALARM = "miss", "false_alarm"
KINDS = (MISS, FALSE_ALARM)


@dataclass(frozen=True, slots=True)
class WrongSummary:
    """How often one class is called wrongly, and whether it happens in a few groups.

    Attributes
    ----------
    class_name, kind : str
    n_wrong, n : int
        Misses of the pictures of the class; false alarms of the pictures that are not.
    rate : Figure
        ``n_wrong / n``: 1 - sensitivity, or 1 - specificity, with n and intervals.
    n_groups_hit, n_groups : int or None
        Groups with a wrong call, of those with any of the ``n`` pictures; None without groups.
    largest_group, n_largest : str or None, int or None
        The group with most wrong calls (ties: the first by name), and how many.
    """

    class_name: str
    kind: str
    n_wrong: int
    n: int
    rate: Figure
    n_groups_hit: int | None
    n_groups: int | None
    largest_group: str | None
    n_largest: int | None


@dataclass(frozen=True, slots=True, eq=False)
class WrongCalls:
    """The wrong calls of one class in a run, the most confidently wrong first.

    Attributes
    ----------
    row : ndarray of shape (m,), int64
        Places in the run.
    called : ndarray of shape (m,), int64
        Index of the called class (of the most probable flagged finding, at operating points).
    distance : ndarray of shape (m,), float64
        How much more, or less, probability would have made the call right: see :func:`lacking`.
        Cases of one distance keep the order of the run.
    summary : WrongSummary
    """

    row: NDArray[np.int64]
    called: NDArray[np.int64]
    distance: NDArray[np.float64]
    summary: WrongSummary


def wrong_calls(
    run: EvaluationRun,
    class_name: str,
    *,
    kind: str,
    findings: Collection[str],
    thresholds: Mapping[str, float] | None = None,
) -> WrongCalls:
    """Return the misses, or the false alarms, of a class.

    Parameters
    ----------
    run : EvaluationRun
    class_name : str
        A class; or ``ANY_FINDING``: a finding of any kind that is called none at all, and the
        other way round.
    kind : str
        "miss" or "false_alarm".
    findings : collection of str
    thresholds : mapping of finding, or ``ANY_FINDING``, to threshold, or None
        The operating points in force; empty or None: the largest probability.

    Raises
    ------
    EvaluationError
        If there is no such class or kind, or no finding among the classes.
    """
    points = dict(thresholds or {})
    wanted = set(findings) if class_name == ANY_FINDING else {class_name}
    members = np.array([name in wanted for name in run.class_names])
    if not members.any():
        raise EvaluationError(
            f"{class_name!r} is no class of the run.",
            remedy=f"Name one of: {', '.join(run.class_names)}.",
            column=class_name,
        )
    if kind not in KINDS:
        raise EvaluationError(
            f"{kind!r} is no kind of wrong call.", remedy="Name miss or false_alarm."
        )
    called = called_at(
        run.y_prob, class_names=run.class_names, findings=findings, thresholds=points
    )
    is_called = _is_called(run, members, called, findings, points)
    is_true: NDArray[np.bool_] = members[run.y_true]
    asked: NDArray[np.bool_] = is_true if kind == MISS else ~is_true
    is_wrong = asked & (~is_called if kind == MISS else is_called)
    row = np.flatnonzero(is_wrong)
    short = lacking(run.y_prob[row], run.class_names, members, findings=findings, thresholds=points)
    distance = short if kind == MISS else -short
    order = np.argsort(-distance, kind="stable")
    row = row[order]
    return WrongCalls(
        row, called[row], distance[order], _summary(run, class_name, kind, asked, row)
    )


def _is_called(
    run: EvaluationRun,
    members: NDArray[np.bool_],
    called: NDArray[np.int64],
    findings: Collection[str],
    points: Mapping[str, float],
) -> NDArray[np.bool_]:
    """Return whether any member is flagged; a class that is no finding is called or it is not."""
    flagged = flags_at(
        run.y_prob, class_names=run.class_names, findings=findings, thresholds=points
    )
    is_finding = np.array([name in findings for name in run.class_names])
    by_flag = flagged[:, members & is_finding].any(axis=1)
    either: NDArray[np.bool_] = by_flag | (members & ~is_finding)[called]
    return either


def lacking(
    y_prob: NDArray[np.float64],
    class_names: Collection[str],
    members: NDArray[np.bool_],
    *,
    findings: Collection[str],
    thresholds: Mapping[str, float],
) -> NDArray[np.float64]:
    """Return how much probability is lacking for a call, shape (n,); 0 or less where it is made.

    For one class of a case this is

    - a finding with a threshold of its own: threshold - probability;
    - without any threshold: the largest other probability - its own;
    - a finding under a threshold for *any finding*: what the sum lacks, or what it lacks behind the
      most probable other finding, whichever is more; with a threshold of its own too, the smaller;
    - a class that is no finding, at thresholds: by how much the strongest finding exceeds its own.

    Parameters
    ----------
    y_prob : ndarray of shape (n, n_classes), 0..1
    class_names : collection of str
    members : ndarray of shape (n_classes,), bool
        Several: the least of what they lack, for any of them would do.
    findings, thresholds
        As for :func:`wrong_calls`.
    """
    names = list(class_names)
    is_finding = np.array([name in findings for name in names])
    short = _behind(y_prob, np.ones(len(names), bool))
    own = np.array([thresholds.get(name, np.inf) for name in names])
    if ANY_FINDING in thresholds:
        short_sum = thresholds[ANY_FINDING] - y_prob[:, is_finding].sum(axis=1)
        both = np.maximum(short_sum[:, None], _behind(y_prob, is_finding))
        short[:, is_finding] = np.minimum(both, own - y_prob)[:, is_finding]
    else:
        has_own = is_finding & np.isfinite(own)
        short[:, has_own] = (own - y_prob)[:, has_own]
    if thresholds and is_finding.any() and not is_finding.all():
        strongest = -short[:, is_finding].min(axis=1)
        others = np.maximum(strongest[:, None], _behind(y_prob, ~is_finding))
        short[:, ~is_finding] = others[:, ~is_finding]
    least: NDArray[np.float64] = short[:, members].min(axis=1)
    return least


def _behind(y_prob: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the largest *other* probability among some classes minus each class's own."""
    if not len(y_prob):
        return np.zeros_like(y_prob)
    within = np.where(among, y_prob, -np.inf)
    top = within.argmax(axis=1)
    places = np.arange(len(y_prob))
    others = np.repeat(within[places, top][:, None], y_prob.shape[1], axis=1)
    rest = within.copy()
    rest[places, top] = -np.inf
    others[places, top] = rest.max(axis=1)
    behind: NDArray[np.float64] = others - y_prob
    return behind


def _summary(
    run: EvaluationRun,
    class_name: str,
    kind: str,
    asked: NDArray[np.bool_],
    row: NDArray[np.int64],
) -> WrongSummary:
    n_wrong, n = len(row), int(asked.sum())
    if run.group is None:
        rate = proportion(np.array([n_wrong]), np.array([n]), has_groups=False)
        return WrongSummary(class_name, kind, n_wrong, n, rate, None, None, None, None)
    names, codes = np.unique(run.group.astype(str), return_inverse=True)
    wrong, totals = (np.bincount(codes[of], minlength=len(names)) for of in (row, asked))
    worst = int(wrong.argmax())
    return WrongSummary(
        class_name,
        kind,
        n_wrong,
        n,
        proportion(wrong[totals > 0], totals[totals > 0], has_groups=n > 0),
        n_groups_hit=int((wrong > 0).sum()),
        n_groups=int((totals > 0).sum()),
        largest_group=str(names[worst]) if n_wrong else None,
        n_largest=int(wrong[worst]) if n_wrong else None,
    )
