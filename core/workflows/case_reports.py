"""The report of a case: PDF, DICOM SR, secondary captures, CSV; every export is an audit row.

What was answered comes from the record. The map is made now by the very version that answered, and
left out with a sentence where that version says something else here. No patient is named by the
product: ``source_file`` brings the name into the DICOM objects at the moment of writing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from core.domain import ByteArray, GateVerdict, PictureKind, Prediction, Status
from core.errors import ReportError
from core.persistence.case_records import CaseAnswer, CaseFile
from core.reporting.case_report import CaseReport, ModelFacts, PictureReport
from core.tasks import TaskSpec, load_task
from core.workflows.answered_cases import AnsweredCase, answer_again, latest_answer
from core.workflows.cases import case_file, case_image
from core.workflows.report_words import (
    class_to_draw,
    model_facts,
    reads_of,
    recorded_model,
    verdict_of,
)
from core.workflows.users import Role, require, signed_by

__all__ = [
    "CaseReport",
    "case_captures",
    "case_csv",
    "case_pdf",
    "case_report",
    "case_sr",
    "has_objects",
    "note_export",
    "recorded_report",
]


def case_report(case_id: str, *, with_context: bool = False) -> CaseReport:
    """Return a case, frozen now, with its map.

    Parameters
    ----------
    case_id : str
    with_context : bool
        Whether the PDF names study date and UIDs.

    Raises
    ------
    CaseError
        If there is no such case, or it was never answered.
    ModelVersionError
        If the version that answered is gone, or its files are others.
    PersistenceError
        If the picture is gone or is not what was stored.
    """
    answered = answer_again(case_id)
    model = model_facts(answered.recorded, answered.analyst.version)
    return _report(answered.found, model, _map(answered), with_context=with_context)


def has_objects(found: CaseFile) -> bool:
    """Return whether DICOM objects of a case can be made: a DICOM case must know its instance."""
    from core.persistence.case_store import case_store

    is_dicom = found.case.picture["kind"] == PictureKind.DICOM.value
    return not is_dicom or case_store().source(found.case.case_id) is not None


def recorded_report(case_id: str) -> CaseReport:
    """Return a case as it is recorded, without a map: the version need not be installed any more.

    Raises CaseError and PersistenceError as ``case_report``.
    """
    found = case_file(case_id)
    return _report(found, recorded_model(latest_answer(found)), (None, "No map was asked for"))


def case_pdf(case_id: str, *, who: str | None = None, with_context: bool = False) -> bytes:
    """Return the PDF of a case, once the export is a row of the audit chain.

    ``who`` exports; None: whoever is logged in, else the account. Raises as ``case_report``, and
    PersistenceError where the export was not recorded.
    """
    data = pdf_of(case_report(case_id, with_context=with_context))
    note_export([case_id], "pdf", [data], who=who, with_context=with_context)
    return data


def case_sr(case_id: str, *, who: str | None = None, source_file: bytes | None = None) -> bytes:
    """Return the case as DICOM SR, once the export is a row of the audit chain.

    ``source_file`` is the DICOM file of the case, for patient and study. Raises as ``case_pdf``,
    and ReportError if a DICOM case does not know its instance, or the file is another's.
    """
    data = sr_of(case_report(case_id), source_file=source_file)
    note_export([case_id], "sr", [data], who=who, with_context=source_file is not None)
    return data


def case_captures(
    case_id: str, *, who: str | None = None, source_file: bytes | None = None
) -> tuple[bytes, ...]:
    """Return the secondary captures of a case; as ``case_sr``.

    Of a raster case the picture itself comes first: capture and SR refer to it.
    """
    made = captures_of(case_report(case_id), source_file=source_file)
    note_export([case_id], "sc", made, who=who, with_context=source_file is not None)
    return made


def case_csv(case_ids: Sequence[str], *, who: str | None = None) -> bytes:
    """Return cases as CSV, a row each, once every export is a row of the audit chain."""
    data = csv_of([recorded_report(case_id) for case_id in case_ids])
    note_export(case_ids, "csv", [data], who=who)
    return data


def pdf_of(report: CaseReport) -> bytes:
    """Return the PDF of a report, unaudited: ``note_export`` has to follow."""
    from core.reporting.case_pdf import render_case_pdf

    return render_case_pdf(report)


def csv_of(reports: Sequence[CaseReport]) -> bytes:
    """Return reports as CSV, unaudited: ``note_export`` has to follow."""
    from core.reporting.case_csv import cases_csv

    return cases_csv(reports)


def sr_of(report: CaseReport, *, source_file: bytes | None = None) -> bytes:
    """Return the SR of a report, unaudited; raises ReportError as ``case_sr``."""
    from core.reporting.dicom_sr import render_sr

    _check_source(report, source_file)
    return render_sr(report, source_file=source_file)


def captures_of(report: CaseReport, *, source_file: bytes | None = None) -> tuple[bytes, ...]:
    """Return the captures of a report, unaudited; raises ReportError as ``case_sr``."""
    return tuple(each_capture(report, source_file=source_file))


def each_capture(
    report: CaseReport,
    *,
    source_file: bytes | None = None,
    laid: Callable[[int], PictureReport] | None = None,
) -> Iterator[bytes]:
    """Yield the captures of a report, unaudited, one at a time; as ``captures_of``.

    ``laid`` gives the picture of a place with its overlay, where the report holds none: the
    overlays of a stack are not all kept at once.
    """
    from core.reporting.dicom_capture import each_capture as each

    _check_source(report, source_file)
    yield from each(report, source_file=source_file, laid=laid)


def note_export(
    case_ids: Sequence[str],
    form: str,
    files: Sequence[bytes],
    *,
    who: str | None = None,
    with_context: bool = False,
) -> None:
    """Write who exported what into the audit chain, a row a case.

    Raises
    ------
    PersistenceError
        If it was not stored: then nothing may leave.
    """
    from core.persistence.case_store import case_store

    facts: dict[str, Any] = {
        "form": form,
        "files": [hashlib.sha256(data).hexdigest() for data in files],
        "with_context": with_context,
    }
    name = signed_by(who)
    require(name, Role.READER)
    store = case_store()
    for case_id in case_ids:
        store.note("report_exported", who=name, facts=facts, case_id=case_id)


def _report(
    found: CaseFile,
    model: ModelFacts,
    laid: tuple[ByteArray | None, str],
    *,
    with_context: bool = False,
) -> CaseReport:
    from core.persistence.case_store import case_store

    recorded, image = latest_answer(found), case_image(found.case)
    task = load_task(found.case.task)
    is_dicom = image.kind is PictureKind.DICOM
    picture = PictureReport(
        pixels=image.pixels,
        overlay=laid[0],
        overlay_said=laid[1],
        sha256=image.sha256,
        status=Status(recorded.status),
        reason=recorded.reason,
        prediction=_prediction(recorded, task),
        gate=_gate(recorded),
        edges=image.orientation,
        notes=image.notes,
        source=case_store().source(found.case.case_id) if is_dicom else None,
        is_dicom=is_dicom,
    )
    return CaseReport(
        case_id=found.case.case_id,
        task=task,
        model=model,
        pictures=(picture,),
        made_at=datetime.now(UTC),
        reads=reads_of(found),
        verdict=verdict_of(found),
        study_date=found.case.study_date or "",
        shows_context=with_context,
    )


def _prediction(recorded: CaseAnswer, task: TaskSpec) -> Prediction | None:
    if recorded.probabilities is None or recorded.predicted is None:
        return None
    in_order = {name: recorded.probabilities[name] for name in task.class_names}
    return Prediction(in_order, recorded.predicted, recorded.flagged, recorded.operating_points)


def _gate(recorded: CaseAnswer) -> GateVerdict | None:
    return None if recorded.gate is None else GateVerdict(**recorded.gate)


def _map(answered: AnsweredCase) -> tuple[ByteArray | None, str]:
    """Return the picture with the map of the strongest flagged, else the called class."""
    from core.saliency.drawing import Look, draw_map
    from core.saliency.methods import METHODS
    from core.workflows.explaining import heatmap_of

    recorded, task = answered.recorded, answered.analyst.task
    shares = recorded.probabilities
    if shares is None or recorded.predicted is None:
        return None, "No map: there is no answer"
    if not answered.is_same:
        differ = f"{answered.largest_difference or 0:.2g}"
        return None, f"No map: the version answers otherwise on this machine (by {differ})"
    name = class_to_draw(shares, recorded.flagged, recorded.predicted)
    title = task.class_spec(name).title
    found = next((item for item in answered.again.explanations if item.class_name == name), None)
    heatmap = None if found is None else heatmap_of(answered.again, name)
    if found is None or heatmap is None:
        return None, f"No map: {answered.analyst.answering.why_no_map or 'the version has none'}"
    if not found.has_evidence:
        return None, f"No map: no place of the picture speaks for {title}"
    said = f"Map of {title}: {METHODS[found.method].title}, layer {found.layer}"
    return draw_map(heatmap, Look()).over(answered.image.pixels), said


def _check_source(report: CaseReport, source_file: bytes | None) -> None:
    """Refuse DICOM objects of a DICOM case whose instance is unknown, and a source of a raster one.

    The first would make a study of their own, where nobody looks for them; the second would be
    passed over, while the audit chain says that a patient was named.
    """
    if source_file is not None and not any(picture.is_dicom for picture in report.pictures):
        raise ReportError(
            "The source file is none of the case's pictures: no DICOM file was one.",
            remedy="Leave the source out: the case's pseudonym stands for the patient.",
        )
    if not any(picture.is_dicom and picture.source is None for picture in report.pictures):
        return
    if report.series is not None:
        raise ReportError(
            "A file of the series does not say which study, series and instance it is.",
            remedy="Export the series again with its UIDs, or take the PDF.",
        )
    raise ReportError(
        f"Case {report.case_id} was made of a DICOM file, and which instance that is, is not "
        "known.",
        remedy="Add the file again (`python -m core cases add`): the case is found by its "
        "pixels and keeps the instance. A file without study, series and instance UID gives "
        "PDF and CSV only.",
    )
