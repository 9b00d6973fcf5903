"""The audit chain for people and programs: whether it holds, and a case as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.domain import Answer, StudyImage
from core.errors import PersistenceError, ReportError
from core.persistence.case_rows import to_row
from core.persistence.chain import Head, parse_head
from core.persistence.place import database_exists
from core.persistence.verifying import Verified, known_heads, verify
from core.workflows.answered_cases import answer_again

_CASE = "case.json"


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
    ReportError
        If another case was written into the folder, or it cannot be written.
    """
    from core.workflows.cases import history

    answered = answer_again(case_id)
    found, recorded = answered.found, answered.recorded
    image, answer = answered.image, answered.again
    again = None if answer.prediction is None else dict(answer.prediction.probabilities)
    facts = {
        "case_id": case_id,
        "task": found.case.task,
        "picture_sha256": found.case.picture_sha256,
        "recorded": to_row(recorded),
        "again": {"status": str(answer.status), "reason": answer.reason, "probabilities": again},
        "largest_difference": answered.largest_difference,
        "is_same": answered.is_same,
        "reads": [to_row(read) for read in found.reads],
        "consensus": [to_row(item) for item in found.consensus],
        "audit": [asdict(row) for row in history(case_id)],
    }
    try:
        _check_folder(out, case_id)
        out.mkdir(parents=True, exist_ok=True)
        written = _write_pictures(out, image, answer)
        _write_json(out / _CASE, facts)
    except OSError as error:
        raise ReportError(
            f"The case was not written ({type(error).__name__}).",
            remedy="Check that the folder may be written and the disk has room.",
        ) from None
    return Replayed(
        case_id=case_id,
        model_version=recorded.model_version,
        version_digest=recorded.version_digest,
        status=str(answer.status),
        is_same=answered.is_same,
        largest_difference=answered.largest_difference,
        files=(_CASE, *written),
    )


def _check_folder(out: Path, case_id: str) -> None:
    """Refuse a folder with another case in it: its maps would stay beside this one's."""
    if not (out / _CASE).exists():
        return
    try:
        there = json.loads((out / _CASE).read_text(encoding="utf-8"))["case_id"]
    except (ValueError, KeyError, TypeError):
        there = None
    if there != case_id:
        raise ReportError(f"{out} holds another case.", remedy="Name a new folder.")


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


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, default=str, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
