"""A series that was read, as a report: the answer, every slice, the strongest with their maps.

It is no stored case: its name in the report follows from its pixels. The export is an audit row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from core.domain import Answer, ByteArray, PictureKind, Prediction, StudyImage
from core.errors import IntakeError
from core.reporting.case_report import CaseReport, PictureReport
from core.reporting.case_report import SeriesAnswer as ReportedAnswer
from core.saliency.raw_maps import Watch
from core.workflows.adding_cases import recorded_answer, source_of
from core.workflows.analyst import Analyst
from core.workflows.case_reports import pdf_of
from core.workflows.report_words import class_to_draw, model_facts
from core.workflows.series_answering import SeriesAnswer, SliceAnswer, with_pictures
from core.workflows.series_reading import SeriesReading
from core.workflows.users import Role, require, signed_by

RULES = {
    "mean": "The mean of the slices that were answered.",
    "any": "A finding has its largest probability over the slices that were answered, any other "
    "class its smallest, divided by their sum.",
}
_UNREADABLE = (64, 64)  # the size of the black field that stands for a slice nobody could read
_ELSEWHERE = "No map: drawn of the strongest slice of each class"


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
    report = series_report(reading)
    data = pdf_of(report)
    note_series_export(report, "pdf", [hashlib.sha256(data).hexdigest()], who=who)
    return data


def note_series_export(
    report: CaseReport,
    form: str,
    digests: Sequence[str],
    *,
    who: str | None = None,
    with_context: bool = False,
) -> None:
    """Write who exported what of a series into the audit chain; ``digests`` are of the files.

    Raises
    ------
    PersistenceError
        If it was not stored: then nothing may leave.
    """
    from core.persistence.case_store import case_store

    name = signed_by(who)
    require(name, Role.READER)
    facts = {
        "form": form,
        "files": list(digests),
        "series": report.case_id,
        "version_digest": report.model.digest,
        "with_context": with_context,
    }
    case_store().note("report_exported", who=name, facts=facts)


def series_report(
    reading: SeriesReading, *, with_context: bool = False, watch: Watch | None = None
) -> CaseReport:
    """Return a series as it was answered, its strongest slices with their maps.

    Parameters
    ----------
    reading : SeriesReading
        With every slice answered.
    with_context : bool
        Whether the PDF names UIDs.
    watch : Watch or None
        Told (done, total) before every slice that is read again.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    ModelVersionError
        If the version is gone.
    """
    analyst = reading.analyst()
    whole = reading.whole()
    strongest = {name: item.number - 1 for name, item in whole.strongest.items()}
    drawn: dict[int, str] = {}
    for name in reading.task.class_names:  # where two are strongest in one slice: the finding
        if name in strongest and (strongest[name] not in drawn or name in reading.task.findings):
            drawn[strongest[name]] = name
    answers = reading.answers
    recorded = recorded_answer(analyst, answers[0].answer, "", by="")
    pictures: list[PictureReport] = []
    for place, item in enumerate(answers):
        if watch is not None:
            watch.tell(place, len(answers))
        pictures.append(_picture(reading, analyst, item, drawn.get(place)))
    return CaseReport(
        case_id=series_id(reading.task.key, pictures),
        task=reading.task,
        model=model_facts(recorded, analyst.version),
        pictures=tuple(pictures),
        made_at=datetime.now(UTC),
        series=ReportedAnswer(RULES[whole.rule], _prediction(whole, analyst), strongest),
        shows_context=with_context,
    )


def series_id(task: str, pictures: Sequence[PictureReport]) -> str:
    """Return the name of a series in a task: the same pixels in the same order have the same."""
    digest = hashlib.sha256(task.encode())
    for picture in pictures:
        digest.update(f"\n{picture.pixels.shape}".encode())
        digest.update(np.ascontiguousarray(picture.pixels).tobytes())
    return f"s{digest.hexdigest()[:16]}"


def laid_over(
    reading: SeriesReading, analyst: Analyst, picture: PictureReport, place: int
) -> PictureReport:
    """Return a slice of a report with the map of its own strongest flagged, else called class."""
    item = reading.answers[place]
    if item.prediction is None:
        return replace(picture, overlay=None, overlay_said="No map: there is no answer")
    shares, flagged = item.prediction.probabilities, item.prediction.flagged
    name = class_to_draw(shares, flagged, item.prediction.predicted)
    overlay, said = _overlay(reading, analyst, item, name)
    return replace(picture, overlay=overlay, overlay_said=said)


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
    image: StudyImage | None = None
    overlay, said = None, _ELSEWHERE
    try:
        image = reading.stack.image(place, default_window=reading.task.window)
    except IntakeError:
        said = "No map: this slice could not be read"
    if image is not None and class_name is not None:
        overlay, said = _overlay(reading, analyst, item, class_name)
    return PictureReport(
        pixels=np.zeros(_UNREADABLE, np.uint8) if image is None else image.pixels.copy(),
        overlay=overlay,
        overlay_said=said,
        sha256="" if image is None else image.sha256,
        status=answer.status,
        reason=answer.reason,
        prediction=answer.prediction,
        gate=answer.gate,
        edges=None if image is None else image.orientation,
        notes=reading.stack.notes,
        source=None if image is None else source_of(reading.stack.data(place), image),
        is_dicom=image is not None and image.kind is PictureKind.DICOM,
        is_unread=image is None,
    )


def _overlay(
    reading: SeriesReading, analyst: Analyst, item: SliceAnswer, class_name: str
) -> tuple[ByteArray | None, str]:
    from core.saliency.drawing import Look, draw_map
    from core.saliency.methods import METHODS
    from core.workflows.explaining import heatmap_of

    carried = reading.key.already_applied
    answer: Answer = with_pictures(analyst, reading.stack, item, already_applied=carried).answer
    title = reading.task.class_spec(class_name).title
    found = next((part for part in answer.explanations if part.class_name == class_name), None)
    heatmap = heatmap_of(answer, class_name)
    if found is None or heatmap is None or answer.image is None:
        return None, f"No map: {analyst.answering.why_no_map or 'the version has none'}"
    if not found.has_evidence:
        return None, f"No map: no place of the slice speaks for {title}"
    said = f"Map of {title}: {METHODS[found.method].title}, layer {found.layer}"
    return draw_map(heatmap, Look()).over(answer.image.pixels), said
