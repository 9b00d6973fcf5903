"""Cases as CSV: a row a picture, with the answer, the verdict and what both rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.reporting import case_words as words
from core.reporting.case_report import USE, CaseReport
from core.reporting.csv_table import csv_bytes


def cases_csv(reports: Sequence[CaseReport]) -> bytes:
    """Return cases as CSV without formulas; every row names version, digest and threshold.

    A case is a row; of a series, one row for the series (``slice`` empty) and one a slice.
    Probabilities stand in columns named ``p_`` and the class; undefined is an empty cell.
    """
    rows = [row for report in reports for row in _rows(report)]
    table = pd.DataFrame(rows)
    if rows:
        whole = {"slice": "Int64", "n_reads": "Int64"}
        table = table.astype(whole)
    return csv_bytes(table, provenance={"use": USE})


def _rows(report: CaseReport) -> list[dict[str, Any]]:
    if report.series is None:
        return [_row(report, 0)]
    return [_row(report, None), *(_row(report, place) for place in range(len(report.pictures)))]


def _row(report: CaseReport, place: int | None) -> dict[str, Any]:
    """Return one row: of the picture at ``place``, or of the series where it is None."""
    picture = None if place is None else report.pictures[place]
    prediction = report.prediction if picture is None else picture.prediction
    gate = picture.gate if picture else None
    is_slice = report.series is not None and place is not None
    verdict = None if is_slice else report.verdict  # it is about the case
    status = picture.status.value if picture else ("ok" if prediction else "refused")
    shares = prediction.probabilities if prediction else {}
    return {
        "case_id": report.case_id,
        "task": report.task.key,
        "slice": place + 1 if is_slice and place is not None else None,
        "status": status,
        "reason": picture.reason if picture else None,
        "predicted": prediction.predicted if prediction else None,
        "flagged": " ".join(prediction.flagged) if prediction else None,
        **{f"p_{name}": shares.get(name) for name in report.task.class_names},
        "gate_inside": gate.inside if gate else None,
        "gate_distance": gate.distance if gate else None,
        "verdict": words.read_class(report, verdict) if verdict else None,
        "verdict_by": verdict.reader if verdict else None,
        "verdict_at": words.time_said(verdict.read_at) if verdict else None,
        "confidence": verdict.confidence if verdict else None,
        "comment": verdict.comment if verdict else None,
        "n_reads": None if is_slice else len(report.reads),
        "sha256": picture.sha256 if picture else None,
        **words.provenance(report),
    }
