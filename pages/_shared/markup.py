"""Markup of tables of figures, as text; :mod:`pages._shared.style` alone puts it into a page."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAKS = "<span class='sl-chip sl-tone-bad'>✕ leakage: measures memory</span>"
Figure = Mapping[str, object]
COLOUR = re.compile(r"^#[0-9A-Fa-f]{6}$")


def text(value: object) -> str:
    """Return the value as text that no browser takes for markup.

    >>> text("<b>")
    '&lt;b&gt;'
    """
    return html.escape(str(value), quote=True)


def colour(value: str) -> str:
    """Return a colour #RRGGBB; anything else becomes a neutral grey."""
    return value if COLOUR.match(value) else "#9AA4AE"


def figure_text(figure: Figure | None) -> tuple[str, str]:
    """Return a figure and its interval as text; the pair that respects groups leads.

    >>> figure_text({"value": 0.912, "low": 0.9, "high": 0.93, "low_grouped": 0.85,
    ...     "high_grouped": 0.95})
    ('0.91', '0.85–0.95')
    >>> figure_text({"value": None, "low": None, "high": None})
    ('–', 'undefined')
    """
    if figure is None or _missing(figure.get("value")):
        return "–", "undefined"
    low, high = figure.get("low_grouped"), figure.get("high_grouped")
    if _missing(low) or _missing(high):
        low, high = figure.get("low"), figure.get("high")
    if _missing(low) or _missing(high):
        return f"{figure['value']:.2f}", "no interval"
    return f"{figure['value']:.2f}", f"{low:.2f}–{high:.2f}"


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def figure_row(items: Sequence[tuple[str, Figure]]) -> str:
    """Return summary figures side by side, each with interval and n."""
    cells = "".join(
        f"<div><dt>{text(title)}</dt><dd><b>{value}</b><span>{interval}</span>"
        f"<em>n {figure['n']:,}</em></dd></div>"
        for title, figure in items
        for value, interval in [figure_text(figure)]
    )
    return f"<dl class='sl-figures'>{cells}</dl>"


def figure_table(
    columns: Sequence[str],
    rows: Sequence[tuple[str, str, str, Sequence[Figure | None]]],
) -> str:
    """Return a table of figures: (title, colour, n in words, one figure a column)."""
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in columns)
    body = ""
    for title, shade, n, figures in rows:
        cells = "".join(
            f"<td><b>{value}</b><span>{interval}</span></td>"
            for value, interval in map(figure_text, figures)
        )
        dot = f"<i style='background:{colour(shade)}'></i>" if shade else ""
        body += (
            f"<tr><th scope='row'>{dot}{text(title)}</th>"
            f"<td class='sl-n'>{text(n)}</td>{cells}</tr>"
        )
    return (
        "<div class='sl-scroll'><table class='sl-table'><thead><tr><th></th><th scope='col'>n</th>"
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """The figures of one split of a card, ready to be written.

    ``summary`` holds (name, figure); ``per_class`` (class title, one figure a column).
    """

    title: str
    leaks: bool
    n: str
    summary: Sequence[tuple[str, Figure]]
    columns: Sequence[str]
    per_class: Sequence[tuple[str, Sequence[Figure | None]]]


def split_block(split: SplitFigures) -> str:
    """Return the figures of one split as a block; one that leaks says so."""
    cells = "".join(
        f"<div><dt>{text(name)}</dt><dd><b>{value}</b> <span>{interval}</span></dd></div>"
        for name, figure in split.summary
        for value, interval in [figure_text(figure)]
    )
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in split.columns)
    rows = ""
    for title, figures in split.per_class:
        values = "".join(
            f"<td><b>{value}</b> <span>{interval}</span></td>"
            for value, interval in map(figure_text, figures)
        )
        rows += f"<tr><th scope='row'>{text(title)}</th>{values}</tr>"
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        f"<section class='sl-split{' sl-leak' if split.leaks else ''}'><p>{text(split.title)} "
        f"<em>n {text(split.n)}</em> {LEAKS if split.leaks else ''}</p><dl>{cells}</dl>"
        f"{table if rows else ''}</section>"
    )
