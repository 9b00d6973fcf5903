"""A series that was read, as a PDF: the answer, the strongest slices with their maps, every slice.

It is no stored case: its name in the report follows from its files. The export is an audit row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from core.domain import Answer, ByteArray, Prediction
from core.errors import IntakeError
from core.reporting.case_report import CaseReport, PictureReport
from core.reporting.case_report import SeriesAnswer as ReportedAnswer
from core.workflows.adding_cases import recorded_answer
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.case_reports import pdf_of
from core.workflows.report_words import model_facts
from core.workflows.series_answering import SeriesAnswer, SliceAnswer, answer_slice
from core.workflows.series_reading import SeriesReading
from core.workflows.users import Role, require, signed_by

RULES = {
    "mean": "The mean of the slices that were answered.",
    "any": "A finding has its largest probability over the slices that were answered, any other "
    "class its smallest, divided by their sum.",
}
_UNREADABLE = (64, 64)  # the size of the black field that stands for a slice nobody could read


def series_pdf(reading: SeriesReading, *, who: str | None = None) -> bytes:
    """Return the PDF of a series, once the export is a row of the audit chain.

    Parameters
    ----------
    reading : SeriesReading
        With every slice answered.
    who : str or None
        Who exports; None: whoever is logged in, else the account.

    Raises
    ------
    ModelVersionError
        If the version is gone.
    PersistenceError
        If the export was not recorded.
    """
    from core.persistence.case_store import case_store

    name = signed_by(who)
    require(name, Role.READER)
    report = series_report(reading)
    data = pdf_of(report)
    facts = {
        "form": "pdf",
        "files": [hashlib.sha256(data).hexdigest()],
        "series": report.case_id,
        "version_digest": reading.key.version_digest,
        "with_context": False,
    }
    case_store().note("report_exported", who=name, facts=facts)
    return data


def series_report(reading: SeriesReading) -> CaseReport:
    """Return a series as it was answered, its strongest slices with their maps."""
    analyst = open_analyst(reading.key.task, reading.key.version)
    whole = reading.whole()
    strongest = {name: item.number - 1 for name, item in whole.strongest.items()}
    drawn: dict[int, str] = {}
    for name in reading.task.class_names:  # where two are strongest in one slice: the finding
        if name in strongest and (strongest[name] not in drawn or name in reading.task.findings):
            drawn[strongest[name]] = name
    answers = reading.answers
    recorded = recorded_answer(analyst, answers[0].answer, "", by="")
    return CaseReport(
        case_id=f"s{reading.key.digest[:16]}",
        task=reading.task,
        model=model_facts(recorded, analyst.version),
        pictures=tuple(
            _picture(reading, analyst, item, drawn.get(place)) for place, item in enumerate(answers)
        ),
        made_at=datetime.now(UTC),
        series=ReportedAnswer(RULES[whole.rule], _prediction(whole, analyst), strongest),
    )


def _prediction(whole: SeriesAnswer, analyst: Analyst) -> Prediction | None:
    """Return the series' answer; flagged is what at least one slice has flagged."""
    if whole.probabilities is None or whole.predicted is None:
        return None
    flagged = tuple(name for name, n in whole.n_flagged.items() if n)
    thresholds: Mapping[str, float] = analyst.points.thresholds
    return Prediction(whole.probabilities, whole.predicted, flagged, thresholds)


def _picture(
    reading: SeriesReading, analyst: Analyst, item: SliceAnswer, class_name: str | None
) -> PictureReport:
    place, answer = item.number - 1, item.answer
    pixels, orientation, sha256 = np.zeros(_UNREADABLE, np.uint8), None, ""
    overlay: ByteArray | None = None
    said = "No map: drawn of the strongest slice of each class"
    try:
        image = reading.stack.image(place, default_window=reading.task.window)
        pixels, orientation, sha256 = image.pixels.copy(), image.orientation, image.sha256
    except IntakeError:
        said = "No map: this slice could not be read"
    if class_name is not None:
        carried = reading.key.already_applied
        again = answer_slice(analyst, reading.stack, place, already_applied=carried).answer
        overlay, said = _overlay(again, class_name, reading.task.class_spec(class_name).title)
    return PictureReport(
        pixels=pixels,
        overlay=overlay,
        overlay_said=said,
        sha256=sha256,
        status=answer.status,
        reason=answer.reason,
        prediction=answer.prediction,
        gate=answer.gate,
        edges=orientation,
        notes=reading.stack.notes,
    )


def _overlay(answer: Answer, class_name: str, title: str) -> tuple[ByteArray | None, str]:
    from core.saliency.drawing import Look, draw_map
    from core.saliency.methods import METHODS
    from core.workflows.explaining import heatmap_of

    found = next((item for item in answer.explanations if item.class_name == class_name), None)
    heatmap = heatmap_of(answer, class_name)
    if found is None or heatmap is None or answer.image is None:
        return None, "No map: the version has none"
    if not found.has_evidence:
        return None, f"No map: no place of the slice speaks for {title}"
    said = f"Map of {title}: {METHODS[found.method].title}, layer {found.layer}"
    return draw_map(heatmap, Look()).over(answer.image.pixels), said
