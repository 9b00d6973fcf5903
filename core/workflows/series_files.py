"""The report of a series as files that a person names: all of them, or none.

As ``core.workflows.report_files`` for a case: made aside, recorded, then named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from core.domain import Status
from core.errors import ReportError
from core.reporting.case_report import CaseReport
from core.saliency.raw_maps import Watch
from core.workflows.case_reports import csv_of, pdf_of, sr_of
from core.workflows.report_files import (
    CAPTURES,
    CSV,
    PDF,
    SR,
    Asking,
    Reported,
    aside,
    check_outs,
    shows_context,
)
from core.workflows.series_captures import capture_names, captures
from core.workflows.series_reading import SeriesReading
from core.workflows.series_report import note_series_export, series_report


def write_series_report(
    reading: SeriesReading,
    outs: Mapping[str, Path],
    asking: Asking,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Reported:
    """Write a series whose slices are all answered in the forms asked for.

    Parameters
    ----------
    reading : SeriesReading
    outs : mapping of form to path
        Of captures a folder, which is made where it is not there.
    asking : Asking
        ``source_file`` is one DICOM file of the series.
    on_progress : callable or None
        Told (done, total) of the captures.

    Raises
    ------
    ArgumentError
        If no form is asked for, or two are to be the same file.
    ModelVersionError
        If the version is gone.
    PersistenceError
        If the export was not recorded.
    ReportError
        If a file cannot be written, then none was; or as
        :func:`core.workflows.series_captures.captures`.
    """
    check_outs(outs)
    folder = outs.get(CAPTURES)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder} is no folder.", remedy="Name a folder for --sc.")
    report = series_report(reading, with_context=asking.with_context)
    with aside(_files(reading, report, outs, asking, Watch(on_progress))) as (written, name_them):
        for form in outs:
            digests = [file.sha256 for file in written if file.form == form]
            with_context = shows_context(form, asking)
            note_series_export(report, form, digests, who=asking.who, with_context=with_context)
        name_them()
    return Reported(
        case_id=report.case_id,
        status=_status(reading, report).value,
        model_version=report.model.version,
        version_digest=report.model.digest,
        files=tuple(written),
    )


def _files(
    reading: SeriesReading,
    report: CaseReport,
    outs: Mapping[str, Path],
    asking: Asking,
    watch: Watch,
) -> Iterator[tuple[str, Path, bytes]]:
    render: dict[str, Callable[[], bytes]] = {
        PDF: partial(pdf_of, report),
        SR: partial(sr_of, report, source_file=asking.source_file),
        CSV: partial(csv_of, [report]),
    }
    for form, out in outs.items():
        if form != CAPTURES:
            yield form, out, render[form]()
            continue
        made = captures(reading, report, source_file=asking.source_file, watch=watch)
        for name, data in zip(capture_names(report), made, strict=True):
            yield form, out / name, data


def _status(reading: SeriesReading, report: CaseReport) -> Status:
    """Return ok where the series has an answer, else refused, else that nothing could be read."""
    if report.prediction is not None:
        return Status.OK
    return Status.REFUSED if reading.whole().n_refused else Status.ERROR
