"""Markup of Explanations, as text; :mod:`pages._shared.style` alone puts it into a page."""

from __future__ import annotations

from collections.abc import Sequence

from pages._shared.markup import colour, text

TrustRow = tuple[str, str, Sequence[tuple[str, str]]]


def promises(items: Sequence[tuple[str, str]]) -> str:
    """Return what a page will show, before there is a picture: (title, sentence) side by side."""
    parts = "".join(
        f"<div><h2>{text(title)}</h2><p>{text(said)}</p></div>" for title, said in items
    )
    return f"<section class='sl-promise'>{parts}</section>"


def trust_lines(rows: Sequence[tuple[str, str, str]], *, limit: str) -> str:
    """Return one line a class, (title, colour, sentence), and what no map shows."""
    lines = "".join(
        f"<p><i style='background:{colour(shade)}'></i><b>{text(title)}</b> {text(said)}</p>"
        for title, shade, said in rows
    )
    said = f"<p class='sl-limit'>{text(limit)}</p>"
    return f"<section class='sl-trust' role='status'>{lines}{said}</section>"


def trust_table(columns: Sequence[str], rows: Sequence[TrustRow]) -> str:
    """Return the figures behind the bars: (map, colour, (value, beside it) a column)."""
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in columns)
    body = ""
    for title, shade, cells in rows:
        values = "".join(
            f"<td><b>{text(value)}</b> <span>{text(beside)}</span></td>" for value, beside in cells
        )
        body += (
            f"<tr><th scope='row'><i style='background:{colour(shade)}'></i>{text(title)}</th>"
            f"{values}</tr>"
        )
    return (
        f"<div class='sl-scroll'><table class='sl-table sl-trust-table'><thead><tr>{head}</tr>"
        f"</thead><tbody>{body}</tbody></table></div>"
    )
