"""The stored runs of an ensemble's members, brought together row by row or refused.

A combination may only be fitted on what each member said of pictures that it was not fitted on, and
only where all were judged on the same pictures in the same folds: otherwise a row could hold one
member's memory beside another's guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EnsembleError
from core.evaluation.runs import EvaluationRun

FOLD = "fold"
OUT_OF_FOLD = "out_of_fold"
REMEDY = "Train the members on the same data with the same --folds and --seed."


@dataclass(frozen=True, slots=True, eq=False)
class MemberRows:
    """What all members said of the same pictures.

    Attributes
    ----------
    run : EvaluationRun
        The first member's; its rows are the order of everything here.
    y_prob : ndarray of shape (n, n_members, n_classes), float64
        Calibrated.
    """

    run: EvaluationRun
    y_prob: NDArray[np.float64]

    @property
    def folds(self) -> NDArray[np.int64]:
        """Fold of each row, shape (n,), counted from 0."""
        return np.asarray(np.unique(_column(self.run, FOLD), return_inverse=True)[1], np.int64)


def out_of_fold_rows(runs: Mapping[str, EvaluationRun]) -> MemberRows:
    """Return the out-of-fold predictions of all members.

    Parameters
    ----------
    runs : mapping of str to EvaluationRun
        Member -> its ``out_of_fold`` run, the first member first.

    Raises
    ------
    EnsembleError
        If a run says no folds or groups, or two differ in pictures, labels, groups or folds.
    """
    for name, run in runs.items():
        if FOLD not in run.slices or run.group is None:
            lacks = "groups" if run.group is None else "folds"
            raise EnsembleError(
                f"The {OUT_OF_FOLD} run of {name} does not say its {lacks}.", remedy=REMEDY
            )
    rows = same_rows(runs, also=(FOLD,))
    folds = rows.folds
    of_group: dict[Any, int] = {}
    for group, fold in zip(_column(rows.run, "group").tolist(), folds.tolist(), strict=True):
        if of_group.setdefault(group, fold) != fold:
            raise EnsembleError(
                f"The {rows.run.facts.group_name} {group} is in more than one fold.",
                remedy="Train the members with grouped folds.",
            )
    return rows


def same_rows(runs: Mapping[str, EvaluationRun], *, also: tuple[str, ...] = ()) -> MemberRows:
    """Return the predictions of runs over the same pictures, in the first one's order.

    Parameters
    ----------
    runs : mapping of str to EvaluationRun
    also : tuple of str
        Slice columns that must be equal too.

    Raises
    ------
    EnsembleError
        If two differ, in a sentence that names the difference.
    """
    (first_name, first), *others = runs.items()
    columns = ("y_true", "group", *also)
    y_prob = [first.y_prob]
    place = {file: row for row, file in enumerate(first.file.tolist())}
    for name, run in others:
        both = f"{first_name} and {name}"
        if set(run.file.tolist()) != set(place) or len(run.file) != len(place):
            raise _differ(both, _files_said(first, run), first)
        order = np.argsort([place[file] for file in run.file.tolist()])
        for column in columns:
            _same_column(both, column, first, _column(run, column)[order])
        y_prob.append(run.y_prob[order])
    return MemberRows(first, np.stack(y_prob, axis=1).astype(np.float64))


def _column(run: EvaluationRun, name: str) -> NDArray[Any]:
    found = run.slices[name] if name in run.slices else getattr(run, name)
    values = np.asarray(found)
    return values if name == "y_true" else values.astype(str)


def _same_column(both: str, name: str, first: EvaluationRun, theirs: NDArray[Any]) -> None:
    ours = _column(first, name)
    differs = ours != theirs
    if not differs.any():
        return
    row = int(np.argmax(differs))
    said = {"y_true": "reference label", "group": first.facts.group_name}.get(name, name)
    values = [str(ours[row]), str(theirs[row])]
    if name == "y_true":
        values = [first.class_names[int(value)] for value in values]
    raise _differ(
        both,
        f"{int(differs.sum()):,} of {first.n:,} pictures have another {said}, such as "
        f"{first.file[row]} ({values[0]} and {values[1]})",
        first,
    )


def _files_said(first: EvaluationRun, other: EvaluationRun) -> str:
    ours, theirs = set(first.file.tolist()), set(other.file.tolist())
    n = len(ours ^ theirs)
    return f"{n:,} pictures are in one run only, such as {min(ours ^ theirs)}" if n else "rows"


def _differ(both: str, how: str, run: EvaluationRun) -> EnsembleError:
    return EnsembleError(
        f"The {run.facts.split} runs of {both} were not made on the same footing: {how}.",
        remedy=REMEDY,
    )
