"""Markup of slices, as text; :mod:`pages._shared.style` alone puts it into a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pages._shared.markup import Figure, colour, figure_said, figure_text, leading, plain_text, text


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice: its figures, and how far its sensitivity lies from the rest (None: all cases)."""

    title: str
    n: str
    figures: Sequence[Figure | None]
    difference: Figure | None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The worst slice that was found, in words; ``is_weak`` when chance does not explain it."""

    is_weak: bool
    headline: str
    slice: str
    value: str
    rest: str
    facts: Sequence[tuple[str, str]]
    said: str


def table(columns: Sequence[tuple[str, str]], rows: Sequence[SliceRow], *, shade: str) -> str:
    """Return the figures of every slice; ``columns`` holds (name, meaning) of each figure."""
    head = "".join(
        f"<th scope='col' title='{text(meaning)}'>{text(name)}</th>" for name, meaning in columns
    )
    dot = f"<i class='sl-dot' style='background:{colour(shade)}'></i>"
    body = ""
    for row in rows:
        first, *others = [_cell(figure) for figure in row.figures]
        gap = "<td></td>" if row.whole else _difference(row.difference)
        body += (
            f"<tr class='{'sl-average' if row.whole else ''}'><th scope='row'>"
            f"{dot if row.whole else ''}{text(row.title)}</th>"
            f"<td class='sl-n'>{text(row.n)}</td>{first}{gap}{''.join(others)}</tr>"
        )
    return (
        "<div class='sl-scroll'><table class='sl-classes sl-slices'><thead><tr><th></th>"
        f"<th scope='col'>n</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(figure: Figure | None) -> str:
    value, interval = figure_text(figure)
    if figure is None or value == "–":
        return "<td><b>–</b><span>undefined</span></td>"
    low, high = leading(figure)
    if _is_one_group(figure):
        low = high = None
        interval = "one group: no interval"
    bar = ""
    if low is not None and high is not None:
        bar = (
            f"<i class='sl-range' style='--l:{100 * low:.1f}%;--w:{100 * (high - low):.1f}%;"
            f"--v:{100 * float(str(figure['value'])):.1f}%' aria-hidden='true'></i>"
        )
    return (
        f"<td title='{text(figure_said(figure))}'><b>{value}</b><span>{interval}</span>"
        f"<em>{text(plain_text(figure))}</em>{bar}</td>"
    )


def _is_one_group(figure: Figure) -> bool:
    """Whether groups are known and too few for an interval: the plain one must not lead then."""
    return not pd.isna(figure.get("n_groups")) and pd.isna(figure.get("low_grouped"))


def signed(value: float) -> str:
    """Return a difference with its sign.

    >>> signed(-0.216), signed(0.1), signed(0.0)
    ('−0.22', '+0.10', '0.00')
    """
    written = f"{abs(value):.2f}"
    if float(written) == 0:
        return "0.00"
    return f"{'−' if value < 0 else '+'}{written}"


def _difference(figure: Figure | None) -> str:
    if figure is None or figure_text(figure)[0] == "–":
        return "<td><b>–</b><span>undefined</span></td>"
    # Where groups are known, one as if cases were independent would pass for knowledge.
    pair = ("low", "high") if pd.isna(figure.get("n_groups")) else ("low_grouped", "high_grouped")
    low, high = (None if pd.isna(figure.get(end)) else float(str(figure[end])) for end in pair)
    ends = "no interval" if low is None or high is None else f"{signed(low)} to {signed(high)}"
    mark = "sl-lower" if high is not None and high < 0 else ""
    return (
        f"<td class='{mark}' title='{text(figure_said(figure))}'>"
        f"<b>{signed(float(str(figure['value'])))}</b><span>{ends}</span></td>"
    )


def found(worst: Found) -> str:
    """Return the panel of the worst slice."""
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(said)}</dd>" for name, said in worst.facts)
    return (
        f"<section class='sl-found {'sl-found-weak' if worst.is_weak else ''}' role='status'>"
        f"<p class='sl-found-head'><b aria-hidden='true'>{'▼' if worst.is_weak else '○'}</b>"
        f"{text(worst.headline)}</p><p class='sl-found-slice'>{text(worst.slice)}</p>"
        f"<p class='sl-found-value'><b>{text(worst.value)}</b><span>{text(worst.rest)}</span></p>"
        f"<dl class='sl-facts'>{rows}</dl><p class='sl-quiet'>{text(worst.said)}</p></section>"
    )


def next_found(rows: Sequence[tuple[str, str, str, str]], *, corrected: str) -> str:
    """Return the slices after the worst: (slice, n in words, value with interval, p)."""
    body = "".join(
        f"<tr><th scope='row'>{text(name)}</th><td class='sl-n'>{text(n)}</td>"
        f"<td>{text(value)}</td><td>{text(p)}</td></tr>"
        for name, n, value, p in rows
    )
    return (
        "<div class='sl-scroll'><table class='sl-classes sl-next'><thead><tr>"
        "<th scope='col'>Next</th><th scope='col'>n</th><th scope='col'>Sensitivity</th>"
        f"<th scope='col' title='{text(corrected)}'>p</th></tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
