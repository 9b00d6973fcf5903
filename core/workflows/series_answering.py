"""Answer a series: slice by slice, one decoded at a time, then once for the whole of it.

The series' answer follows the task's rule, the same as the figures by group: their figures are then
about this answer. Slices that are refused or cannot be read are counted and left out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.domain import Answer, Prediction, Status
from core.errors import IntakeError
from core.evaluation.groups import GroupRule, one_case
from core.intake.stack import Slice, Stack
from core.saliency.raw_maps import Watch
from core.tasks import TaskSpec
from core.workflows.analyse import answer_bytes
from core.workflows.analyst import Analyst

__all__ = [
    "SeriesAnswer",
    "SliceAnswer",
    "answer_slice",
    "answer_slices",
    "series_answer",
    "with_pictures",
]


@dataclass(frozen=True, slots=True, eq=False)
class SliceAnswer:
    """The answer for one slice.

    ``number`` counts from 1 in the order of the stack; ``answer.file`` is the name of the file.
    """

    number: int
    slice: Slice
    answer: Answer

    @property
    def prediction(self) -> Prediction | None:
        """What the slice is called; None where it was refused or cannot be read."""
        return self.answer.prediction if self.answer.status is Status.OK else None

    def without_pictures(self) -> SliceAnswer:
        """Return it without decoded pixels: what may be kept of hundreds (maps stay, raw)."""
        return replace(self, answer=replace(self.answer, image=None, seen=None))


@dataclass(frozen=True, slots=True, eq=False)
class SeriesAnswer:
    """The answer for a whole series.

    Attributes
    ----------
    n, n_answered, n_refused, n_errors : int
        Slices, and how many of them were answered, refused, unreadable.
    rule : "mean" or "any"
        How the slices give one answer, see :func:`core.evaluation.groups.aggregate_groups`.
    probabilities : mapping of class to float, or None
        By the rule; None where no slice was answered.
    predicted : str or None
        The class of the largest probability (ties: the first).
    called : tuple of str
        What the figures by group call such a series. With "any" these may be several findings, or
        none of the classes.
    n_called, n_flagged : mapping of class to int
        How many slices are called each class; how many have each finding flagged. A series is
        positive for every class with at least one.
    strongest : mapping of class to SliceAnswer
        The slice with the largest probability of each class (ties: the first slice).
    first : int or None
        Number of the slice to be shown first: that with the largest probability of any finding.
    """

    n: int
    n_answered: int
    n_refused: int
    n_errors: int
    rule: GroupRule
    probabilities: Mapping[str, float] | None
    predicted: str | None
    called: tuple[str, ...]
    n_called: Mapping[str, int]
    n_flagged: Mapping[str, int]
    strongest: Mapping[str, SliceAnswer]
    first: int | None


def answer_slices(
    analyst: Analyst,
    stack: Stack,
    *,
    already_applied: Sequence[str] = (),
    watch: Watch | None = None,
) -> Iterator[SliceAnswer]:
    """Answer slice by slice, in order; a slice that cannot be read is an error of that slice.

    Each answer holds its own picture. Who keeps many keeps
    :meth:`SliceAnswer.without_pictures`.

    Parameters
    ----------
    analyst : Analyst
    stack : Stack
    already_applied : sequence of str
        Recipe steps that the slices carry already.
    watch : Watch or None
        Told (done, total) after every slice; stopping it ends the work before the next one.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    """
    for index in range(len(stack)):
        if watch is not None:
            watch.tell(index, len(stack))
        yield answer_slice(analyst, stack, index, already_applied=already_applied)
    if watch is not None:
        watch.tell(len(stack), len(stack))


def answer_slice(
    analyst: Analyst, stack: Stack, index: int, *, already_applied: Sequence[str] = ()
) -> SliceAnswer:
    """Answer one slice of a stack, counted from 0."""
    found = stack.slices[index]
    try:
        data = stack.data(index)
    except IntakeError as error:
        answer = Answer(found.name, Status.ERROR, str(error), analyst.version_name)
    else:
        answer = answer_bytes(
            analyst, data, file=found.name, frame=found.frame, already_applied=already_applied
        )
    return SliceAnswer(index + 1, found, answer)


def with_pictures(
    analyst: Analyst, stack: Stack, item: SliceAnswer, *, already_applied: Sequence[str] = ()
) -> SliceAnswer:
    """Return a slice's answer with its decoded pictures again; the network does not run.

    A slice that cannot be read comes back as it is.
    """
    try:
        image = stack.image(item.number - 1, default_window=analyst.task.window)
    except IntakeError:
        return item
    # What was refused or failed before the network saw it has nothing that was seen.
    seen = None
    if item.answer.gate is not None:
        seen = analyst.answering.prepare(image.pixels, already_applied=already_applied)
    return replace(item, answer=replace(item.answer, image=image, seen=seen))


def series_answer(answers: Iterable[SliceAnswer], task: TaskSpec) -> SeriesAnswer:
    """Return the answer for a series from those for its slices, by the task's ``group_rule``.

    ``answers`` are gone through once, so a generator will do; only the strongest of each class are
    kept, without their pictures.
    """
    counts: Counter[Status] = Counter()
    called, flagged = Counter[str](), Counter[str]()
    rows: list[list[float]] = []
    strongest: dict[str, SliceAnswer] = {}
    names = task.class_names
    for item in answers:
        counts[item.answer.status] += 1
        prediction = item.prediction
        if prediction is None:
            continue
        rows.append([prediction.probabilities[name] for name in names])
        called[prediction.predicted] += 1
        flagged.update(prediction.flagged)
        for name in names:
            if name not in strongest or _score(item, name) > _score(strongest[name], name):
                strongest[name] = item.without_pictures()
    probabilities, said = _joined(rows, task)
    return SeriesAnswer(
        n=counts.total(),
        n_answered=len(rows),
        n_refused=counts[Status.REFUSED],
        n_errors=counts.total() - len(rows) - counts[Status.REFUSED],
        rule=task.group_rule,
        probabilities=probabilities,
        predicted=max(names, key=probabilities.__getitem__) if probabilities else None,
        called=said,
        n_called={name: called[name] for name in names},
        n_flagged={name: flagged[name] for name in task.findings},
        strongest=strongest,
        first=_first(strongest, task),
    )


def _joined(
    rows: Sequence[Sequence[float]], task: TaskSpec
) -> tuple[Mapping[str, float] | None, tuple[str, ...]]:
    if not rows:
        return None, ()
    y_prob, said = one_case(
        np.array(rows, np.float64),
        class_names=task.class_names,
        rule=task.group_rule,
        findings=task.findings,
    )
    pairs = zip(task.class_names, said.tolist(), strict=True)
    return (
        dict(zip(task.class_names, y_prob.tolist(), strict=True)),
        tuple(name for name, is_called in pairs if is_called),
    )


def _score(item: SliceAnswer, name: str) -> float:
    return item.prediction.probabilities[name] if item.prediction else 0.0


def _first(strongest: Mapping[str, SliceAnswer], task: TaskSpec) -> int | None:
    found = [name for name in task.findings if name in strongest]
    if not found:
        return None
    return strongest[max(found, key=lambda name: _score(strongest[name], name))].number
