"""A case as a Comprehensive 3D SR on TID 1500 (PS3.16): probabilities as coded measurements.

Flagged UNVERIFIED, PARTIAL and PRELIMINARY (PS3.3 C.17.2): a machine's answer is a proposal,
and the readers' own report is elsewhere. Each class of each picture is a measurement group: what
the finding would be, how certain the model is of it in per cent, and whether it was flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from core.domain import GateVerdict, Prediction
from core.reporting import case_words as words
from core.reporting import dicom_codes as concepts
from core.reporting.case_report import USE, CaseReport
from core.reporting.dicom_capture import picture_series_uid, picture_uid
from core.reporting.dicom_objects import (
    MAKER,
    file_bytes,
    lay_subject,
    made_by,
    own_uid,
    plain_text,
    study_uid,
    subject,
    uid,
)

_SERIES_NUMBER = 9903
Group = MeasurementsAndQualitativeEvaluations
Concept = Code | CodedConcept


def render_sr(report: CaseReport, *, source_file: bytes | None = None) -> bytes:
    """Return the report as a DICOM SR file.

    Parameters
    ----------
    report : CaseReport
    source_file : bytes or None
        One of the DICOM files of the case, for patient and study; None leaves those empty.

    Raises
    ------
    ReportError
        If the pictures come from several studies, or ``source_file`` from another case.
    """
    who = subject(report, source_file)
    content = MeasurementReport(
        observation_context=_observer(report),
        procedure_reported=concepts.PROCEDURE,
        imaging_measurements=[*_series_groups(report), *_picture_groups(report), *_reads(report)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    unread = [
        f"{words.picture_name(report, place).capitalize()}: {words.answer_said(report, picture)}"
        for place, picture in enumerate(report.pictures)
        if picture.is_unread
    ]
    for text in (USE, words.headline(report), *unread, *report.model.known_failures):
        content[0].ContentSequence.append(_comment(text))
    document = Comprehensive3DSR(
        evidence=_unique(_evidence(report, place) for place in _read_places(report)),
        content=content[0],
        series_instance_uid=own_uid(report, "sr-series"),
        series_number=_SERIES_NUMBER,
        series_description=f"AI report. {USE}",
        sop_instance_uid=own_uid(report, "sr"),
        instance_number=1,
        is_complete=False,
        is_final=False,
        is_verified=False,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **made_by(report),
    )
    lay_subject(document, who)
    return file_bytes(document)


def _observer(report: CaseReport) -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=uid(report, "device", report.model.digest),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=f"{report.model.version} ({report.model.architecture})",
        serial_number=report.model.digest,
    )
    context = ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=device
    )
    return ObservationContext(observer_device_context=context)


def _algorithm(report: CaseReport) -> AlgorithmIdentification:
    model = report.model
    return AlgorithmIdentification(
        name=model.title,
        version=model.version,
        parameters=[
            f"version digest: {model.digest}",
            f"calibrator: {model.calibrator}",
            f"threshold: {words.threshold_said(report)}",
        ],
        manufacturer=MAKER,
    )


def _comment(text: str) -> TextContentItem:
    return TextContentItem(
        name=concepts.COMMENT,
        value=plain_text(text),
        relationship_type=RelationshipTypeValues.CONTAINS,
    )


def _reference(report: CaseReport, place: int) -> SourceImageForMeasurementGroup:
    source = report.pictures[place].source
    if source is None:
        return SourceImageForMeasurementGroup(
            SecondaryCaptureImageStorage, picture_uid(report, place)
        )
    frames = None if source.frame_number is None else [source.frame_number]
    return SourceImageForMeasurementGroup(source.sop_class_uid, source.sop_instance_uid, frames)


def _read_places(report: CaseReport) -> list[int]:
    """Return the pictures that can be named: what nobody could read is no instance."""
    return [place for place, picture in enumerate(report.pictures) if not picture.is_unread]


def _evidence(report: CaseReport, place: int) -> Dataset:
    """Return what the SR has to know of a picture that it names; nothing about the patient."""
    source, found = report.pictures[place].source, Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID"):
        setattr(found, keyword, None)
    for keyword in ("AccessionNumber", "StudyDate", "StudyTime", "ReferringPhysicianName"):
        setattr(found, keyword, None)
    found.StudyInstanceUID = study_uid(report)
    found.SOPClassUID = source.sop_class_uid if source else SecondaryCaptureImageStorage
    found.SOPInstanceUID = source.sop_instance_uid if source else picture_uid(report, place)
    series = source.series_instance_uid if source else picture_series_uid(report)
    found.SeriesInstanceUID = series
    return found


def _unique(instances: Iterable[Dataset]) -> list[Dataset]:
    """Return each instance once: the frames of one object share it."""
    return list({str(item.SOPInstanceUID): item for item in instances}.values())


def _series_groups(report: CaseReport) -> list[Group]:
    if report.series is None or report.series.prediction is None:
        return []
    # Without images of its own a group is about all that the document names (TID 1501).
    groups = _class_groups(report, "series", report.series.prediction, None)
    groups[0][0].ContentSequence.append(_comment(f"Rule: {report.series.rule}"))
    return groups


def _picture_groups(report: CaseReport) -> Iterable[Group]:
    for place in _read_places(report):
        picture = report.pictures[place]
        name, images = words.picture_name(report, place), [_reference(report, place)]
        yield _state_group(report, place, name, images)
        if picture.prediction is not None:
            yield from _class_groups(report, name, picture.prediction, images)


def _state_group(
    report: CaseReport, place: int, name: str, images: Sequence[SourceImageForMeasurementGroup]
) -> Group:
    """Return whether the model answered, whether the gate let it, and which class is largest."""
    picture = report.pictures[place]
    said = [_yes_or_no(concepts.ANSWERED, picture.prediction is not None), *_gate(picture.gate)]
    if picture.prediction is not None:
        largest = concepts.class_concept(report.task, picture.prediction.predicted)
        said.append(QualitativeEvaluation(concepts.LARGEST, largest))
    group = Group(
        tracking_identifier=_tracked(report, name, "state"),
        algorithm_id=_algorithm(report),
        qualitative_evaluations=said,
        source_images=list(images),
    )
    group[0].ContentSequence.append(_comment(words.answer_said(report, picture)))
    return group


def _gate(gate: GateVerdict | None) -> list[QualitativeEvaluation]:
    return [] if gate is None else [_yes_or_no(concepts.INSIDE, gate.inside)]


def _class_groups(
    report: CaseReport,
    name: str,
    prediction: Prediction,
    images: Sequence[SourceImageForMeasurementGroup] | None,
) -> list[Group]:
    """Return a group a class; which algorithm it was, the state group of the picture says."""
    groups = []
    for key in report.task.class_names:
        evaluations: list[QualitativeEvaluation] = []
        measured = [
            _per_cent(concepts.CERTAINTY, prediction.probabilities[key], concepts.CALIBRATED)
        ]
        if key in prediction.thresholds:
            measured.append(_per_cent(concepts.THRESHOLD, prediction.thresholds[key]))
        # A threshold of all findings together flags each of them, and has no value of one class.
        if prediction.thresholds and key in report.task.findings:
            evaluations.append(_yes_or_no(concepts.FLAGGED, key in prediction.flagged))
        groups.append(
            Group(
                tracking_identifier=_tracked(report, name, key),
                finding_type=concepts.class_concept(report.task, key),
                measurements=measured,
                qualitative_evaluations=evaluations,
                source_images=images,
            )
        )
    return groups


def _per_cent(name: Concept, share: float, method: Concept | None = None) -> Measurement:
    return Measurement(name=name, value=round(100 * share, 6), unit=concepts.PERCENT, method=method)


def _yes_or_no(name: Concept, value: bool) -> QualitativeEvaluation:
    return QualitativeEvaluation(name, concepts.YES if value else concepts.NO)


def _tracked(report: CaseReport, *what: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid=own_uid(report, *what), identifier=": ".join(what))


def _reads(report: CaseReport) -> list[Group]:
    """Return what people recorded, each read with its words; the verdict in force beside them."""
    if not report.reads and report.verdict is None:
        return []
    said = [
        QualitativeEvaluation(concepts.READ, concepts.class_concept(report.task, read.class_name))
        for read in report.reads
    ]
    if report.verdict is not None:
        called = concepts.class_concept(report.task, report.verdict.class_name)
        said.append(QualitativeEvaluation(concepts.VERDICT, called))
    group = Group(
        tracking_identifier=_tracked(report, "reads"),
        finding_category=concepts.READS,
        qualitative_evaluations=said,
    )
    for read in report.reads:
        group[0].ContentSequence.append(_comment(words.read_said(report, read)))
    return [group]
