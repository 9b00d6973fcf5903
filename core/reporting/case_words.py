"""What a report says, in words that its PDF, its DICOM objects and its CSV share."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import GateVerdict, Prediction, Status
from core.reporting.case_report import ANY_FINDING, CaseReport, PictureReport, Read

NO_ANSWER = {
    Status.REFUSED: "No answer: outside intended use.",
    Status.ERROR: "No answer: the picture could not be read.",
}
NOT_ASSESSABLE = "not assessable"


def title(report: CaseReport) -> str:
    """Return the title: which case of which task."""
    return f"Case {report.case_id}: {report.task.title}"


def threshold_said(report: CaseReport) -> str:
    """Return the thresholds in force, or that there are none."""
    names = {key: _title(report, key) for key in report.model.thresholds}
    said = [f"{names[key]} >= {value:.4g}" for key, value in report.model.thresholds.items()]
    return "; ".join(said) or "none (the largest probability decides)"


def header(report: CaseReport) -> str:
    """Return what stands on every page: case, version, digest, threshold."""
    model = report.model
    return (
        f"Case {report.case_id} · version {model.version} (digest {model.digest[:16]}) · "
        f"threshold {threshold_said(report)}"
    )


def headline(report: CaseReport) -> str:
    """Return the answer for the case in one line; a refusal never reads like a normal answer."""
    prediction = report.prediction
    if prediction is None:
        return answer_said(report, report.answering) if report.series is None else NO_SERIES
    return called_said(report, prediction)


NO_SERIES = "No answer for the series."


def answer_said(report: CaseReport, picture: PictureReport) -> str:
    """Return the answer for one picture in one line."""
    if picture.prediction is not None:
        return called_said(report, picture.prediction)
    return f"{NO_ANSWER[picture.status]} {picture.reason or ''}".strip()


def called_said(report: CaseReport, prediction: Prediction) -> str:
    """Return what was flagged and what was called."""
    called = _title(report, prediction.predicted)
    share = percent(prediction.probabilities[prediction.predicted])
    # Without an operating point nothing is held to one: what is called is called, not flagged.
    if prediction.flagged and prediction.thresholds:
        flagged = ", ".join(_title(report, name) for name in prediction.flagged)
        return f"Flagged: {flagged}. Largest probability: {called}, {share}."
    flags = " Nothing flagged at the operating point." if prediction.thresholds else ""
    return f"Called: {called}, {share}.{flags}"


def percent(value: float) -> str:
    """Return a share in per cent, one digit after the point."""
    return f"{100 * value:.1f} %"


def gate_said(gate: GateVerdict | None) -> str:
    """Return the gate's verdict with its figures."""
    if gate is None:
        return "not asked"
    side = "inside" if gate.inside else "outside"
    said = f"{side} what the model was trained on (distance {gate.distance:.4g}, "
    return f"{said}threshold {gate.threshold:.4g})" + (f": {gate.reason}" if gate.reason else "")


def read_class(report: CaseReport, read: Read) -> str:
    """Return what a reader called, in the words of a page."""
    return NOT_ASSESSABLE if read.class_name is None else _title(report, read.class_name)


def read_said(report: CaseReport, read: Read) -> str:
    """Return a read in one line: role, what, how sure, who, when, why."""
    sure = "" if read.confidence is None else f", confidence {percent(read.confidence)}"
    note = f" {read.comment}" if read.comment else ""
    who = f"{read.reader}, {time_said(read.read_at)}"
    return f"{read.role}: {read_class(report, read)}{sure} ({who}).{note}"


def time_said(at: datetime) -> str:
    """Return a time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def picture_name(report: CaseReport, place: int) -> str:
    """Return which picture of the case it is; a file name may name a patient, so it is none."""
    if report.series is None:
        return "picture"
    return f"slice {place + 1} of {len(report.pictures)}"


def provenance(report: CaseReport) -> dict[str, str]:
    """Return what every export names: version, digest, threshold and what they rest on."""
    model = report.model
    return {
        "model_version": model.version,
        "version_digest": model.digest,
        "calibrator": model.calibrator,
        "threshold": threshold_said(report),
        "made_at": time_said(report.made_at),
    }


def _title(report: CaseReport, key: str) -> str:
    return "any finding" if key == ANY_FINDING else report.task.class_spec(key).title
