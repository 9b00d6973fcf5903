"""Markup of the sensitivity contract, as text; :mod:`pages._shared.style` puts it into a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain import Figure
from pages._shared.markup import colour, text


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the contract.

    ``before`` is the number at the largest probability, None where there is none to compare with;
    ``note`` its interval and n, or what it means.
    """

    title: str
    value: str
    note: str
    before: str | None = None


def tiles(items: Sequence[Tile]) -> str:
    """Return the numbers side by side."""
    cells = "".join(
        f"<div><dt>{text(item.title)}</dt><dd>"
        + (
            f"<s aria-label='largest probability'>{text(item.before)}</s><i aria-hidden='true'>→"
            "</i>"
            if item.before is not None
            else ""
        )
        + f"<b>{text(item.value)}</b></dd><p>{text(item.note)}</p></div>"
        for item in items
    )
    return f"<dl class='sl-tiles' data-tiles='{len(items)}'>{cells}</dl>"


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a sensitivity may be said at one level, and why.

    ``holds`` None: nothing to check it on; ``is_shaky``: it holds only as if pictures of one group
    were independent.
    """

    words: str
    holds: bool | None
    reason: str
    is_shaky: bool = False


def claims(items: Sequence[Claim]) -> str:
    """Return one line a level."""
    body = ""
    for item in items:
        mark, said, tone = "✕", "may not be said", "refused"
        if item.holds is None:
            mark, said = "–", "cannot be said"
        elif item.holds:
            mark, said, tone = "✓", "may be said", "ok"
            if item.is_shaky:
                mark, said, tone = "~", "only if pictures were independent", "half"
        body += (
            f"<li class='sl-claim-{tone}'><b><span aria-hidden='true'>{mark}</span> "
            f"{text(item.words)}: {said}.</b> {text(item.reason)}</li>"
        )
    return f"<ul class='sl-claims' role='status'>{body}</ul>"


def called_table(
    classes: Sequence[tuple[str, str]], cells: Sequence[Sequence[tuple[int, int]]]
) -> str:
    """Return the matrix of calls: (title, colour) of each class, (now, before) of each cell."""
    head = "".join(f"<th scope='col'>{text(title)}</th>" for title, _ in classes)
    rows = ""
    for (title, shade), row in zip(classes, cells, strict=True):
        values = "".join(
            f"<td><b>{now:,}</b><span>{'was ' + format(before, ',') if now != before else ''}"
            "</span></td>"
            for now, before in row
        )
        rows += (
            f"<tr><th scope='row'><i style='background:{colour(shade)}'></i>{text(title)}</th>"
            f"{values}</tr>"
        )
    return (
        "<div class='sl-scroll'><table class='sl-table sl-called-table'><thead><tr>"
        f"<th>true ↓ called →</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def per_1000(rate: Figure, share: float) -> str:
    """Return the interval of 1000 · share · (1 - rate), from the interval of the rate."""
    low, high = (
        (rate.low, rate.high) if rate.low_grouped is None else (rate.low_grouped, rate.high_grouped)
    )
    if low is None or high is None:
        return f"no interval, at a share of {percent(share)}"
    ends = sorted(1000 * share * (1 - end) for end in (low, high))
    return f"{ends[0]:.0f}–{ends[1]:.0f}, at a share of {percent(share)}"


def percent(value: float) -> str:
    """Return a share in per cent with what digits it needs.

    >>> percent(0.95), percent(0.003), percent(0.1054), percent(1.0)
    ('95 %', '0.3 %', '10.5 %', '100 %')
    """
    return f"{100 * value:.2g} %" if value < 0.1 else f"{100 * value:.1f} %".replace(".0 %", " %")
