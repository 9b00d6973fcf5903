"""Markup of the clinic's cards, as text; :mod:`pages._shared.style` alone puts it into a page.

The name of a file never enters here: it is shown as text by Streamlit.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from pages._shared.markup import colour, text


@dataclass(frozen=True, slots=True)
class Pane:
    """A picture with its words; ``png`` None: ``why`` stands in its place."""

    title: str
    png: bytes | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One calibrated probability: title, colour, 0..1, and whether it is the missed or called."""

    title: str
    colour: str
    value: float
    role: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A training picture: the title and colour of its label, and its thumbnail."""

    title: str
    colour: str
    distance: float
    png: bytes | None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything of a card that is not a widget."""

    panes: Sequence[Pane]
    bars: Sequence[Bar]
    threshold: float | None
    facts: Sequence[tuple[str, str]]
    flags: Sequence[tuple[str, str]]
    chips: Sequence[str]
    near: Sequence[Near]
    near_said: str


def card(of: Card) -> str:
    """Return a card: pictures and neighbours to the left, figures to the right."""
    panes = "".join(map(_pane, of.panes))
    near = "".join(map(_near, of.near))
    row = f"<div class='sl-near'>{near}</div>" if near else ""
    said = f"<p class='sl-quiet'>{text(of.near_said)}</p>" if of.near_said else ""
    flags = "".join(
        f"<p class='sl-doubt sl-doubt-{text(tone)}'>{text(words)}</p>" for tone, words in of.flags
    )
    facts = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in of.facts)
    chips = "".join(f"<span class='sl-chip'>{text(words)}</span>" for words in of.chips)
    return (
        "<article class='sl-miss'>"
        f"<div class='sl-miss-left'><div class='sl-panes'>{panes}</div>{row}{said}</div>"
        f"<div class='sl-miss-right'>{_bars(of)}{flags}"
        f"<dl class='sl-facts'>{facts}</dl><div class='sl-chips'>{chips}</div></div></article>"
    )


def head(headline: str, detail: str) -> str:
    """Return the sentence of the page: how many, of how many, where; its interval below."""
    return (
        f"<section class='sl-count' role='status'><p>{text(headline)}</p>"
        f"<p class='sl-quiet'>{text(detail)}</p></section>"
    )


def _pane(of: Pane) -> str:
    shown = (
        f"<img src='{_source(of.png)}' alt='{text(of.title)}'>"
        if of.png
        else f"<div>{text(of.why)}</div>"
    )
    return f"<figure class='sl-pane'>{shown}<figcaption>{text(of.title)}</figcaption></figure>"


def _near(of: Near) -> str:
    shown = f"<img src='{_source(of.png)}' alt=''>" if of.png else "<div>away</div>"
    return (
        f"<figure class='sl-pane'>{shown}<figcaption><i style='background:{colour(of.colour)}'>"
        f"</i>{text(of.title)} {of.distance:.2f}</figcaption></figure>"
    )


def _bars(of: Card) -> str:
    mark = ""
    if of.threshold is not None:
        mark = f"<u style='left:{min(max(of.threshold, 0.0), 1.0) * 100:.2f}%'></u>"
    rows = "".join(
        f"<li><span>{text(bar.title)}</span><b class='sl-bar'>"
        f"<i style='width:{bar.value * 100:.2f}%;background:{colour(bar.colour)}'></i>"
        f"{mark if bar.role in ('missed', 'false alarm') else ''}</b>"
        f"<span class='sl-value'>{bar.value:.3f}</span><em>{text(bar.role)}</em></li>"
        for bar in of.bars
    )
    return f"<ol class='sl-mini' aria-label='Calibrated probabilities of the run'>{rows}</ol>"


def _source(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
