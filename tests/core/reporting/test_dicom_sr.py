"""The structured report: read back by highdicom, every probability is where a reader looks."""

from __future__ import annotations

import io
from dataclasses import replace

import pydicom
import pytest
from highdicom.sr import Comprehensive3DSR, srread
from pydicom.sr.codedict import codes

from core.domain import GateVerdict
from core.reporting import dicom_codes as concepts
from core.reporting.case_report import USE, CaseReport, Read
from core.reporting.dicom_capture import render_captures
from core.reporting.dicom_sr import render_sr
from core.tasks import load_tasks
from tests.core.reporting.reports import (
    AT,
    SERIES,
    STUDY,
    ct_slice,
    dicom_case,
    picture,
    raster_case,
    refused,
    series_case,
)


def read(report: CaseReport, **options: object) -> Comprehensive3DSR:
    return srread(io.BytesIO(render_sr(report, **options)))


def groups(document: Comprehensive3DSR, *, finding: bool = True) -> list:
    found = document.content.get_image_measurement_groups()
    return [group for group in found if (group.finding_type is not None) == finding]


def texts(document: Comprehensive3DSR) -> list[str]:
    found = []

    def walk(item: pydicom.Dataset) -> None:
        if item.ValueType == "TEXT":
            found.append(item.TextValue)
        for child in item.get("ContentSequence", ()):
            walk(child)

    walk(document)
    return found


def test_a_machine_s_report_is_partial_preliminary_and_unverified():
    document = read(dicom_case())
    assert document.CompletionFlag == "PARTIAL"
    assert document.VerificationFlag == "UNVERIFIED"
    assert document.PreliminaryFlag == "PRELIMINARY"
    assert document.ContentQualification == "RESEARCH"
    assert "VerifyingObserverSequence" not in document
    assert document.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_it_lies_in_the_study_of_its_source_and_names_it():
    document = read(dicom_case())
    assert document.StudyInstanceUID == STUDY
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (STUDY, SERIES)
    (instance,) = series.ReferencedSOPSequence
    assert instance.ReferencedSOPInstanceUID == f"{SERIES}.1"


def test_each_class_has_its_calibrated_probability_in_per_cent():
    report = dicom_case()
    found = {}
    for group in groups(read(report)):
        (certainty,) = group.get_measurements(name=codes.DCM.CertaintyOfFinding)
        assert certainty.unit == codes.UCUM.Percent
        assert certainty.method == concepts.CALIBRATED
        found[group.finding_type.meaning] = certainty.value
    shares = report.prediction.probabilities
    assert found == pytest.approx(
        {
            "Cyst": 100 * shares["cyst"],
            "Normal": 100 * shares["normal"],
            "Renal stone": 72.0,
            "Neoplasm": 100 * shares["tumor"],
        }
    )


def test_the_threshold_and_the_flag_stand_with_the_finding_that_has_one():
    flagged = {}
    for group in groups(read(dicom_case())):
        answers = group.get_qualitative_evaluations(name=concepts.FLAGGED)
        flagged[group.finding_type.meaning] = [item.value.meaning for item in answers]
        limits = [item.value for item in group.get_measurements(name=concepts.THRESHOLD)]
        assert limits == ([23.0] if group.finding_type.meaning == "Renal stone" else [])
    assert flagged == {"Cyst": ["No"], "Normal": [], "Renal stone": ["Yes"], "Neoplasm": ["No"]}


def test_a_series_has_an_answer_of_its_own_and_one_a_slice():
    document = read(series_case(5))
    named = [group.tracking_identifier for group in groups(document)]
    assert named.count("series: stone") == 1
    assert len([name for name in named if name.startswith("slice")]) == 4 * 4
    assert not [name for name in named if name.startswith("slice 2 ")]  # refused
    assert "Rule: The largest probability of each finding over the slices." in texts(document)


def test_a_refused_picture_is_named_and_has_no_probability():
    document = read(raster_case(pictures=(refused(),)))
    assert groups(document) == []
    state = groups(document, finding=False)[0]
    (answered,) = state.get_qualitative_evaluations(name=concepts.ANSWERED)
    (inside,) = state.get_qualitative_evaluations(name=concepts.INSIDE)
    assert (answered.value, inside.value) == (codes.SCT.No, codes.SCT.No)
    assert any("looks like a chest film" in text for text in texts(document))


def test_version_digest_threshold_reads_and_use_are_in_the_text():
    said = texts(read(dicom_case()))
    for part in (USE, "2026.11-a", "version digest: " + "ab" * 32, "threshold: Stone >= 0.23"):
        assert part in said
    assert any("second read, blind: not assessable (B. Okafor" in text for text in said)
    reads = groups(read(dicom_case()), finding=False)[-1]
    recorded = reads.get_qualitative_evaluations(name=concepts.READ)
    assert [item.value.meaning for item in recorded] == ["Renal stone", "Not assessable"]


def test_controls_are_shown_and_letters_of_every_script_arrive_whole():
    said = "6 mm \\ \x1b$B 左肾结石 حصاة ไต\nsecond line"
    read_ = Read("B. Okafor", AT, "stone", 0.5, said)
    (text,) = [t for t in texts(read(dicom_case(reads=(read_,)))) if "Okafor" in t]
    assert text.endswith("6 mm \\ ⟨U+001B⟩$B 左肾结石 حصاة ไต\r\nsecond line")


def test_the_report_of_a_raster_picture_names_the_capture_of_that_picture():
    report = raster_case()
    plain = pydicom.dcmread(io.BytesIO(render_captures(report)[0]))
    document = read(report)
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    instance = study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert instance.ReferencedSOPInstanceUID == plain.SOPInstanceUID
    assert study.StudyInstanceUID == plain.StudyInstanceUID == document.StudyInstanceUID
    assert document.PatientID == plain.PatientID == "K-0042"


def test_frames_of_one_object_are_one_piece_of_evidence():
    source = picture(source=ct_slice()).source
    frames = tuple(
        replace(picture(place), source=replace(source, frame_number=place + 1))
        for place in range(2)
    )
    report = replace(series_case(2), pictures=frames,
                     series=replace(series_case(2).series, strongest={}))  # fmt: skip
    (study,) = read(report).CurrentRequestedProcedureEvidenceSequence
    assert len(study.ReferencedSeriesSequence[0].ReferencedSOPSequence) == 1


def test_codes_of_the_tasks_are_those_of_the_standard_where_it_lists_them():
    standard = {code.value for code in (codes.SCT.Cyst, codes.SCT.Normal, codes.SCT.RenalStone,
                                        codes.SCT.Neoplasm)}  # fmt: skip
    for name in ("kidney_ct", "kidney_stone"):
        task = load_tasks()[name]
        used = {concepts.class_concept(task, key).value for key in task.class_names}
        assert used <= standard


def test_a_class_without_a_standard_code_gets_a_private_one_of_its_own():
    task = load_tasks()["glomeruli"]
    found = [concepts.class_concept(task, key) for key in task.class_names]
    assert {item.scheme_designator for item in found} == {"99SECONDLOOK"}
    assert len({item.value for item in found}) == len(found)
    assert all(len(item.value) <= 16 for item in found)


def test_private_codes_fit_their_attribute_and_are_distinct():
    private = [item for item in vars(concepts).values() if hasattr(item, "scheme_designator")]
    private = [item for item in private if item.scheme_designator == "99SECONDLOOK"]
    assert len({item.value for item in private}) == len(private) > 5
    assert all(len(item.value) <= 16 and len(item.meaning) <= 64 for item in private)


def test_without_a_gate_nothing_is_said_of_it():
    quiet = replace(picture(), gate=None)
    state = groups(read(raster_case(pictures=(quiet,))), finding=False)[0]
    assert state.get_qualitative_evaluations(name=concepts.INSIDE) == []
    outside = replace(picture(), gate=GateVerdict(False, 2.0, 1.0))
    state = groups(read(raster_case(pictures=(outside,))), finding=False)[0]
    (inside,) = state.get_qualitative_evaluations(name=concepts.INSIDE)
    assert inside.value == codes.SCT.No
