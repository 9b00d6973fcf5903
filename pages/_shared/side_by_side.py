"""Two versions beside each other: figures with n and intervals, and what was done otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.tasks import TaskSpec
from core.workflows.side_by_side import SideRow, settings_that_differ, side_rows
from pages._shared import markup, style
from pages._shared.runs import split_title

if TYPE_CHECKING:
    from core.workflows.models import InstalledVersion


def show(known: Sequence[InstalledVersion], task: TaskSpec, *, keys: tuple[str, str]) -> None:
    """Let a person choose two versions and show them side by side; ``keys`` of the two pickers.

    ``known`` : installed ones, and those of which figures alone are kept.
    """
    with_card = {item.name: item for item in known if item.card is not None}
    style.kicker("Two versions side by side")
    if len(with_card) < 2:
        style.quiet("Two versions with readable cards are needed; what is trained appears here.")
        return
    names = list(with_card)
    left, right = st.columns(2, gap="small")
    chosen = []
    for column, key, place in zip((left, right), keys, (0, 1), strict=True):
        with column:
            chosen.append(
                st.selectbox(
                    "AB"[place],
                    names,
                    index=place,
                    key=key,
                    format_func=lambda name: _named(with_card[name]),
                )
            )
    a, b = (with_card.get(name, with_card[names[place]]) for place, name in enumerate(chosen))
    if a.name == b.name:
        style.quiet("Choose two different versions.")
        return
    _show_pair(a, b, task)


def _named(version: InstalledVersion) -> str:
    said = "champion" if version.is_champion else "figures only" if not version.digest else None
    return f"{version.name} · {said}" if said else version.name


def _show_pair(a: InstalledVersion, b: InstalledVersion, task: TaskSpec) -> None:
    if a.card is None or b.card is None:
        return
    rows = side_rows(a.card, b.card, task)
    left, right = st.columns([56, 44], gap="medium")
    with left:
        if rows:
            style.word_table(("", "n", "A", "B"), [_words(row) for row in rows])
        else:
            style.quiet("Neither card holds figures.")
        style.quiet(
            "Each figure was measured on its own version's cases, with 95 % intervals. Whether B "
            "may replace A is asked of the same cases: Compare."
        )
    differing = settings_that_differ(a.card, b.card)
    with right:
        style.kicker("What was done otherwise")
        if differing:
            style.word_table(("", "A", "B"), differing)
        else:
            style.quiet("Nothing that the cards tell.")


def _words(row: SideRow) -> tuple[str, str, str, str]:
    leaks = " · LEAKS" if row.leaks else ""
    a, b = (_figure_said(figure) for figure in (row.a, row.b))
    return f"{split_title(row.split)}: {row.figure}{leaks}", row.n, a, b


def _figure_said(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "–"
    value, interval = markup.figure_text(figure)
    return f"{value} ({interval})"
