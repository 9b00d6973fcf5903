"""The cases of two runs side by side: joined on ``file``, and the units that keep groups whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.errors import EvaluationError
from core.evaluation.bootstrap import case_units
from core.evaluation.runs import EvaluationRun

CHAMPION, CHALLENGER = "A", "B"


class Mismatch(NamedTuple):
    """The first case that keeps two runs from being the same cases.

    ``run`` is "A" or "B", ``record`` the case's place in it (from 0), ``column`` the column that
    tells them apart, ``problem`` a sentence.
    """

    run: str
    record: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is drawn as a whole.

    ``unit`` : ndarray of shape (n,), int64, 0..n_units-1; ``by`` : "group" or "case"; ``note`` : a
    sentence where the groups are not simply those of both runs, else "".
    """

    unit: NDArray[np.int64]
    by: str
    note: str = ""

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.unit.max()) + 1


def first_mismatch(run_a: EvaluationRun, run_b: EvaluationRun) -> Mismatch | None:
    """Return the first file that only one run has, else the first with another ``y_true``."""
    a, b = _text(run_a), _text(run_b)
    for key, mine, other, its in ((CHAMPION, a, b, CHALLENGER), (CHALLENGER, b, a, CHAMPION)):
        absent = np.flatnonzero(pc.index_in(mine, value_set=other).is_null())
        if len(absent):
            record = int(absent[0])
            said = f"The file {mine[record].as_py()!r} of {key} is not in {its}"
            more = f", nor are {len(absent) - 1} others" if len(absent) > 1 else ""
            return Mismatch(key, record, "file", f"{said}{more}.")
        if len(pc.unique(mine)) < len(mine):
            codes = np.asarray(pc.index_in(mine, value_set=mine))
            record = int(np.flatnonzero(codes != np.arange(len(codes)))[0])
            problem = f"The file {mine[record].as_py()!r} stands in {key} a second time."
            return Mismatch(key, record, "file", problem)
    order = np.asarray(pc.index_in(a, value_set=b))
    label_a = np.array(run_a.class_names, object)[run_a.y_true]
    label_b = np.array(run_b.class_names, object)[run_b.y_true][order]
    other = np.flatnonzero(label_a != label_b)
    if not len(other):
        return None
    place = int(other[0])
    return Mismatch(
        CHALLENGER,
        int(order[place]),
        "y_true",
        f"{a[place].as_py()!r} is {label_a[place]!r} in A and {label_b[place]!r} in B.",
    )


def aligned(run_a: EvaluationRun, run_b: EvaluationRun) -> EvaluationRun:
    """Return run B with the cases in the order of A and the classes in the order of A.

    Raises
    ------
    EvaluationError
        If the classes, the files or a ``y_true`` differ; it names the first offender.
    """
    if set(run_a.class_names) != set(run_b.class_names):
        raise EvaluationError(
            f"A has the classes {', '.join(run_a.class_names)}, B {', '.join(run_b.class_names)}.",
            remedy="Compare two runs of the same classes.",
        )
    wrong = first_mismatch(run_a, run_b)
    if wrong is not None:
        raise EvaluationError(
            wrong.problem,
            remedy="Compare two runs on the same cases with the same reference.",
            column=wrong.column,
        )
    order = np.asarray(pc.index_in(_text(run_a), value_set=_text(run_b)))
    classes = [run_b.class_names.index(name) for name in run_a.class_names]
    return replace(
        run_b,
        class_names=run_a.class_names,
        file=run_a.file,
        y_true=run_a.y_true,
        y_prob=run_b.y_prob[order][:, classes],
        group=None if run_b.group is None else run_b.group[order],
        refused=run_b.refused[order],
        slices={name: column[order] for name, column in run_b.slices.items()},
    )


def resampling_units(run_a: EvaluationRun, run_b: EvaluationRun) -> Units:
    """Return what a paired resample of two aligned runs draws as a whole.

    Groups when both runs have them, else cases. Where the two group the cases differently, cases
    that either run puts together stay together.
    """
    if run_a.group is None or run_b.group is None:
        note = ""
        if run_a.group is not None or run_b.group is not None:
            with_groups = CHAMPION if run_a.group is not None else CHALLENGER
            note = f"Only {with_groups} names groups: intervals treat every case as independent."
        return Units(case_units(run_a.n), "case", note)
    a, b = (_codes(run.group) for run in (run_a, run_b) if run.group is not None)
    n_a, n_b = int(a.max()) + 1, int(b.max()) + 1
    links = coo_array((np.ones(run_a.n), (a, n_a + b)), shape=(n_a + n_b, n_a + n_b))
    n_units, node = connected_components(links, directed=False)
    note = ""
    if not n_units == n_a == n_b:
        note = (
            f"A and B group the cases differently ({n_a:,} and {n_b:,} groups): cases that either "
            f"puts together stay together, {n_units:,} groups in all."
        )
    return Units(node[a].astype(np.int64), "group", note)


def _codes(group: NDArray[np.object_]) -> NDArray[np.int64]:
    return np.unique(group.astype(str), return_inverse=True)[1].astype(np.int64)


def _text(run: EvaluationRun) -> pa.Array:
    return pa.array([str(name) for name in run.file], pa.string())
