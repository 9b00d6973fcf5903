"""What the records of a case say in a report: model in sentences, reads, verdict in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from core.inference.package import ModelVersion
from core.persistence.case_records import NOT_ASSESSABLE, CaseAnswer, CaseFile, CaseRead, Stage
from core.persistence.case_state import final_reads, standing
from core.reporting.case_report import ModelFacts, Read
from core.workflows.points import points_of
from core.workflows.records import OperatingPoint

_ROLES = {
    Stage.BEFORE_REVEAL: "read before the AI was shown",
    Stage.WITH_AI: "read with the AI shown",
    Stage.SECOND_BLIND: "second read, blind",
}
_UNKNOWN = "not told: the version was not asked"


def class_to_draw(
    probabilities: Mapping[str, float], flagged: Sequence[str], predicted: str
) -> str:
    """Return the class whose map a report shows: the strongest flagged, else the called one.

    >>> class_to_draw({"normal": 0.7, "stone": 0.3}, ["stone"], "normal")
    'stone'
    """
    return max(flagged, key=probabilities.__getitem__, default=predicted)


def model_facts(recorded: CaseAnswer, version: ModelVersion) -> ModelFacts:
    """Return what answered, from the record and the card of that very version."""
    card, data = version.card, version.card.training_data
    groups = "" if data.n_groups is None else f" of {data.n_groups:,} groups"
    return ModelFacts(
        title=card.title,
        version=recorded.model_version,
        digest=recorded.version_digest,
        architecture=card.architecture,
        calibrator=_calibrator(recorded),
        operating_point=_point_said(recorded, points_of(version).signed),
        training_data=f"{data.name}: {data.n:,} pictures{groups}. {data.split}",
        intended_use=card.intended_use,
        thresholds=dict(recorded.operating_points),
        known_failures=card.known_failures,
        limits=card.limits,
    )


def recorded_model(recorded: CaseAnswer) -> ModelFacts:
    """Return what answered as far as the record says: the version need not be there."""
    return ModelFacts(
        title=recorded.model_version,
        version=recorded.model_version,
        digest=recorded.version_digest,
        architecture=_UNKNOWN,
        calibrator=_calibrator(recorded),
        operating_point=_point_said(recorded, {}),
        training_data=_UNKNOWN,
        intended_use=_UNKNOWN,
        thresholds=dict(recorded.operating_points),
    )


def reads_of(found: CaseFile) -> tuple[Read, ...]:
    """Return every read and every consensus, oldest first."""
    reads = [_read(item) for item in found.reads]
    agreed = [
        Read(
            reader=item.adjudicator,
            read_at=_known(item.decided_at),
            class_name=_class(item.verdict),
            comment=item.comment,
            role="adjudicated consensus",
        )
        for item in found.consensus
    ]
    return tuple(sorted([*reads, *agreed], key=lambda read: read.read_at))


def verdict_of(found: CaseFile) -> Read | None:
    """Return the verdict in force; None where nobody decided, or readers differ."""
    stands = standing(found.case.case_id, None, found.reads, found.consensus, share=None)
    if stands.verdict is None:
        return None
    final = final_reads(found.reads)
    numbers = {read.sequence for read in final.values()}
    if found.consensus and numbers <= set(found.consensus[-1].reads):
        return next(read for read in reversed(reads_of(found)) if read.role.startswith("adjud"))
    return _read(max(final.values(), key=lambda read: read.sequence or 0))


def _read(read: CaseRead) -> Read:
    role = _ROLES[read.stage]
    return Read(
        reader=read.reader,
        read_at=_known(read.read_at),
        class_name=_class(read.verdict),
        confidence=read.confidence,
        comment=read.comment,
        role=role if read.corrects is None else f"{role}, a correction",
    )


def _known(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)  # what is stored has a time


def _class(verdict: str) -> str | None:
    return None if verdict == NOT_ASSESSABLE else verdict


def _calibrator(recorded: CaseAnswer) -> str:
    found = recorded.calibrator
    told = f"{str(found.get('method', 'none')).capitalize()} {found.get('temperature', 1):.4g}"
    on = str(found.get("fitted_on") or "").rstrip(".")
    return f"{told}, fitted on {on} (n {found.get('n', 0):,})." if on else f"{told}, not fitted."


def _point_said(recorded: CaseAnswer, signed: Mapping[str, OperatingPoint]) -> str:
    """Return whose the thresholds are that were in force when the case was answered."""
    if not recorded.operating_points:
        return ""
    by = [
        f"{name} signed by {signed[name].signed_by}, sensitivity "
        f"{signed[name].sensitivity_asked:g} asked"
        for name, value in recorded.operating_points.items()
        if name in signed and signed[name].threshold == value
    ]
    return f"As in force when the case was answered{': ' if by else ''}{'; '.join(by)}."
