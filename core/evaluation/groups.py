"""One case a group: the slices of a series put together, where a task says a group is a case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.confusion import Labels, called_class
from core.evaluation.runs import EvaluationRun

GroupRule = Literal["mean", "any"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupCases:
    """A run with one row a group, and which classes each group holds and is called.

    Attributes
    ----------
    run : EvaluationRun
        As :func:`aggregate_groups` gives it, its groups taken off: each row is a case of its own.
    labels : Labels
        Of shape (n_groups, n_classes). A group holds every class that any of its pictures holds.
    n_mixed : int
        Number of groups that hold more than one class.
    """

    run: EvaluationRun
    labels: Labels
    n_mixed: int


def group_cases(run: EvaluationRun, *, rule: GroupRule, findings: Collection[str]) -> GroupCases:
    """Return the groups of a run as cases, for figures of each class and their curves.

    A mixed group is positive for each class that any picture of it holds. With the rule "any" it
    is called every finding that any picture is called, and a class that is no finding only where
    no picture is called a finding; with "mean" it is called the class of its mean probabilities.

    Parameters
    ----------
    run, rule, findings
        As for :func:`aggregate_groups`.

    Raises
    ------
    EvaluationError
        If the run has no groups.
    """
    joined = aggregate_groups(run, rule=rule, findings=findings)
    codes = np.unique(np.asarray(run.group, dtype=object).astype(str), return_inverse=True)[1]
    is_finding = np.array([name in findings for name in run.class_names])
    held = np.zeros((joined.n, len(run.class_names)), dtype=bool)
    held[codes, run.y_true] = True
    by_picture = np.zeros_like(held)
    by_picture[codes, called_class(run.y_prob)] = True
    called = _called(joined.y_prob, by_picture, is_finding, rule)
    n_mixed = int((held.sum(axis=1) > 1).sum())
    alone = replace(joined, group=None, facts=replace(joined.facts, group_source="none"))
    return GroupCases(alone, Labels(held, called), n_mixed)


def aggregate_groups(
    run: EvaluationRun, *, rule: GroupRule, findings: Collection[str]
) -> EvaluationRun:
    """Return the run with one row a group.

    Parameters
    ----------
    run : EvaluationRun
    rule : "mean" or "any"
        How a group's probabilities come from its pictures'. "mean": their mean. "any": a finding
        has its largest probability on any picture, every other class its smallest, divided by
        their sum; with two classes the finding is then called exactly when any picture calls it.
    findings : collection of str
        Classes that are findings.

    Returns
    -------
    EvaluationRun
        ``file`` and ``group`` are the group's name. The true class of a mixed group is the finding
        on most of its pictures (ties: the first class), so that a finding is never outvoted by
        pictures without one; a note counts the mixed groups. Refused where every picture is.

    Raises
    ------
    EvaluationError
        If the run has no groups.
    """
    if run.group is None:
        raise EvaluationError(
            "The run has no groups to put together.",
            remedy="Add a group column to the data, then evaluate again.",
        )
    names, codes = np.unique(run.group.astype(str), return_inverse=True)
    is_finding = np.array([name in findings for name in run.class_names])
    n_groups, n_classes = len(names), len(run.class_names)
    cells = np.bincount(codes * n_classes + run.y_true, minlength=n_groups * n_classes)
    counts = cells.reshape(n_groups, n_classes)
    n_mixed = int(((counts > 0).sum(axis=1) > 1).sum())
    any_finding = counts[:, is_finding].sum(axis=1, keepdims=True) > 0
    eligible = np.where(any_finding & ~is_finding, 0, counts)
    notes = list(run.facts.notes)
    if n_mixed:
        notes.append(
            f"{n_mixed} of {n_groups} groups hold pictures of more than one class; each counts as "
            "the finding on most of its pictures."
        )
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(n_groups))
    name = names.astype(object)
    return EvaluationRun(
        class_names=run.class_names,
        file=name,
        y_true=np.argmax(eligible, axis=1).astype(np.int64),
        y_prob=_joined(run.y_prob[order], starts, is_finding, rule),
        group=name.copy(),
        refused=np.logical_and.reduceat(run.refused[order], starts),
        facts=replace(run.facts, notes=tuple(notes)),
    )


def one_case(
    y_prob: NDArray[np.float64],
    *,
    class_names: Sequence[str],
    rule: GroupRule,
    findings: Collection[str],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the probabilities of one group, and which classes it is called.

    Parameters
    ----------
    y_prob : ndarray of shape (n_pictures, n_classes)
        At least one picture, all of the same group.
    class_names : sequence of str
    rule, findings
        As for :func:`aggregate_groups`; a group is called as :func:`group_cases` says.

    Returns
    -------
    tuple of ndarray
        Both of shape (n_classes,): float, its sum 1; bool.

    Examples
    --------
    >>> pictures = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> names = ("normal", "stone")
    >>> one_case(pictures, class_names=names, rule="mean", findings=["stone"])[1].tolist()
    [True, False]
    >>> one_case(pictures, class_names=names, rule="any", findings=["stone"])[1].tolist()
    [False, True]
    """
    is_finding = np.array([name in findings for name in class_names])
    joined = _joined(y_prob, np.zeros(1, np.int64), is_finding, rule)
    by_picture = np.zeros((1, len(class_names)), dtype=bool)
    by_picture[0, called_class(y_prob)] = True
    return joined[0], _called(joined, by_picture, is_finding, rule)[0]


def _called(
    joined: NDArray[np.float64],
    by_picture: NDArray[np.bool_],
    is_finding: NDArray[np.bool_],
    rule: GroupRule,
) -> NDArray[np.bool_]:
    """Return what each group is called, of shape (n_groups, n_classes).

    ``by_picture`` has the same shape: which classes any picture of the group is called.
    """
    called: NDArray[np.bool_] = called_class(joined)[:, None] == np.arange(joined.shape[1])
    if rule == "mean":
        return called
    none = ~by_picture[:, is_finding].any(axis=1, keepdims=True)
    return np.where(is_finding, by_picture, called & none)


def _joined(
    y_prob: NDArray[np.float64],
    starts: NDArray[np.int64],
    is_finding: NDArray[np.bool_],
    rule: GroupRule,
) -> NDArray[np.float64]:
    """Return a group's probabilities from those of its pictures, which stand together."""
    if rule == "mean":
        size = np.diff(np.r_[starts, len(y_prob)])[:, None]
        mean: NDArray[np.float64] = np.add.reduceat(y_prob, starts, axis=0) / size
        return mean
    high = np.maximum.reduceat(y_prob, starts, axis=0)
    low = np.minimum.reduceat(y_prob, starts, axis=0)
    joined = np.where(is_finding, high, low)
    share: NDArray[np.float64] = joined / joined.sum(axis=1, keepdims=True)
    return share
