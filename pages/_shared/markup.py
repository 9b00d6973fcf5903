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


def percent(value: float) -> str:
    """Return a probability in whole per cent; the ends are never rounded to certainty.

    >>> percent(0.784), percent(0.999), percent(0.001)
    ('78 %', '> 99 %', '< 1 %')
    """
    if value > 0.99:
        return "> 99 %"
    if value < 0.01:
        return "< 1 %"
    return f"{value * 100:.0f} %"


def probability_bar(
    row: tuple[str, str, str, float], *, called: str, tick: float | None, flagged: Sequence[str]
) -> str:
    """Return one bar: (class key, title, colour, probability), its threshold and its flag."""
    key, title, shade, value = row
    mark = ""
    if tick is not None:
        mark = (
            f"<b class='sl-tick' data-threshold='{tick:.9f}' style='left:{tick * 100:.2f}%' "
            f"title='operating point {tick:.3f}'></b>"
        )
    flag = "<em class='sl-flag'>⚑ flagged</em>" if key in flagged else ""
    return (
        f"<li data-class='{text(key)}' data-probability='{value:.9f}'"
        f" class='{'sl-called' if key == called or key in flagged else ''}'>"
        f"<span class='sl-name'>{text(title)}{flag}</span>"
        f"<span class='sl-bar' aria-hidden='true'><i style='width:{value * 100:.2f}%;"
        f"background:{colour(shade)}'></i>{mark}</span>"
        f"<span class='sl-value'>{percent(value)}</span></li>"
    )


def figure_text(figure: Figure | None) -> tuple[str, str]:
    """Return a figure and its interval as text; the pair that respects groups leads.

    >>> figure_text({"value": 0.912, "low": 0.9, "high": 0.93, "low_grouped": 0.85,
    ...     "high_grouped": 0.95})
    ('0.91', '0.85–0.95')
    >>> figure_text({"value": -0.2, "low": -0.5, "high": 0.1})
    ('-0.20', '-0.50 to 0.10')
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
    between = " to " if float(str(low)) < 0 else "–"
    return f"{figure['value']:.2f}", f"{low:.2f}{between}{high:.2f}"


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


def word_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of words and counts; the first of each row names it.

    >>> word_table(("", "A"), [("seed", "<1>")]).count("&lt;1&gt;")
    1
    """
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in columns)
    body = "".join(
        f"<tr><th scope='row'>{text(row[0])}</th>"
        + "".join(f"<td>{text(value)}</td>" for value in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class='sl-scroll'><table class='sl-table sl-words'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def finding_table(rows: Sequence[tuple[str, str, str, str]]) -> str:
    """Return checks as a list: (code, level, what the level means, sentence)."""
    items = "".join(
        f"<li class='sl-check-{text(level.split()[0])}' data-code='{text(code)}'>"
        f"<b>{text(mark)}</b> <span>{text(said)}</span> <em>{text(code)}</em></li>"
        for code, level, mark, said in rows
    )
    return f"<ul class='sl-checks'>{items}</ul>"


def figure_line(items: Sequence[tuple[str, Figure]]) -> str:
    """Return the figures of a whole run side by side in one line, each with its interval."""
    cells = "".join(
        f"<div title='{text(figure_said(figure))}'><dt>{text(title)}</dt>"
        f"<dd><b>{value}</b> <span>{interval}</span></dd></div>"
        for title, figure in items
        for value, interval in [figure_text(figure)]
    )
    return f"<dl class='sl-figureline'>{cells}</dl>"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row of a table of figures.

    ``below``: says the same as the row above of other cases (series instead of pictures).
    ``average``: a mean over classes. ``meaning`` stands where the pointer rests.
    """

    title: str
    n: str
    figures: Sequence[Figure | None]
    colour: str = ""
    meaning: str = ""
    below: bool = False
    average: bool = False


def class_table(
    columns: Sequence[tuple[str, str]], rows: Sequence[FigureRow], *, plain: bool
) -> str:
    """Return a table of figures: a value, its interval in words and as a bar from 0 to 1.

    Parameters
    ----------
    columns : sequence of (name, meaning)
    rows : sequence of FigureRow
    plain : bool
        Also write the interval as if cases were independent, and n, into every cell.
    """
    head = "".join(
        f"<th scope='col' title='{text(meaning)}'>{text(name)}</th>" for name, meaning in columns
    )
    body = ""
    for row in rows:
        kind = "sl-below" if row.below else ("sl-average" if row.average else "")
        dot = f"<i class='sl-dot' style='background:{colour(row.colour)}'></i>"
        dot = dot if row.colour else ""
        cells = "".join(_cell(figure, plain=plain) for figure in row.figures)
        body += (
            f"<tr class='{kind}'><th scope='row' title='{text(row.meaning)}'>{dot}"
            f"{text(row.title)}</th><td class='sl-n'>{text(row.n)}</td>{cells}</tr>"
        )
    return (
        "<div class='sl-scroll'><table class='sl-classes'><thead><tr><th></th>"
        f"<th scope='col'>n</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(figure: Figure | None, *, plain: bool) -> str:
    value, interval = figure_text(figure)
    if figure is None or value == "–":
        return "<td><b>–</b><span>undefined</span></td>"
    low, high = leading(figure)
    bar = ""
    if low is not None and high is not None:
        bar = (
            f"<i class='sl-range' style='--l:{100 * low:.1f}%;--w:{100 * (high - low):.1f}%;"
            f"--v:{100 * float(str(figure['value'])):.1f}%' aria-hidden='true'></i>"
        )
    more = f"<em>{text(plain_text(figure))}</em>" if plain else ""
    return (
        f"<td title='{text(figure_said(figure))}'><b>{value}</b><span>{interval}</span>{more}{bar}"
        "</td>"
    )


def leading(figure: Figure) -> tuple[float | None, float | None]:
    """Return the ends of the interval that leads: the one that respects groups where it is."""
    for ends in (("low_grouped", "high_grouped"), ("low", "high")):
        low, high = (figure.get(end) for end in ends)
        if not _missing(low) and not _missing(high):
            return float(str(low)), float(str(high))
    return None, None


def plain_text(figure: Figure) -> str:
    """Return n and, where another interval leads, the one as if cases were independent.

    >>> plain_text({"low": 0.9, "high": 0.93, "low_grouped": 0.85, "high_grouped": 0.95, "n": 466})
    'plain 0.90–0.93, n 466'
    """
    n = f"n {figure['n']:,}"
    if _missing(figure.get("low_grouped")) or _missing(figure.get("low")):
        return n
    return f"plain {figure['low']:.2f}–{figure['high']:.2f}, {n}"


def figure_said(figure: Figure) -> str:
    """Return both intervals and n of a figure in words."""
    if _missing(figure.get("value")):
        return f"undefined, n {figure['n']:,}"
    said = f"n {figure['n']:,}"
    if not _missing(figure.get("low_grouped")):
        said += (
            f" in {figure['n_groups']} groups; respecting groups "
            f"{figure['low_grouped']:.3f}–{figure['high_grouped']:.3f}"
        )
    if not _missing(figure.get("low")):
        said += f"; as if independent {figure['low']:.3f}–{figure['high']:.3f}"
    return f"{figure['value']:.3f}; {said}"


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
