"""Two parts that share no group: one chooses a threshold, the other checks it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.figures import group_codes
from core.evaluation.runs import EvaluationRun
from core.wording import plural


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The choosing and the checking part of one or two runs.

    Attributes
    ----------
    choosing, checking : EvaluationRun
    sentence : str
        How they were kept apart; empty where nothing had to be done.
    by_group : bool
        Whether whole groups were kept apart; False where groups are unknown.
    """

    choosing: EvaluationRun
    checking: EvaluationRun
    sentence: str
    by_group: bool


def halves(run: EvaluationRun, *, seed: int = 0) -> Parts:
    """Return a run in two halves that share no group, the same ones every time.

    Groups are shuffled within their commonest class and dealt out in turn, so that each class
    falls on both sides. Without groups, single cases are dealt out.

    Raises
    ------
    EvaluationError
        If there is only one group.
    """
    codes = group_codes(run)
    unit = np.arange(run.n) if codes is None else codes
    n_units = int(unit.max()) + 1
    if n_units < 2:
        raise EvaluationError(
            f"The run {run.facts.name} holds one {run.facts.group_name}: it cannot be halved.",
            remedy="Choose the threshold on another run.",
        )
    n_classes = len(run.class_names)
    cells = np.bincount(unit * n_classes + run.y_true, minlength=n_units * n_classes)
    commonest = cells.reshape(n_units, n_classes).argmax(axis=1)
    shuffled = np.random.default_rng(seed).permutation(n_units)
    order = shuffled[np.argsort(commonest[shuffled], kind="stable")]
    chooses = np.zeros(n_units, dtype=bool)
    chooses[order[::2]] = True
    first = chooses[unit]
    said = (
        "Chosen on one half of the run and checked on the other: whole "
        f"{plural(run.facts.group_name)}, seed {seed}."
        if codes is not None
        else f"Chosen on one half of the run and checked on the other, picture by picture (seed "
        f"{seed}): groups are unknown, so pictures of one patient may stand in both."
    )
    return Parts(run.subset(first), run.subset(~first), said, codes is not None)


def kept_apart(choosing: EvaluationRun, checking: EvaluationRun) -> Parts:
    """Return two runs with what both hold left out of the larger one.

    Groups are compared where both runs are of the same data and have groups, else files are.

    Raises
    ------
    EvaluationError
        If nothing is left.
    """
    same_data = choosing.facts.data == checking.facts.data
    if same_data and choosing.group is not None and checking.group is not None:
        by_group, name = True, choosing.facts.group_name
        keys = choosing.group, checking.group
    else:
        by_group, name = False, "picture"
        keys = choosing.file, checking.file
    left_out = _shared(*keys), _shared(keys[1], keys[0])
    if not left_out[0].any():
        return Parts(choosing, checking, "", by_group)
    chooses_larger = choosing.n >= checking.n
    whole, mask, key = (
        (choosing, left_out[0], keys[0]) if chooses_larger else (checking, left_out[1], keys[1])
    )
    if mask.all():
        raise EvaluationError(
            f"The runs {choosing.facts.name} and {checking.facts.name} hold the same cases.",
            remedy="Take one run for both: it is then halved by whole groups.",
        )
    rest, n_shared = whole.subset(~mask), len(set(key[mask]))
    smaller, larger = ("checking", "choosing") if chooses_larger else ("choosing", "checking")
    named = name if n_shared == 1 else plural(name)
    sentence = f"The {n_shared} {named} of the {smaller} part are left out of the {larger} part."
    if chooses_larger:
        return Parts(rest, checking, sentence, by_group)
    return Parts(choosing, rest, sentence, by_group)


def _shared(own: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.isin(own.astype(str), np.unique(other.astype(str)))
