"""Markup of a paired comparison, as text; :mod:`pages._shared.style` alone puts it into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pages._shared.markup import text


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of both runs: values and difference as text, with what stands below each."""

    title: str
    a: str
    b: str
    difference: str
    interval: str
    plain: str
    p: str
    test: str


def measures(rows: Sequence[Measure]) -> str:
    """Return a table of figures of A and B, with the difference and its test."""
    body = "".join(
        f"<tr><th scope='row'>{text(row.title)}</th><td><b>{text(row.a)}</b></td>"
        f"<td><b>{text(row.b)}</b></td><td><b>{text(row.difference)}</b>"
        f"<span>{text(row.interval)}</span></td><td><span>{text(row.plain)}</span></td>"
        f"<td><b>{text(row.p)}</b><span>{text(row.test)}</span></td></tr>"
        for row in rows
    )
    return (
        "<div class='sl-scroll'><table class='sl-table sl-measures'><thead><tr><th></th>"
        "<th scope='col'>A</th><th scope='col'>B</th><th scope='col'>B − A, 95 %</th>"
        "<th scope='col'>as if independent</th><th scope='col'>p</th></tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def miss_table(misses: Mapping[str, int], *, title: str) -> str:
    """Return the 2x2 table of misses: rows A, columns B; where they differ stands out.

    ``misses`` holds ``both_found, only_a_missed, only_b_missed, both_missed``.
    """
    both, only_b = misses["both_found"], misses["only_b_missed"]
    only_a, neither = misses["only_a_missed"], misses["both_missed"]
    return (
        f"<table class='sl-misses' aria-label='Misses of {text(title)}'>"
        "<thead><tr><td></td><th scope='col'>B found it</th><th scope='col'>B missed it</th></tr>"
        f"</thead><tbody><tr><th scope='row'>A found it</th><td><b>{both:,}</b><span>both found"
        f"</span></td><td class='sl-worse'><b>{only_b:,}</b><span>only B missed</span></td></tr>"
        f"<tr><th scope='row'>A missed it</th><td class='sl-better'><b>{only_a:,}</b>"
        f"<span>only A missed</span></td><td><b>{neither:,}</b><span>both missed</span></td></tr>"
        "</tbody></table>"
    )
