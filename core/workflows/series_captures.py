"""The secondary captures of a series: every slice with its own map, as files or as one zip.

Of each slice the map of its strongest flagged finding, else of its called class, as of a single
case; a slice without an answer is captured without a map and says why. The network does not run
again: the maps are those of the answers.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.reporting.case_report import CaseReport
from core.saliency.raw_maps import Watch
from core.workflows.background_desk import Job
from core.workflows.case_reports import each_capture
from core.workflows.report_files import CAPTURES
from core.workflows.series_reading import SeriesReading
from core.workflows.series_report import laid_over, note_series_export, series_report

_QUICK = 1  # level of deflate: a capture is a photograph with noise in it


@dataclass(frozen=True, slots=True, eq=False)
class SeriesCaptures:
    """The captures of a series as one zip, made and not yet taken.

    ``digests`` are the SHA-256 of its files, ``n_left_out`` the slices that nobody could read.
    """

    report: CaseReport
    data: bytes
    digests: tuple[str, ...]
    n_left_out: int

    def take(self, *, who: str | None = None) -> bytes:
        """Return the zip, once the export is a row of the audit chain.

        Raises
        ------
        PersistenceError
            If the export was not recorded.
        """
        note_series_export(self.report, CAPTURES, self.digests, who=who)
        return self.data


def series_captures(reading: SeriesReading, watch: Watch) -> SeriesCaptures:
    """Return the captures of a series whose slices are all answered; they name no patient.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    ModelVersionError
        If the version is gone.
    ReportError
        If its files do not say which instances they are, or come from several studies.
    """
    # Every slice is read twice, for the report and for its capture: each is half of the way.
    first = Watch(lambda done, n: watch.tell(done, 2 * n))
    second = Watch(lambda done, n: watch.tell(n + done, 2 * n))
    report = series_report(reading, watch=first)
    names = iter(capture_names(report))
    digests: list[str] = []
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_QUICK) as archive:
        for data in captures(reading, report, watch=second):
            archive.writestr(next(names), data)
            digests.append(hashlib.sha256(data).hexdigest())
    n_left_out = sum(picture.is_unread for picture in report.pictures)
    return SeriesCaptures(report, stream.getvalue(), tuple(digests), n_left_out)


def captures_job(reading: SeriesReading) -> Job:
    """Return the work of making the captures; they lie in ``reading.exports`` then."""

    def work(watch: Watch) -> Mapping[Any, Any]:
        reading.exports[CAPTURES] = series_captures(reading, watch)
        return {captures_key(reading): True}

    return Job(f"Captures of {len(reading.stack)} slices", (captures_key(reading),), work)


def captures_key(reading: SeriesReading) -> Hashable:
    """Return the key of that work."""
    return (reading.token, CAPTURES)


def made_captures(reading: SeriesReading) -> SeriesCaptures | None:
    """Return the captures of a reading, once they are made."""
    return reading.exports.get(CAPTURES)


def captures(
    reading: SeriesReading,
    report: CaseReport,
    *,
    source_file: bytes | None = None,
    watch: Watch | None = None,
) -> Iterator[bytes]:
    """Yield the captures of a series in the order of ``capture_names``, unaudited.

    Parameters
    ----------
    reading : SeriesReading
    report : CaseReport
        Of that reading.
    source_file : bytes or None
        One of its DICOM files, for patient and study.
    watch : Watch or None
        Told (done, total) after every file.

    Raises
    ------
    CancelledError, ModelVersionError, ReportError
        As ``series_captures``; the last also if ``source_file`` is none of the series.
    """
    analyst, watch, total = reading.analyst(), watch or Watch(), len(capture_names(report))
    made = each_capture(
        report,
        source_file=source_file,
        laid=lambda place: laid_over(reading, analyst, report.pictures[place], place),
    )
    watch.tell(0, total)
    for number, data in enumerate(made, start=1):
        yield data
        watch.tell(number, total)


def capture_names(report: CaseReport) -> list[str]:
    """Return a name for each capture, counted as the slices are; pictures of raster files first."""
    seen = [
        (place, picture) for place, picture in enumerate(report.pictures) if not picture.is_unread
    ]
    plain = [f"picture-{place + 1:04d}.dcm" for place, picture in seen if picture.source is None]
    return [*plain, *(f"capture-{place + 1:04d}.dcm" for place, _ in seen)]
