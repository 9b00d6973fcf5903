"""A case with the version that answered it, answering again: what a replay and a report rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain import Answer, StudyImage
from core.errors import CaseError, ModelMissingError, ModelVersionError
from core.persistence.case_records import CaseAnswer, CaseFile
from core.workflows.cases import case_file, case_image

if TYPE_CHECKING:
    from core.workflows.analyst import Analyst

SAME_WITHIN = 1e-6  # probabilities of the same version on another machine's engine


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredCase:
    """What was recorded of a case, and what the very version that answered says now.

    ``recorded`` is the latest answer; ``again`` holds the picture's maps; ``largest_difference``
    of the probabilities is None where there was no answer, 1 where only one of them is there.
    """

    found: CaseFile
    recorded: CaseAnswer
    image: StudyImage
    analyst: Analyst
    again: Answer
    largest_difference: float | None

    @property
    def is_same(self) -> bool:
        """Whether the version says again what it said."""
        same_status = str(self.again.status) == self.recorded.status
        return same_status and (self.largest_difference or 0.0) <= SAME_WITHIN


def latest_answer(found: CaseFile) -> CaseAnswer:
    """Return what was last answered.

    Raises
    ------
    CaseError
        If the case was never answered.
    """
    if not found.answers:
        raise CaseError(f"Case {found.case.case_id} was never answered.", remedy="Answer it first.")
    return found.answers[-1]


def answer_again(case_id: str) -> AnsweredCase:
    """Have the version that answered a case answer it again; it must have the very digest.

    Raises
    ------
    CaseError
        If there is no such case, or it was never answered.
    ModelVersionError
        If that version is gone, or its files are others.
    PersistenceError
        If the picture is gone or is not what was stored.
    """
    found = case_file(case_id)
    recorded = latest_answer(found)
    image = case_image(found.case)
    analyst = _open_very_version(case_id, found.case.task, recorded)
    from core.workflows.analyse import answer_image

    again = answer_image(analyst, image, already_applied=tuple(recorded.steps["left_out"]))
    said = None if again.prediction is None else dict(again.prediction.probabilities)
    difference = _difference(recorded.probabilities, said)
    return AnsweredCase(found, recorded, image, analyst, again, difference)


def _open_very_version(case_id: str, task: str, recorded: CaseAnswer) -> Analyst:
    from core.workflows.analyst import open_analyst
    from core.workflows.champions import find_version

    try:
        version = find_version(task, recorded.model_version)
    except ModelMissingError:
        raise ModelVersionError(
            f"Model version {recorded.model_version}, which answered case {case_id}, "
            "is not installed any more.",
            remedy="Put it back; no other version can show what was seen.",
        ) from None
    if version.digest != recorded.version_digest:
        raise ModelVersionError(
            f"{recorded.model_version} is not the version that answered case "
            f"{case_id}: its digest is {version.digest[:12]}, not "
            f"{recorded.version_digest[:12]}.",
            remedy="Put the files of that version back.",
        )
    return open_analyst(task, recorded.model_version)


def _difference(
    before: Mapping[str, float] | None, again: Mapping[str, float] | None
) -> float | None:
    """Return the largest difference of a probability; 1 where only one of them is there."""
    if before is None or again is None:
        return None if before is again else 1.0
    if set(before) != set(again):
        return 1.0
    return max(abs(before[name] - again[name]) for name in before)
