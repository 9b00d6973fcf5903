"""A case on the screen: the recorded answer, and its maps from the version that gave it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain import Answer, GateVerdict, Prediction, Status
from core.errors import CoreError
from core.persistence.case_records import CaseAnswer, CaseFile
from core.workflows.answered_cases import answer_again
from core.workflows.cases import case_image


@dataclass(frozen=True, slots=True, eq=False)
class CaseView:
    """What is shown of a case; ``no_maps`` says why there are none, None where there are."""

    answer: Answer
    no_maps: str | None = None


def blind_view(found: CaseFile) -> CaseView:
    """Return the picture of a case alone, without anything that a model said.

    Raises
    ------
    PersistenceError
        If the picture is gone or damaged.
    """
    return CaseView(Answer("", Status.OK, None, "", image=case_image(found.case)))


def case_view(found: CaseFile) -> CaseView:
    """Return a case with its latest answer, as recorded; the maps are drawn anew.

    They are left out, with the reason, where the version that answered is no longer installed or
    says something else now: no map of another answer is ever shown.

    Raises
    ------
    PersistenceError
        If the picture is gone or damaged.
    """
    view = blind_view(found)
    if not found.answers:
        return view
    recorded = found.answers[-1]
    answer = _as_recorded(view.answer, recorded)
    if answer.prediction is None:
        return CaseView(answer)
    try:
        answered = answer_again(found.case.case_id)
    except CoreError as error:
        return CaseView(answer, f"{error.problem} What was recorded is shown, without maps.")
    again = answered.again
    if not answered.is_same:
        return CaseView(answer, "The version says something else now, so its maps are left out.")
    return CaseView(replace(answer, explanations=again.explanations, seen=again.seen))


def _as_recorded(blank: Answer, recorded: CaseAnswer) -> Answer:
    gate, found = recorded.gate, recorded.probabilities
    return replace(
        blank,
        status=Status(recorded.status),
        reason=recorded.reason,
        model_version=recorded.model_version,
        gate=None
        if gate is None
        else GateVerdict(bool(gate["inside"]), float(gate["distance"]), float(gate["threshold"])),
        prediction=None
        if found is None
        else Prediction(
            dict(found), str(recorded.predicted), recorded.flagged, dict(recorded.operating_points)
        ),
    )
