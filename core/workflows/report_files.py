"""Reports as files that a person names: all of them, or none.

Everything is made and written aside first; then the exports become rows of the audit chain; then
the files get their names. A kill in between leaves a row too many, never a file without one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ArgumentError, ReportError
from core.workflows import case_reports
from core.workflows.case_reports import CaseReport

PDF, SR, CAPTURES, CSV = "pdf", "sr", "sc", "csv"
FORMS = (PDF, SR, CAPTURES, CSV)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that was written: ``form`` is pdf, sr, sc or csv."""

    form: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What was written of a case; ``status`` is that of its answer: ok, refused or error."""

    case_id: str
    status: str
    model_version: str
    version_digest: str
    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """How a report is asked for.

    ``who`` exports (None: whoever is logged in, else the account); ``with_context`` names study
    date and UIDs in the PDF; ``source_file`` is the case's DICOM file, whose patient and study
    the DICOM objects then name.
    """

    who: str | None = None
    with_context: bool = False
    source_file: bytes | None = None


def write_report(case_id: str, outs: Mapping[str, Path], asking: Asking) -> Reported:
    """Write a case in the forms asked for.

    Parameters
    ----------
    case_id : str
    outs : mapping of form to path
        Of captures a file, or a folder that exists. A raster case has one more capture, the
        picture that the others refer to: beside the file, its name ending in ``-picture``.
    asking : Asking

    Raises
    ------
    ArgumentError
        If no form is asked for, or two are to be the same file.
    CaseError, ModelVersionError, PersistenceError
        As ``core.workflows.case_reports.case_report``.
    ReportError
        As ``case_sr``, or if a file cannot be written; then none was.
    """
    check_outs(outs)
    wants_map = bool(set(outs) - {CSV})
    if wants_map:
        report = case_reports.case_report(case_id, with_context=asking.with_context)
    else:
        report = case_reports.recorded_report(case_id)
    made = [
        (form, path, data)
        for form, out in outs.items()
        for path, data in _made(form, report, out, asking)
    ]
    with aside(made) as (written, name_them):
        for form in outs:
            case_reports.note_export(
                [case_id],
                form,
                [data for of_form, _, data in made if of_form == form],
                who=asking.who,
                with_context=shows_context(form, asking),
            )
        name_them()
    return Reported(
        case_id=case_id,
        status=report.pictures[0].status.value,
        model_version=report.model.version,
        version_digest=report.model.digest,
        files=tuple(written),
    )


def shows_context(form: str, asking: Asking) -> bool:
    """Return whether a form, so asked for, leads to the patient."""
    if form == PDF:
        return asking.with_context
    return form != CSV and asking.source_file is not None


def check_outs(outs: Mapping[str, Path], *, reads: Iterable[Path] = ()) -> None:
    """Refuse a call that asks for nothing, for two forms in one file, or for a file that it reads.

    Raises
    ------
    ArgumentError, ReportError
        As ``write_report``.
    """
    if not outs:
        raise ArgumentError(
            "No form of report was asked for.", remedy="Give --pdf, --sr, --sc or --csv OUT."
        )
    if len({path.absolute() for path in outs.values()}) < len(outs):
        raise _same_file()
    for form, path in outs.items():
        if path.is_dir() and form != CAPTURES:
            raise ReportError(f"{path} is a folder.", remedy=f"Name a file for --{form}.")
    sources = {path.resolve() for path in reads}
    for path in outs.values():
        found = path.resolve()
        # A folder that is read holds the slices: a file that is there may be one of them.
        if found in sources or (found.exists() and sources & set(found.parents)):
            raise ArgumentError(
                f"{path} is read, and would be written over.", remedy="Name another file."
            )


def _made(form: str, report: CaseReport, out: Path, asking: Asking) -> list[tuple[Path, bytes]]:
    if form == CAPTURES:
        captures = case_reports.captures_of(report, source_file=asking.source_file)
        return list(zip(_capture_paths(out, report, len(captures)), captures, strict=True))
    render: dict[str, Callable[[], bytes]] = {
        PDF: lambda: case_reports.pdf_of(report),
        SR: lambda: case_reports.sr_of(report, source_file=asking.source_file),
        CSV: lambda: case_reports.csv_of([report]),
    }
    return [(out, render[form]())]


def _capture_paths(out: Path, report: CaseReport, n: int) -> list[Path]:
    """Return where the captures go: those of raster pictures first, as they are rendered."""
    if out.is_dir():
        return [out / f"{report.case_id}-{place}.dcm" for place in range(1, n + 1)]
    return [*([out.with_name(f"{out.stem}-picture{out.suffix}")] if n > 1 else []), out]


@contextmanager
def aside(
    files: Iterable[tuple[str, Path, bytes]],
) -> Iterator[tuple[list[ReportFile], Callable[[], None]]]:
    """Write files (form, path, bytes) aside and flush them; give what they are and what names them.

    They are asked for one at a time, so that a stack's need not all be there at once.

    Raises
    ------
    ArgumentError
        If two are to be the same file.
    ReportError
        If one cannot be written; then none stays.
    """
    written: list[ReportFile] = []
    drafts: list[Path] = []

    def name_them() -> None:
        for file in written:
            _draft(file.path).replace(file.path)

    try:
        for form, path, data in files:
            if _draft(path) in drafts:  # the picture beside a capture has a name of our own
                raise _same_file()
            path.parent.mkdir(parents=True, exist_ok=True)
            drafts.append(_draft(path))
            with _draft(path).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            written.append(ReportFile(form, path, hashlib.sha256(data).hexdigest()))
        yield written, name_them
    except OSError as error:
        raise ReportError(
            f"The report was not written ({error.strerror or type(error).__name__}).",
            remedy="Check that the folder may be written and the disk has room.",
        ) from None
    finally:
        for draft in drafts:
            _remove(draft)


def _same_file() -> ArgumentError:
    return ArgumentError(
        "Two forms are to be written to the same file.", remedy="Give each its own name."
    )


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _remove(draft: Path) -> None:
    try:
        draft.unlink(missing_ok=True)
    except OSError:  # its folder is no folder, or may not be written: then there is no draft
        return
