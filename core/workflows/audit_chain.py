"""The audit chain for people and programs: whether it holds, and a case as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.domain import Answer, StudyImage
from core.errors import CaseError, ModelMissingError, ModelVersionError, PersistenceError
from core.persistence.case_records import CaseAnswer, CaseFile
from core.persistence.case_rows import to_row
from core.persistence.chain import Head, parse_head
from core.persistence.place import database_exists
from core.persistence.verifying import Verified, known_heads, verify

SAME_WITHIN = 1e-6  # probabilities of the same version on another machine's engine


@dataclass(frozen=True, slots=True)
class Replayed:
    """A case as it was answered, and whether the version says the same again.

    ``largest_difference`` of the probabilities, None where there was no answer;
    ``files`` what was written.
    """

    case_id: str
    model_version: str
    version_digest: str
    status: str
    is_same: bool
    largest_difference: float | None
    files: tuple[str, ...]


def verify_chain(head: str | None = None) -> Verified:
    """Check the chain of the database, against the home's head and the one given.

    Raises
    ------
    PersistenceError
        If the database cannot be read, or the head given is none.
    """
    given = None if head is None else parse_head(head)
    try:
        heads = known_heads(given)
    except PersistenceError as error:
        found = _verified(() if given is None else (given,))
        kept = f"The file audit_head of the home is damaged: {error.problem}"
        return replace(found, ok=False, problem=found.problem or kept)
    return _verified(heads)


def _verified(heads: tuple[Head, ...]) -> Verified:
    if not database_exists():
        gone = max((known.number for known in heads), default=0)
        missing = f"There is no database, and {gone} rows were known." if gone else None
        return Verified(0, not gone, 1 if gone else None, str(Head()), missing)
    from core.persistence.database import database

    with database().reading() as connection:
        return verify(connection, heads=heads)


def replay(case_id: str, out: Path) -> Replayed:
    """Show a case again exactly as it was answered: picture, probabilities, maps.

    The version that answered answers again; it must be installed with the very digest.

    Raises
    ------
    CaseError
        If there is no such case, or it was never answered.
    ModelVersionError
        If that version is gone, or its files are others.
    PersistenceError
        If the picture is gone or is not what was stored.
    """
    from core.workflows.cases import case_file, case_image, history

    found = case_file(case_id)
    if not found.answers:
        raise CaseError(f"Case {case_id} was never answered.", remedy="Answer it first.")
    recorded = found.answers[-1]
    image = case_image(found.case)
    answer = answer_again(found, recorded, image)
    out.mkdir(parents=True, exist_ok=True)
    again = None if answer.prediction is None else dict(answer.prediction.probabilities)
    difference = difference_of(recorded.probabilities, again)
    is_same = str(answer.status) == recorded.status and (difference or 0.0) <= SAME_WITHIN
    written = _write_pictures(out, image, answer)
    facts = {
        "case_id": case_id,
        "task": found.case.task,
        "picture_sha256": found.case.picture_sha256,
        "recorded": to_row(recorded),
        "again": {"status": str(answer.status), "reason": answer.reason, "probabilities": again},
        "largest_difference": difference,
        "is_same": is_same,
        "reads": [to_row(read) for read in found.reads],
        "consensus": [to_row(item) for item in found.consensus],
        "audit": [asdict(row) for row in history(case_id)],
    }
    _write_json(out / "case.json", facts)
    return Replayed(
        case_id=case_id,
        model_version=recorded.model_version,
        version_digest=recorded.version_digest,
        status=str(answer.status),
        is_same=is_same,
        largest_difference=difference,
        files=("case.json", *written),
    )


def answer_again(found: CaseFile, recorded: CaseAnswer, image: StudyImage) -> Answer:
    """Return what the version that answered a case says of its picture now.

    Raises
    ------
    ModelVersionError
        If that version is gone, or its files are others.
    """
    from core.workflows.analyse import answer_image
    from core.workflows.analyst import open_analyst
    from core.workflows.champions import find_version

    try:
        version = find_version(found.case.task, recorded.model_version)
    except ModelMissingError:
        raise ModelVersionError(
            f"Model version {recorded.model_version}, which answered case {found.case.case_id}, "
            "is not installed any more.",
            remedy="Put it back; no other version can show what was seen.",
        ) from None
    if version.digest != recorded.version_digest:
        raise ModelVersionError(
            f"{recorded.model_version} is not the version that answered case "
            f"{found.case.case_id}: its digest is {version.digest[:12]}, not "
            f"{recorded.version_digest[:12]}.",
            remedy="Put the files of that version back.",
        )
    analyst = open_analyst(found.case.task, recorded.model_version)
    carried = tuple(recorded.steps["left_out"])
    return answer_image(analyst, image, already_applied=carried)


def _write_pictures(out: Path, image: StudyImage, answer: Answer) -> list[str]:
    from PIL import Image

    from core.workflows.explaining import heatmap_of

    Image.fromarray(image.pixels).save(out / "picture.png")
    names = ["picture.png"]
    for item in answer.explanations:
        heatmap = heatmap_of(answer, item.class_name)
        if heatmap is not None:
            name = f"map_{item.class_name}.npy"
            np.save(out / name, heatmap, allow_pickle=False)
            names.append(name)
    return names


def difference_of(
    before: Mapping[str, float] | None, again: Mapping[str, float] | None
) -> float | None:
    """Return the largest difference of a probability; 1 where only one of them is there."""
    if before is None or again is None:
        return None if before is again else 1.0
    if set(before) != set(again):
        return 1.0
    return max(abs(before[name] - again[name]) for name in before)


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, default=str, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
