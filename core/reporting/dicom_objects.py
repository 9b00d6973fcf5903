"""What every DICOM object of a report has: whose study it is in, its UIDs, and who made it.

Into the study of the source. The patient and the study are described by what the source *file*
says, copied attribute by attribute from a short list, and only while that file is at hand; without
it those attributes are empty, as the standard allows (type 2), and the study is found by its UID.
A raster picture has no study: its objects make one under the case's pseudonym.
"""

from __future__ import annotations

import io
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pydicom
from highdicom import UID, ContributingEquipment
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.codedict import codes
from pydicom.tag import Tag

from core import __version__
from core.domain import SourceInstance
from core.errors import ReportError
from core.reporting.case_report import CaseReport
from core.reporting.dicom_codes import private_scheme

MAKER = "Second Look"
_NAMES = uuid.UUID("6f1d4a0e-8a0b-4f43-9d6e-2f9c0f1e7a55")
# PS3.3 C.7.1.1 and C.7.2.1: what ties an object to its patient and study, and no more of it
_SUBJECT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
_EMPTY = tuple(keyword for keyword in _SUBJECT if keyword != "IssuerOfPatientID")
_TAGS: list[Any] = [
    Tag(keyword)
    for keyword in (*_SUBJECT, "StudyInstanceUID", "SOPInstanceUID", "SpecificCharacterSet")
]


def uid(report: CaseReport, *what: object) -> UID:
    """Return the UID of a thing of a case (PS3.5 B.2); the same thing has the same one."""
    name = "/".join(str(part) for part in (report.case_id, *what))
    return UID(f"2.25.{uuid.uuid5(_NAMES, name).int}")


def own_uid(report: CaseReport, *what: object) -> UID:
    """Return the UID of a thing of this very report: made again later, it is another thing."""
    return uid(report, report.made_at.isoformat(), report.model.digest, *what)


def plain_text(text: str) -> str:
    r"""Return text as a DICOM text value may hold it (PS3.5 6.1.3), other controls as code points.

    >>> plain_text("6 mm\nupper pole\x1b"), plain_text("")
    ('6 mm\r\nupper pole⟨U+001B⟩', '')
    """
    letters = (
        letter
        if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs")
        else f"⟨U+{ord(letter):04X}⟩"
        for letter in text.replace("\r\n", "\n").replace("\t", " ")
    )
    return "".join(letters).replace("\n", "\r\n")


def one_value(text: str) -> str:
    """Return text for an attribute of one short line (LO): a backslash would begin a second one."""
    return " ".join(plain_text(text).replace("\\", "/").split())[:64]


def study_uid(report: CaseReport) -> str:
    """Return the study that the objects go into: the source's, else one of the case's own.

    Raises
    ------
    ReportError
        If the pictures come from several studies, or none could be read.
    """
    seen = [item for item in report.pictures if not item.is_unread]
    if not seen:
        raise ReportError(
            "No picture of the case could be read, so nothing can be laid beside it.",
            remedy="Export the files again, or take the PDF.",
        )
    found = {item.source.study_instance_uid if item.source else None for item in seen}
    if len(found) > 1:
        raise ReportError(
            f"The pictures of the case come from {len(found)} studies.",
            remedy="Make a case of the pictures of one study.",
        )
    return found.pop() or uid(report, "study")


def subject(report: CaseReport, source_file: bytes | None) -> Dataset:
    """Return the attributes of patient and study that the objects carry.

    Parameters
    ----------
    report : CaseReport
    source_file : bytes or None
        One of the DICOM files that the case was made of; read for these attributes only.

    Raises
    ------
    ReportError
        If the file is none of the case's; no message quotes a value of the file.
    """
    found = Dataset()
    for keyword in _EMPTY:
        setattr(found, keyword, None)
    sources = [item.source for item in report.pictures if item.source is not None]
    if not sources:
        found.PatientID = one_value(report.case_id)
        found.PatientIdentityRemoved = "YES"
        found.DeidentificationMethod = "Raster picture: the case's pseudonym stands for the patient"
    elif source_file is not None:
        _copy_subject(found, source_file, sources)
    return found


def _copy_subject(into: Dataset, source_file: bytes, sources: list[SourceInstance]) -> None:
    try:
        file = pydicom.dcmread(io.BytesIO(source_file), specific_tags=_TAGS)
    except (InvalidDicomError, EOFError, ValueError, RecursionError):
        raise _other_file("cannot be read as DICOM") from None
    known = {source.sop_instance_uid for source in sources}
    if str(file.get("SOPInstanceUID")) not in known:
        raise _other_file("is none of the case's pictures")
    for keyword in _SUBJECT:
        if file.get(keyword):
            setattr(into, keyword, str(file[keyword].value))


def _other_file(what: str) -> ReportError:
    return ReportError(
        f"The source file {what}.",
        remedy="Give a DICOM file that the case was made of, or none.",
    )


def lay_subject(dataset: Dataset, attributes: Dataset) -> None:
    """Write patient and study into an object that is ready otherwise.

    Last, and never through an argument of a library: its warnings would quote the name.
    """
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for element in attributes:
        dataset.add(element)


def made_by(report: CaseReport) -> Mapping[str, Any]:
    """Return the arguments that say when and by what an object was made."""
    at = report.made_at.astimezone(UTC)
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": one_value(f"{MAKER} {report.task.key}"),
        # A list: pydicom warns of a tuple in a value.
        "software_versions": [__version__, one_value(report.model.version)],
        "device_serial_number": one_value(report.model.digest),
        "content_qualification": "RESEARCH",
        "coding_schemes": [private_scheme()],
        "content_date": at.strftime("%Y%m%d"),
        "content_time": at.strftime("%H%M%S"),
        "specific_character_set": "ISO_IR 192",
        "contributing_equipment": [_classifier(report)],
    }


def _classifier(report: CaseReport) -> ContributingEquipment:
    """Return the model that answered, as equipment of its own (IHE AI Results, RAD TF-3)."""
    model = report.model
    return ContributingEquipment(
        manufacturer=MAKER,
        purpose_of_reference=codes.DCM.ProcessingEquipment,
        manufacturer_model_name=one_value(model.title),
        software_versions=one_value(model.version),
        device_serial_number=one_value(model.digest),
        contribution_datetime=report.made_at.astimezone(UTC).replace(tzinfo=None),
        contribution_description="Image classifier that answered",
    )


def file_bytes(dataset: Dataset) -> bytes:
    """Return an object as the bytes of a DICOM file."""
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
