"""What a person takes away of a case: made when it is asked for, each export an audit row."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.workflows.case_reports import case_csv, case_pdf, case_sr, has_objects
from core.workflows.cases import CaseFile
from pages._shared import reader, style


def show_downloads(found: CaseFile) -> None:
    """Offer the report of a case; without a name nobody could be named as who took it."""
    case_id, who = found.case.case_id, reader.name()
    if not found.answers:
        return
    if not who:
        style.quiet("Say who you are to take a report: every export is recorded.")
        return
    is_filed = has_objects(found)
    with st.container(horizontal=True, gap="small", key="case_reports"):
        for label, make, ending, mime in (
            ("Report as PDF", partial(case_pdf, case_id, who=who), "pdf", "application/pdf"),
            ("DICOM report", partial(case_sr, case_id, who=who), "dcm", "application/dicom"),
            ("CSV", partial(case_csv, [case_id], who=who), "csv", "text/csv"),
        ):
            st.download_button(
                label, make, f"{case_id}.{ending}", mime, key=f"case.report.{ending}",
                on_click="ignore", icon=":material/download:", type="tertiary",
                disabled=ending == "dcm" and not is_filed,
            )  # fmt: skip
    if not is_filed:
        style.quiet(
            "No DICOM report: the file named no study, series and instance to file it beside."
        )
