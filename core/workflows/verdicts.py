"""Verdicts: one at a time for a page, JSON lines for a program; each told only once it is durable.

A key names an act: repeated, it is answered again and stored once. A later verdict of the same
reader is a correction; the earlier row stays.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import CaseError, PersistenceError, TaskError
from core.persistence.case_records import (
    NOT_ASSESSABLE,
    CaseFile,
    CaseRead,
    Consensus,
    Stage,
)
from core.persistence.case_state import final_reads
from core.tasks import load_task
from core.workflows.users import Role, require

MAX_TEXT = 10_000
MAX_KEY = 200
MAX_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader says of a case; ``key`` names this very act.

    ``verdict`` is a class of the task or ``not_assessable``; ``confidence`` in [0, 1] or None;
    ``stage`` what the reader knew; ``shown`` what was on the screen beside the stored answer.
    """

    case_id: str
    reader: str
    verdict: str
    key: str
    confidence: float | None = None
    comment: str = ""
    stage: Stage = Stage.WITH_AI
    shown: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What became of one line: durable when ``ok``; else ``error`` is one sentence."""

    key: str | None
    ok: bool
    error: str | None


def record_verdict(said: Verdict, *, based_on: int | None = None) -> CaseRead:
    """Store a verdict and return it once it is on the disk.

    Parameters
    ----------
    said : Verdict
    based_on : int or None
        Number of the case's newest read that the reader had seen (0: none); None: not known.

    Raises
    ------
    CaseError
        If there is no such case, or the class, the confidence, the name or the key cannot be.
    ConflictError
        If another reader decided since.
    PersistenceError
        If it was not stored.
    """
    from core.persistence.case_store import case_store

    _check(said)
    require(said.reader, Role.READER)
    store = case_store()
    found = store.find(said.case_id)
    _check_class(found, said.verdict)
    read = CaseRead(
        case_id=said.case_id,
        reader=said.reader.strip(),
        verdict=said.verdict,
        confidence=None if said.confidence is None else float(said.confidence),
        comment=said.comment,
        stage=said.stage,
        shown=_on_screen(found, said),
    )
    return store.add_read(read, key=said.key, based_on=based_on)


def record_consensus(
    case_id: str,
    verdict: str,
    *,
    adjudicator: str,
    comment: str,
    judged: Sequence[int] | None = None,
) -> Consensus:
    """Store what stands after the reads in force that differ; the reads stay.

    ``judged`` are the numbers of the reads that the adjudicator saw; None: those in force now.

    Raises
    ------
    CaseError
        If there is no such case or class, or fewer than two readers.
    PersistenceError
        If it was not stored, or a reader changed a verdict meanwhile (ConflictError).
    """
    from core.persistence.case_store import case_store

    require(adjudicator, Role.READER)
    store = case_store()
    found = store.find(case_id)
    _check_class(found, verdict)
    if not adjudicator.strip():
        raise CaseError("Nobody adjudicates.", remedy="Say who you are.", column="adjudicator")
    if judged is None:
        judged = [read.sequence or 0 for read in final_reads(found.reads).values()]
    numbers = tuple(sorted(judged))
    return store.add_consensus(Consensus(case_id, verdict, numbers, adjudicator, comment))


def answer_lines(lines: Iterable[bytes]) -> Iterator[LineAnswer]:
    """Store verdicts of JSON lines; yield what became of each when that is certain.

    A bad line is answered and the rest goes on; empty lines are passed over.
    """
    for line in lines:
        if line.strip():
            yield _answer(line)


def verdict_of(line: bytes) -> Verdict:
    """Read one JSON line: case_id, reader, class, confidence, comment, key.

    Raises
    ------
    CaseError
        If it is no JSON object, or a value is missing or of another kind.
    """
    said = _parsed(line)
    texts = {}
    for name in ("case_id", "reader", "class", "key"):
        if not isinstance(said.get(name), str):
            raise CaseError(
                f"{name} is missing or no text.", remedy="Give it as text.", column=name
            )
        texts[name] = said[name]
    confidence, comment = said.get("confidence"), said.get("comment")
    if confidence is not None and (
        isinstance(confidence, bool) or not isinstance(confidence, int | float)
    ):
        raise CaseError("confidence is no number.", remedy="Give 0 to 1 or null.")
    if comment is not None and not isinstance(comment, str):
        raise CaseError("comment is no text.", remedy="Give it as text.")
    return Verdict(
        case_id=texts["case_id"],
        reader=texts["reader"],
        verdict=texts["class"],
        key=texts["key"],
        confidence=confidence,
        comment=comment or "",
    )


def _answer(line: bytes) -> LineAnswer:
    try:
        record_verdict(verdict_of(line))
    except (CaseError, PersistenceError, TaskError) as error:
        return LineAnswer(_key_of(line), False, str(error))
    return LineAnswer(_key_of(line), True, None)


def _parsed(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise CaseError("This line is longer than a million bytes.", remedy="Shorten the comment.")
    try:
        said = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CaseError("This line is not JSON.", remedy="Give one JSON object a line.") from None
    if not isinstance(said, dict):
        raise CaseError("This line is no JSON object.", remedy="Give {…} on each line.")
    return said


def _key_of(line: bytes) -> str | None:
    """Return the key of a line, also of one that is wrong otherwise; None where there is none."""
    try:
        key = _parsed(line).get("key")
    except CaseError:
        return None
    return key if isinstance(key, str) else None


def _check(said: Verdict) -> None:
    for name, value in (("reader", said.reader), ("key", said.key), ("case_id", said.case_id)):
        if not value.strip() or len(value) > MAX_KEY:
            raise CaseError(
                f"{name} is empty or longer than {MAX_KEY} characters.",
                remedy=f"Give a {name}.",
                column=name,
            )
    for text in (said.reader, said.key, said.case_id, said.comment, said.verdict):
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise CaseError("A text holds a character that is none.", remedy="Leave it out.")
    if len(said.comment) > MAX_TEXT:
        raise CaseError(f"The comment is longer than {MAX_TEXT} characters.", remedy="Shorten it.")
    confidence = said.confidence
    if confidence is not None and not (math.isfinite(confidence) and 0 <= confidence <= 1):
        raise CaseError(
            f"confidence is {confidence}; expected 0 to 1.", remedy="Give 0 to 1 or null."
        )


def _check_class(found: CaseFile, verdict: str) -> None:
    names = (*load_task(found.case.task).class_names, NOT_ASSESSABLE)
    if verdict not in names:
        raise CaseError(
            f"{verdict[:80]!r} is no class of {found.case.task}.",
            remedy=f"Say one of: {', '.join(names)}.",
            column="class",
        )


def _on_screen(found: CaseFile, said: Verdict) -> dict[str, Any]:
    """Return what the reader decided on: the picture, the answer with its version, the screen."""
    shown: dict[str, Any] = {"picture_sha256": found.case.picture_sha256, **(said.shown or {})}
    answer = found.answers[-1] if found.answers and said.stage is Stage.WITH_AI else None
    shown["answer"] = None if answer is None else answer.sequence
    if answer is not None:
        shown |= {
            "model_version": answer.model_version,
            "version_digest": answer.version_digest,
            "calibrator": dict(answer.calibrator),
            "operating_points": dict(answer.operating_points),
        }
    return shown
