"""The miss clinic as a PDF: cards with pictures and maps, then every row; made to be filed.

Only plain values come in. Every word goes through :func:`core.reporting.fonts.paragraph_text`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from core.reporting.fonts import BOLD, REGULAR, load_fonts, paragraph_text, printable

USE = "Research use. Not for primary diagnosis."
_INK, _SOFT, _LINE = HexColor("#1A1E22"), HexColor("#5A646D"), HexColor("#C9D0D6")
_SIDE = 16 * mm
_WIDTH = A4[0] - 2 * _SIDE


@dataclass(frozen=True, slots=True)
class Pane:
    """A picture with its words; ``png`` None: ``why`` stands in its place."""

    words: str
    png: bytes | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One wrong call.

    ``probabilities`` holds (title, #RRGGBB, 0..1, role); ``facts`` (name, value); ``near`` the
    nearest training pictures.
    """

    title: str
    panes: Sequence[Pane]
    probabilities: Sequence[tuple[str, str, float, str]]
    facts: Sequence[tuple[str, str]]
    near: Sequence[Pane]
    near_said: str
    cause: str
    note: str


@dataclass(frozen=True, slots=True)
class Clinic:
    """The whole document.

    Attributes
    ----------
    title, headline, detail : str
    header : str
        On every page: version, digest, run, threshold, n.
    facts : sequence of (name, value)
    sentences : sequence of str
        What has to be known to read the rest.
    causes : sequence of (title, count, share in words)
    cards : sequence of Card
    columns, rows : sequence of str, sequence of sequence of str
        The table of all rows.
    made_at : str
    """

    title: str
    headline: str
    detail: str
    header: str
    facts: Sequence[tuple[str, str]]
    sentences: Sequence[str]
    causes: Sequence[tuple[str, int, str]]
    cards: Sequence[Card]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    made_at: str
    cut: str = field(default="")


def _style(size: float, *, bold: bool = False, soft: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}{bold}{soft}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.32,
        textColor=_SOFT if soft else _INK,
        splitLongWords=1,
    )


def render_clinic_pdf(clinic: Clinic) -> bytes:
    """Return the PDF of a clinic.

    Raises
    ------
    SettingsError
        If the fonts are not installed.
    """
    load_fonts()
    stream = io.BytesIO()
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        title=printable(clinic.title),
        author="Second Look",
        subject=USE,
    )
    rows = "\n".join("\x1f".join(row) for row in clinic.rows)
    digest = hashlib.sha256(rows.encode()).hexdigest()
    foot = f"{len(clinic.rows):,} rows, SHA-256 {digest[:16]} · made {clinic.made_at}"

    def decorate(canvas: Canvas, of: Any) -> None:
        _page(canvas, of.page, clinic.header, foot)

    body = Frame(_SIDE, 18 * mm, _WIDTH, A4[1] - 42 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[body], onPage=decorate))
    document.build([*_front(clinic), *_cards(clinic), *_rows(clinic)])
    return stream.getvalue()


def _page(canvas: Canvas, number: int, header: str, foot: str) -> None:
    """Draw what stands on every page; a header too long for one line takes two."""
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(_INK)
    canvas.setFont(BOLD, 8)
    canvas.drawString(_SIDE, height - 11 * mm, "Second Look · Missed findings")
    canvas.drawRightString(width - _SIDE, height - 11 * mm, USE)
    line = Paragraph(paragraph_text(header), _style(6.5, soft=True))
    _, tall = line.wrap(_WIDTH, 10 * mm)
    line.drawOn(canvas, _SIDE, height - 13 * mm - tall)
    canvas.setStrokeColor(_LINE)
    canvas.line(_SIDE, height - 21 * mm, width - _SIDE, height - 21 * mm)
    canvas.setFont(REGULAR, 6.5)
    canvas.setFillColor(_SOFT)
    canvas.drawString(_SIDE, 10 * mm, printable(foot))
    canvas.drawRightString(width - _SIDE, 10 * mm, f"Page {number}")
    canvas.restoreState()


def _said(text: str, size: float = 8.5, *, bold: bool = False, soft: bool = False) -> Paragraph:
    return Paragraph(paragraph_text(text), _style(size, bold=bold, soft=soft))


def _front(clinic: Clinic) -> list[Flowable]:
    facts = [[_said(name, soft=True), _said(value)] for name, value in clinic.facts]
    parts: list[Flowable] = [
        _said(clinic.title, 15, bold=True),
        Spacer(1, 2 * mm),
        _said(clinic.headline, 11, bold=True),
        _said(clinic.detail),
        Spacer(1, 3 * mm),
        Table(facts, colWidths=[34 * mm, _WIDTH - 34 * mm], style=_plain()),
        Spacer(1, 2 * mm),
        *(_said(line, soft=True) for line in clinic.sentences),
        Spacer(1, 4 * mm),
        _said("Causes that people gave", 10, bold=True),
    ]
    causes = [[_said(title), _said(f"{n:,}"), _said(share)] for title, n, share in clinic.causes]
    parts.append(
        Table(causes, colWidths=[44 * mm, 16 * mm, 60 * mm], hAlign="LEFT", style=_plain())
    )
    return [*parts, Spacer(1, 4 * mm)]


def _plain() -> list[tuple[Any, ...]]:
    return [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]


def _cards(clinic: Clinic) -> list[Flowable]:
    return [KeepTogether(_card(card)) for card in clinic.cards]


def _card(card: Card) -> list[Flowable]:
    side = 40 * mm
    width = (side + 2 * mm) * len(card.panes)
    row: list[Any] = [_side_by_side(card.panes, side, gap=2 * mm, size=6.5), _figures(card)]
    parts: list[Flowable] = [
        _said(card.title, 9, bold=True),
        Table([row], colWidths=[width, _WIDTH - width], style=_plain()),
    ]
    if card.near:
        parts.append(_side_by_side(card.near, 16 * mm, gap=8 * mm, size=6))
    if card.near_said:
        parts.append(_said(card.near_said, 6.5, soft=True))
    given = f"Cause: {card.cause}" if card.cause else "No cause given yet"
    parts.append(_said(given, 8, bold=bool(card.cause)))
    if card.note:
        parts.append(_said(card.note, 8))
    rule = Table([[""]], colWidths=[_WIDTH], rowHeights=[3 * mm])
    rule.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE)])
    return [*parts, rule, Spacer(1, 2 * mm)]


def _side_by_side(panes: Sequence[Pane], side: float, *, gap: float, size: float) -> Flowable:
    """Return pictures in a row, each with its words below."""
    rows: list[list[Any]] = [
        [_pane(pane, side) for pane in panes],
        [_said(pane.words, size) for pane in panes],
    ]
    return Table(rows, colWidths=[side + gap] * len(panes), hAlign="LEFT", style=_plain())


def _pane(pane: Pane, side: float) -> Flowable:
    if pane.png is None:
        words = ParagraphStyle("why", parent=_style(6.5, soft=True), alignment=1)
        box = Table(
            [[Paragraph(paragraph_text(pane.why), words)]], colWidths=[side], rowHeights=[side]
        )
        box.setStyle(
            [("BOX", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        )
        return box
    return Image(io.BytesIO(pane.png), width=side, height=side, kind="proportional")


class _Bar(Flowable):
    """A bar of 0..1."""

    def __init__(self, value: float, colour: str) -> None:
        super().__init__()
        self.value, self.colour = value, colour
        self.width, self.height = 15 * mm, 2 * mm

    def draw(self) -> None:
        """Draw the bar on its track."""
        self.canv.setFillColor(HexColor("#E6EAED"))
        self.canv.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        self.canv.setFillColor(HexColor(self.colour))
        self.canv.rect(0, 0, self.width * min(max(self.value, 0), 1), self.height, stroke=0, fill=1)


def _figures(card: Card) -> Flowable:
    bars = [
        [_said(title, 6.5), _Bar(value, colour), _said(f"{value:.3f} {role}", 6.5)]
        for title, colour, value, role in card.probabilities
    ]
    facts = [[_said(name, 6.5, soft=True), _said(value, 6.5)] for name, value in card.facts]
    inner: list[Any] = [
        Table(bars, colWidths=[13 * mm, 17 * mm, 22 * mm], style=_plain()),
        Table(facts, colWidths=[18 * mm, 34 * mm], style=_plain()) if facts else "",
    ]
    return Table([[part] for part in inner], style=_plain())


def _rows(clinic: Clinic) -> list[Flowable]:
    if not clinic.rows:
        return []
    head = [_said(name, 6, bold=True) for name in clinic.columns]
    body = [[_said(value, 6) for value in row] for row in clinic.rows]
    share = [2.2, *([1.0] * (len(clinic.columns) - 1))]
    table = Table(
        [head, *body], colWidths=[_WIDTH * part / sum(share) for part in share], repeatRows=1
    )
    table.setStyle([*_plain(), ("LINEBELOW", (0, 0), (-1, -1), 0.25, _LINE)])
    parts: list[Flowable] = [_said("Every row that was listed", 10, bold=True), table]
    return [*parts, _said(clinic.cut, soft=True)] if clinic.cut else parts
