"""The coded concepts of a report: standard schemes first, a private one where none has the concept.

Standard codes: DCM and UCUM as in PS3.16 Annex D and CID 83, SCT (SNOMED CT) as the task names
them. ``99SECONDLOOK`` is the private scheme (PS3.3 8.2: designators beginning with 99).
"""

from __future__ import annotations

import hashlib

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from core.tasks import TaskSpec

SCHEME = "99SECONDLOOK"
CERTAINTY = codes.DCM.CertaintyOfFinding
PERCENT = codes.UCUM.Percent
COMMENT = codes.DCM.Comment
PROCEDURE = codes.SCT.ImagingProcedure
SOURCE_OF_PROCESSING = codes.DCM.SourceImageForImageProcessingOperation
YES, NO = codes.SCT.Yes, codes.SCT.No


def _private(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, SCHEME, meaning)


CALIBRATED = _private("calibrated", "Calibrated class probability of an image classifier")
THRESHOLD = _private("threshold", "Operating point: flagged at or above this probability")
FLAGGED = _private("flagged", "Flagged at the operating point")
LARGEST = _private("largest", "Class with the largest probability")
INSIDE = _private("inside", "Inside what the model was trained on")
ANSWERED = _private("answered", "Answered by the model")
READ = _private("read", "Class that a reader recorded")
VERDICT = _private("verdict", "Verdict in force")
UNASSESSABLE = _private("not-assessable", "Not assessable")
READS = _private("reads", "What readers recorded")


def class_concept(task: TaskSpec, name: str | None) -> CodedConcept:
    """Return the concept of a class, as its task says; None: not assessable.

    A class without a standard code gets a private one that depends on task and class alone.
    """
    if name is None:
        return UNASSESSABLE
    item = task.class_spec(name)
    if item.code is not None:
        return CodedConcept(item.code.value, item.code.scheme, item.code.meaning)
    digest = hashlib.sha256(f"{task.key}/{name}".encode()).hexdigest()
    return _private(f"class-{digest[:10]}", item.title[:64])


def private_scheme() -> CodingSchemeIdentificationItem:
    """Return who is responsible for the private codes (PS3.3 C.12.1.1.1)."""
    return CodingSchemeIdentificationItem(
        designator=SCHEME,
        name="Second Look",
        responsible_organization="Second Look",
    )
