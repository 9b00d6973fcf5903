"""Pictures become cases: read, answered once, stored with their answer; the same pixels once only.

The order keeps a kill harmless: the picture is on the disk before the row that names it, and case,
answer, audit row and worklist are one transaction.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain import Answer, PictureKind, SourceInstance, Status, StudyImage
from core.errors import CaseError, CoreError, DatasetError, IntakeError
from core.intake import read_study
from core.intake.dicom_source import read_source
from core.persistence.case_records import Case, CaseAnswer
from core.workflows.analyse import answer_image
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.case_pictures import facts_of
from core.workflows.files import carried_steps, check_steps, read_file
from core.workflows.users import Role, require

ADDED, DUPLICATE = "added", "duplicate"
PRIORITIES = ("routine", "soon", "urgent")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a person says of pictures that become cases.

    ``pseudonym`` never a patient's name; None: each case has its own. ``study_date`` an ISO date
    or None; ``priority`` 0 routine, 1 soon, 2 urgent; ``already_applied`` None: what the
    dataset.yaml that governs the file says.
    """

    by: str
    pseudonym: str | None = None
    study_date: str | None = None
    priority: int = 0
    already_applied: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AddedFile:
    """What became of one file: ``added``, ``duplicate`` (of ``case_id``), ``refused``, ``error``.

    A refused picture is a case, too: somebody has to look at it. ``case_id`` is None where nothing
    could be read.
    """

    file: str
    case_id: str | None
    status: str
    reason: str | None


def add_files(
    paths: Iterable[Path | str], *, task: str, said: CaseFacts, version: str | None = None
) -> Iterator[AddedFile]:
    """Make cases of files, in the order given; one bad file never stops the rest.

    Raises
    ------
    CaseError
        If nobody is named, or the date or the priority is none.
    TaskError, ModelVersionError, RecipeError
        If nothing can be answered at all; before the first file is opened.
    PersistenceError
        While iterating, if a case was not stored.
    """
    from core.persistence import pictures

    check_facts(said)
    require(said.by, Role.READER)
    check_steps(said.already_applied or ())
    analyst = open_analyst(task, version)
    pictures.sweep()
    return (_add_file(analyst, Path(path), str(path), said) for path in paths)


def add_bytes(analyst: Analyst, data: bytes, *, said: CaseFacts, file: str = "") -> AddedFile:
    """Make a case of a file's bytes, as an upload gives them; ``file`` is what the answer names.

    Raises
    ------
    CaseError
        If nobody is named, or the date or the priority is none.
    PersistenceError
        If it was not stored.
    """
    check_facts(said)
    require(said.by, Role.READER)
    try:
        image = read_study(data, default_window=analyst.task.window)
    except IntakeError as error:
        return _rejected(analyst, file, error, said)
    source = source_of(data, image)
    return add_picture(analyst, image, said=said, file=file, source=source)


def add_answered(
    task: str, image: StudyImage, data: bytes, *, version: str, said: CaseFacts
) -> AddedFile:
    """Make a case of a picture that was analysed, with the version that answered it.

    ``data`` are the bytes that it was read from.

    Raises
    ------
    CaseError
        If nobody is named, or the date or the priority is none.
    ModelVersionError, TaskError
        If that version cannot answer any more.
    PersistenceError
        If it was not stored.
    """
    check_facts(said)
    require(said.by, Role.READER)
    source = source_of(data, image)
    return add_picture(open_analyst(task, version), image, said=said, source=source)


def source_of(data: bytes, image: StudyImage) -> SourceInstance | None:
    """Return which DICOM instance the bytes of a picture are; None where they name none."""
    if image.kind is not PictureKind.DICOM:
        return None
    try:
        return read_source(data, frame=image.frame)
    except IntakeError:  # readable as a picture, but nothing could be filed beside it
        return None


def add_picture(
    analyst: Analyst,
    image: StudyImage,
    *,
    said: CaseFacts,
    file: str = "",
    source: SourceInstance | None = None,
) -> AddedFile:
    """Make a case of a decoded picture.

    ``said.already_applied`` None means that it carries no step; ``source`` is what ``source_of``
    gives of its bytes. A duplicate brings the instance of a case that had none.

    Raises
    ------
    PersistenceError
        If it was not stored.
    """
    from core.persistence import pictures
    from core.persistence.case_store import case_store

    require(said.by, Role.READER)
    digest = pictures.digest_of(image.values)
    case_id = case_id_of(analyst.task.key, digest)
    store, steps = case_store(), said.already_applied or ()
    try:
        known = store.find(case_id)
    except CaseError:
        answer = answer_image(analyst, image, file=file, already_applied=steps)
    else:
        return _duplicate(known.case.case_id, file, source, said)
    pictures.keep(image.values)
    case = Case(
        case_id=case_id,
        task=analyst.task.key,
        pseudonym=said.pseudonym or f"P-{case_id}",
        picture_sha256=digest,
        picture=facts_of(image),
        added_by=said.by,
        study_date=said.study_date,
        priority=said.priority,
    )
    recorded = recorded_answer(analyst, answer, case_id, by=said.by)
    _, is_new = store.add_case(case, recorded, source=source)
    if not is_new:
        return _duplicate(case_id, file, source, said)
    status = ADDED if answer.status is Status.OK else str(answer.status)
    return AddedFile(file, case_id, status, answer.reason)


def _duplicate(
    case_id: str, file: str, source: SourceInstance | None, said: CaseFacts
) -> AddedFile:
    from core.persistence.case_store import case_store

    if source is not None:
        case_store().link(case_id, source, who=said.by)
    return AddedFile(file, case_id, DUPLICATE, "The same pixels are a case already.")


def case_id_of(task: str, picture_sha256: str) -> str:
    """Return the case of a picture in a task: the same pixels are the same case.

    >>> case_id_of("kidney_ct", "ab" * 32)
    'c2fa33c01274e9b3f'
    """
    return f"c{hashlib.sha256(f'{task} {picture_sha256}'.encode()).hexdigest()[:16]}"


def recorded_answer(analyst: Analyst, answer: Answer, case_id: str, *, by: str) -> CaseAnswer:
    """Return an answer as it is recorded: with the version's digest and all that was in force."""
    found, gate = answer.prediction, answer.gate
    calibration = analyst.answering.calibration
    return CaseAnswer(
        case_id=case_id,
        status=str(answer.status),
        reason=answer.reason,
        model_version=analyst.version_name,
        version_digest=analyst.digest,
        calibrator={
            "method": calibration.method,
            "temperature": calibration.temperature,
            "fitted_on": calibration.fitted_on,
            "n": calibration.n,
        },
        operating_points=dict(analyst.points.thresholds),
        gate=None
        if gate is None
        else {"inside": gate.inside, "distance": gate.distance, "threshold": gate.threshold},
        probabilities=None if found is None else dict(found.probabilities),
        predicted=None if found is None else found.predicted,
        flagged=() if found is None else found.flagged,
        risk=None if found is None else risk_of(found.probabilities, analyst.task.findings),
        uncertainty=None if found is None else uncertainty_of(found.probabilities),
        steps=_steps(answer),
        answered_by=by,
    )


def risk_of(probabilities: Mapping[str, float], findings: Sequence[str]) -> float:
    """Return the probability that any finding is there, in [0, 1].

    >>> round(risk_of({"normal": 0.7, "stone": 0.2, "cyst": 0.1}, ["stone", "cyst"]), 9)
    0.3
    """
    return min(1.0, math.fsum(probabilities[name] for name in findings))


def uncertainty_of(probabilities: Mapping[str, float]) -> float:
    """Return the entropy of the probabilities over that of even odds, in [0, 1].

    >>> uncertainty_of({"a": 0.5, "b": 0.5}), uncertainty_of({"a": 1.0, "b": 0.0})
    (1.0, 0.0)
    """
    entropy = -math.fsum(p * math.log(p) for p in probabilities.values() if p > 0)
    return min(1.0, max(0.0, entropy / math.log(len(probabilities))))


def _steps(answer: Answer) -> dict[str, Any]:
    seen = answer.seen
    if seen is None:
        return {"applied": [], "left_out": []}
    return {"applied": list(seen.steps_applied), "left_out": list(seen.steps_left_out)}


def _add_file(analyst: Analyst, path: Path, name: str, said: CaseFacts) -> AddedFile:
    try:
        carried = carried_steps(path, said.already_applied)
        data = read_file(path)
        image = read_study(data, default_window=analyst.task.window)
    except (IntakeError, DatasetError) as error:
        return _rejected(analyst, name, error, said)
    carrying = CaseFacts(said.by, said.pseudonym, said.study_date, said.priority, carried)
    source = source_of(data, image)
    return add_picture(analyst, image, said=carrying, file=name, source=source)


def _rejected(analyst: Analyst, name: str, error: CoreError, said: CaseFacts) -> AddedFile:
    from core.persistence.case_store import case_store

    # Neither the name of the file nor a word of it: either may hold a patient's.
    facts = {"task": analyst.task.key, "why": type(error).__name__}
    case_store().note("file_rejected", who=said.by, facts=facts)
    return AddedFile(name, None, str(Status.ERROR), str(error))


def check_facts(said: CaseFacts) -> None:
    """Refuse what cannot be said of a case.

    Raises
    ------
    CaseError
        If nobody is named, or the date or the priority is none.
    """
    if not said.by.strip():
        raise CaseError("Nobody adds these cases.", remedy="Say who you are.", column="by")
    if said.priority not in range(len(PRIORITIES)):
        raise CaseError(
            f"There is no priority {said.priority}.", remedy="Give 0, 1 or 2.", column="priority"
        )
    if said.study_date is None:
        return
    try:
        day = date.fromisoformat(said.study_date)
    except ValueError:
        raise CaseError(
            f"{said.study_date!r} is no date.", remedy="Give YYYY-MM-DD.", column="study_date"
        ) from None
    if day > datetime.now(UTC).date() + timedelta(days=1):  # it is tomorrow already somewhere
        raise CaseError(
            f"The study date {said.study_date} is yet to come.",
            remedy="Give the day of the study as YYYY-MM-DD.",
            column="study_date",
        )
