"""The miss clinic as a PDF: cards with pictures and maps, then every row; made to be filed.

Only plain values come in. Every word goes through :func:`core.reporting.fonts.paragraph_text`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from core.reporting.fonts import load_fonts
from core.reporting.pdf_parts import (
    LINE,
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


def render_clinic_pdf(clinic: Clinic) -> bytes:
    """Return the PDF of a clinic.

    Raises
    ------
    SettingsError
        If the fonts are not installed.
    """
    load_fonts()  # before any text is measured
    rows = "\n".join("\x1f".join(row) for row in clinic.rows)
    digest = hashlib.sha256(rows.encode()).hexdigest()
    text = PageText(
        title=clinic.title,
        heading="Missed findings",
        header=clinic.header,
        foot=f"{len(clinic.rows):,} rows, SHA-256 {digest[:16]} · made {clinic.made_at}",
    )
    return build_pdf(text, [*_front(clinic), *_cards(clinic), *_rows(clinic)])


def _front(clinic: Clinic) -> list[Flowable]:
    parts: list[Flowable] = [
        said(clinic.title, 15, bold=True),
        Spacer(1, 2 * mm),
        said(clinic.headline, 11, bold=True),
        said(clinic.detail),
        Spacer(1, 3 * mm),
        facts_table(clinic.facts),
        Spacer(1, 2 * mm),
        *(said(line, soft=True) for line in clinic.sentences),
        Spacer(1, 4 * mm),
        said("Causes that people gave", 10, bold=True),
    ]
    causes = [[said(title), said(f"{n:,}"), said(share)] for title, n, share in clinic.causes]
    parts.append(
        Table(causes, colWidths=[44 * mm, 16 * mm, 60 * mm], hAlign="LEFT", style=plain_cells())
    )
    return [*parts, Spacer(1, 4 * mm)]


def _cards(clinic: Clinic) -> list[Flowable]:
    return [KeepTogether(_card(card)) for card in clinic.cards]


def _card(card: Card) -> list[Flowable]:
    side = 40 * mm
    width = (side + 2 * mm) * len(card.panes)
    row: list[Any] = [side_by_side(card.panes, side, gap=2 * mm, size=6.5), _figures(card)]
    parts: list[Flowable] = [
        said(card.title, 9, bold=True),
        Table([row], colWidths=[width, WIDTH - width], style=plain_cells()),
    ]
    if card.near:
        parts.append(side_by_side(card.near, 16 * mm, gap=8 * mm, size=6))
    if card.near_said:
        parts.append(said(card.near_said, 6.5, soft=True))
    given = f"Cause: {card.cause}" if card.cause else "No cause given yet"
    parts.append(said(given, 8, bold=bool(card.cause)))
    if card.note:
        parts.append(said(card.note, 8))
    rule = Table([[""]], colWidths=[WIDTH], rowHeights=[3 * mm])
    rule.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)])
    return [*parts, rule, Spacer(1, 2 * mm)]


def _figures(card: Card) -> Flowable:
    bars = [
        [said(title, 6.5), Bar(value, colour), said(f"{value:.3f} {role}", 6.5)]
        for title, colour, value, role in card.probabilities
    ]
    facts = [[said(name, 6.5, soft=True), said(value, 6.5)] for name, value in card.facts]
    inner: list[Any] = [
        Table(bars, colWidths=[13 * mm, 17 * mm, 22 * mm], style=plain_cells()),
        Table(facts, colWidths=[18 * mm, 34 * mm], style=plain_cells()) if facts else "",
    ]
    return Table([[part] for part in inner], style=plain_cells())


def _rows(clinic: Clinic) -> list[Flowable]:
    if not clinic.rows:
        return []
    table = rows_table(clinic.columns, clinic.rows, [2.2, *([1.0] * (len(clinic.columns) - 1))])
    parts: list[Flowable] = [said("Every row that was listed", 10, bold=True), table]
    return [*parts, said(clinic.cut, soft=True)] if clinic.cut else parts
