"""What every PDF of the product is built from: the page around it, text, pictures, bars.

Every word goes through :func:`core.reporting.fonts.paragraph_text`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
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
    PageTemplate,
    Paragraph,
    Table,
)

from core.reporting.case_report import USE
from core.reporting.fonts import BOLD, REGULAR, load_fonts, paragraph_text, printable

INK, SOFT, LINE = HexColor("#1A1E22"), HexColor("#5A646D"), HexColor("#C9D0D6")
SIDE = 16 * mm
WIDTH = A4[0] - 2 * SIDE


@dataclass(frozen=True, slots=True)
class Pane:
    """A picture with its words; ``png`` None: ``why`` stands in its place."""

    words: str
    png: bytes | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PageText:
    """What stands on every page.

    Attributes
    ----------
    title : str
        Of the document.
    heading : str
        What kind of document it is, beside the name of the product.
    header : str
        Version, digest, threshold and what else the document is about.
    foot : str
    """

    title: str
    heading: str
    header: str
    foot: str


def build_pdf(text: PageText, parts: Sequence[Flowable]) -> bytes:
    """Return the PDF of the parts, A4, ``text`` on every page.

    Raises
    ------
    SettingsError
        If the fonts are not installed.
    """
    load_fonts()
    stream = io.BytesIO()
    document = BaseDocTemplate(
        stream, pagesize=A4, title=printable(text.title), author="Second Look", subject=USE
    )

    def decorate(canvas: Canvas, of: Any) -> None:
        _page(canvas, of.page, text)

    body = Frame(SIDE, 18 * mm, WIDTH, A4[1] - 42 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[body], onPage=decorate))
    document.build(list(parts))
    return stream.getvalue()


def _page(canvas: Canvas, number: int, text: PageText) -> None:
    """Draw what stands on every page; a header too long for one line takes two."""
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(INK)
    canvas.setFont(BOLD, 8)
    canvas.drawString(SIDE, height - 11 * mm, f"Second Look · {text.heading}")
    canvas.drawRightString(width - SIDE, height - 11 * mm, USE)
    line = Paragraph(paragraph_text(text.header, 6.5), text_style(6.5, soft=True))
    _, tall = line.wrap(WIDTH, 10 * mm)
    line.drawOn(canvas, SIDE, height - 13 * mm - tall)
    canvas.setStrokeColor(LINE)
    canvas.line(SIDE, height - 21 * mm, width - SIDE, height - 21 * mm)
    canvas.setFont(REGULAR, 6.5)
    canvas.setFillColor(SOFT)
    canvas.drawString(SIDE, 10 * mm, printable(text.foot))
    canvas.drawRightString(width - SIDE, 10 * mm, f"Page {number}")
    canvas.restoreState()


def text_style(size: float, *, bold: bool = False, soft: bool = False) -> ParagraphStyle:
    """Return the style of a paragraph of ``size`` points."""
    return ParagraphStyle(
        f"{size}{bold}{soft}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.32,
        textColor=SOFT if soft else INK,
        splitLongWords=1,
    )


def said(text: str, size: float = 8.5, *, bold: bool = False, soft: bool = False) -> Paragraph:
    """Return text as a paragraph; markup in it is text."""
    return Paragraph(paragraph_text(text, size), text_style(size, bold=bold, soft=soft))


def plain_cells() -> list[tuple[Any, ...]]:
    """Return the style of a table without lines."""
    return [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]


def facts_table(facts: Sequence[tuple[str, str]]) -> Flowable:
    """Return names and values, one under the other."""
    rows = [[said(name, soft=True), said(value)] for name, value in facts]
    return Table(rows, colWidths=[34 * mm, WIDTH - 34 * mm], style=plain_cells())


def rows_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]
) -> Flowable:
    """Return a table of many rows that goes on over pages, its head on each."""
    head = [said(name, 6, bold=True) for name in columns]
    body = [[said(value, 6) for value in row] for row in rows]
    table = Table(
        [head, *body], colWidths=[WIDTH * part / sum(shares) for part in shares], repeatRows=1
    )
    apart = ("RIGHTPADDING", (0, 0), (-1, -1), 1.5 * mm)
    table.setStyle([*plain_cells(), apart, ("LINEBELOW", (0, 0), (-1, -1), 0.25, LINE)])
    return table


def side_by_side(panes: Sequence[Pane], side: float, *, gap: float, size: float) -> Flowable:
    """Return pictures in a row, each with its words below."""
    rows: list[list[Any]] = [
        [_pane(pane, side) for pane in panes],
        [said(pane.words, size) for pane in panes],
    ]
    style = [*plain_cells(), ("RIGHTPADDING", (0, 0), (-1, -1), gap)]
    return Table(rows, colWidths=[side + gap] * len(panes), hAlign="LEFT", style=style)


def _pane(pane: Pane, side: float) -> Flowable:
    if pane.png is None:
        words = ParagraphStyle("why", parent=text_style(6.5, soft=True), alignment=1)
        box = Table(
            [[Paragraph(paragraph_text(pane.why, 6.5), words)]], colWidths=[side], rowHeights=[side]
        )
        box.setStyle([("BOX", (0, 0), (-1, -1), 0.4, LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])
        return box
    return Image(io.BytesIO(pane.png), width=side, height=side, kind="proportional")


class Bar(Flowable):
    """A bar of 0..1, with a mark where the threshold is."""

    def __init__(
        self, value: float, colour: str, *, mark: float | None = None, width: float = 15 * mm
    ) -> None:
        super().__init__()
        self.value, self.colour, self.mark = value, colour, mark
        self.width, self.height = width, 2 * mm

    def draw(self) -> None:
        """Draw the bar on its track."""
        self.canv.setFillColor(HexColor("#E6EAED"))
        self.canv.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        self.canv.setFillColor(HexColor(self.colour))
        self.canv.rect(0, 0, self.width * min(max(self.value, 0), 1), self.height, stroke=0, fill=1)
        if self.mark is not None:
            place = self.width * min(max(self.mark, 0), 1)
            self.canv.setStrokeColor(INK)
            self.canv.setLineWidth(0.9)
            self.canv.line(place, -0.6 * mm, place, self.height + 0.6 * mm)
