"""A case, or a series, as a PDF: what was seen, what was answered, what people said, by what."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from core.domain import ByteArray, Prediction
from core.reporting import case_words as words
from core.reporting.case_report import USE, CaseReport, PictureReport
from core.reporting.fonts import load_fonts
from core.reporting.pdf_parts import (
    WIDTH,
    Bar,
    PageText,
    Pane,
    build_pdf,
    facts_table,
    plain_cells,
    rows_table,
    said,
    side_by_side,
)

_SIDE = 84 * mm
_SMALL = 42 * mm
_MOST_STRONGEST = 4  # side by side on one line


def render_case_pdf(report: CaseReport) -> bytes:
    """Return the PDF of a case.

    Raises
    ------
    SettingsError
        If the fonts are not installed.
    """
    load_fonts()  # before any text is measured
    series = report.series
    text = PageText(
        title=words.title(report),
        heading="Series report" if series else "Case report",
        header=words.header(report),
        foot=f"made {words.time_said(report.made_at)} · pixels SHA-256 "
        f"{_pixels_digest(report)[:16]}",
    )
    parts: list[Flowable] = [
        said(words.title(report), 15, bold=True),
        Spacer(1, 2 * mm),
        said(words.headline(report), 11, bold=True),
        said(_verdict(report), 10, bold=report.verdict is not None),
        Spacer(1, 3 * mm),
        *_pictures(report),
        *_answer(report),
        *_reads(report),
        *_model(report),
        *_slices(report),
    ]
    return build_pdf(text, parts)


def _verdict(report: CaseReport) -> str:
    if report.verdict is None and report.reads:
        return "No verdict is in force: readers differ, or read only before the AI was shown."
    if report.verdict is None:
        return "No verdict has been recorded."
    return f"Verdict: {words.read_said(report, report.verdict)}"


def _pixels_digest(report: CaseReport) -> str:
    digest = hashlib.sha256()
    for picture in report.pictures:
        digest.update(np.ascontiguousarray(picture.pixels).tobytes())
    return digest.hexdigest()


def _png(pixels: ByteArray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def _pictures(report: CaseReport) -> list[Flowable]:
    picture = report.answering
    place = _place(report, picture)
    name = words.picture_name(report, place)
    panes = [
        Pane(f"{name.capitalize()}{_edges(picture)}", _png(picture.pixels)),
        Pane(
            picture.overlay_said,
            None if picture.overlay is None else _png(picture.overlay),
            why="no map",
        ),
    ]
    parts = [side_by_side(panes, _SIDE, gap=4 * mm, size=7)]
    if report.series is not None:
        parts += [Spacer(1, 2 * mm), _strongest(report)]
    return [*parts, Spacer(1, 3 * mm)]


def _place(report: CaseReport, picture: PictureReport) -> int:
    return next(at for at, item in enumerate(report.pictures) if item is picture)


def _edges(picture: PictureReport) -> str:
    edges = picture.edges
    rows, columns = picture.pixels.shape[:2]
    size = f", {rows} x {columns}"
    spacing = picture.source.pixel_spacing_mm if picture.source else None
    if spacing:
        size += f", {spacing[0]:.4g} x {spacing[1]:.4g} mm a pixel"
    return f"{size}; left edge {edges[0]}, top edge {edges[1]}" if edges else size


def _strongest(report: CaseReport) -> Flowable:
    """Return the slice in which each class is strongest: findings first, the strongest before."""
    strongest = report.series.strongest if report.series else {}
    findings = report.task.findings
    order = sorted(strongest, key=lambda name: (name not in findings, -report.strength(name)))
    panes = []
    for name in order[:_MOST_STRONGEST]:
        place = strongest[name]
        picture = report.pictures[place]
        shown = picture.pixels if picture.overlay is None else picture.overlay
        share = picture.prediction.probabilities[name] if picture.prediction else None
        told = "" if share is None else f", {words.percent(share)}"
        title = report.task.class_spec(name).title
        panes.append(Pane(f"{title} strongest: slice {place + 1}{told}", _png(shown)))
    return side_by_side(panes, _SMALL, gap=2 * mm, size=6.5)


def _answer(report: CaseReport) -> list[Flowable]:
    picture = report.answering
    facts = [
        ("Gate", words.gate_said(picture.gate)),
        (
            "Operating point",
            f"{report.model.operating_point} {words.threshold_said(report)}".strip(),
        ),
        ("Map", picture.overlay_said),
        *(("Note", note) for note in picture.notes),
    ]
    if report.series:
        refused = sum(item.prediction is None for item in report.pictures)
        facts.insert(0, ("Rule", report.series.rule))
        facts.insert(1, ("Slices", f"{len(report.pictures)}, of which {refused} have no answer"))
    head = "Answer for the series" if report.series else "Answer"
    parts: list[Flowable] = [said(head, 10, bold=True)]
    if report.prediction is None:
        parts.append(said(words.headline(report), 9, bold=True))
    else:
        parts.append(_bars(report, report.prediction))
    return [KeepTogether([*parts, facts_table(facts), Spacer(1, 3 * mm)])]


def _bars(report: CaseReport, prediction: Prediction) -> Flowable:
    rows = []
    for item in report.task.classes:
        value = prediction.probabilities[item.key]
        mark = prediction.thresholds.get(item.key)
        is_flagged = bool(prediction.thresholds) and item.key in prediction.flagged
        role = "flagged" if is_flagged else ""
        if not role and item.key == prediction.predicted:
            role = "largest"
        at = "" if mark is None else f"operating point {words.percent(mark)}"
        rows.append(
            [
                said(item.title),
                Bar(value, item.colour, mark=mark, width=60 * mm),
                said(words.percent(value), bold=bool(role)),
                said(role),
                said(at, soft=True),
            ]
        )
    widths = [34 * mm, 64 * mm, 18 * mm, 16 * mm, WIDTH - 132 * mm]
    return Table(
        rows, colWidths=widths, style=[*plain_cells(), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    )


def _reads(report: CaseReport) -> list[Flowable]:
    if not report.reads:
        return []
    rows = [
        (
            read.role,
            words.read_class(report, read),
            "" if read.confidence is None else words.percent(read.confidence),
            read.reader,
            words.time_said(read.read_at),
            read.comment,
        )
        for read in report.reads
    ]
    columns = ("read", "class", "confidence", "reader", "when", "comment")
    table = rows_table(columns, rows, (1.6, 1.2, 0.9, 1.2, 1.7, 3.4))
    return [said("What people said", 10, bold=True), table, Spacer(1, 3 * mm)]


def _model(report: CaseReport) -> list[Flowable]:
    model = report.model
    facts: list[tuple[str, str]] = [
        ("Model", f"{model.title} ({model.architecture})"),
        ("Version", f"{model.version}, digest {model.digest}"),
        ("Calibrator", model.calibrator),
        ("Training data", model.training_data),
        ("Intended use", model.intended_use),
        *(("Known failure", failure) for failure in model.known_failures),
        *(("Limit", limit) for limit in model.limits),
        ("Use", f"{USE} A map shows where the score is sensitive, not where disease is."),
        *_study(report),
    ]
    return [said("What answered", 10, bold=True), facts_table(facts), Spacer(1, 3 * mm)]


def _study(report: CaseReport) -> Sequence[tuple[str, str]]:
    """Return how to find the study again, where that was asked for: UIDs, never a name."""
    source = report.answering.source
    facts = [("Picture", f"SHA-256 {report.answering.sha256}")]
    if not report.shows_context:
        return facts
    if report.study_date:
        facts.append(("Study date", report.study_date))
    if source is not None:
        facts += [
            ("Study UID", source.study_instance_uid),
            ("Series UID", source.series_instance_uid),
            ("Instance UID", source.sop_instance_uid),
        ]
    return facts


def _slices(report: CaseReport) -> list[Flowable]:
    if report.series is None:
        return []
    rows = []
    for place, picture in enumerate(report.pictures):
        prediction = picture.prediction
        shares = prediction.probabilities if prediction else {}
        rows.append(
            [
                str(place + 1),
                words.answer_said(report, picture),
                *(words.percent(shares[n]) if shares else "" for n in report.task.class_names),
                "" if picture.gate is None else f"{picture.gate.distance:.3g}",
            ]
        )
    columns = ["slice", "answer", *(item.title for item in report.task.classes), "gate distance"]
    shares_of_width = [0.6, 4.0, *([1.0] * len(report.task.classes)), 1.0]
    return [said("Every slice", 10, bold=True), rows_table(columns, rows, shares_of_width)]
