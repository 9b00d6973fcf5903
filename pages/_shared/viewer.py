"""The two panes and the strip: own small components, with no third-party package.

Their markup and code come from ``assets/`` and are the same for every picture; what belongs to one
picture travels as data and is set as text or as PNG bytes, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.domain import ByteArray, StudyImage
from pages._shared import pictures, style

_ORIENTATION = frozenset("LRAPHF")
SHORT_NAME = 22
_PANES = "analyse.viewer"


@dataclass(frozen=True, slots=True, eq=False)
class Panes:
    """What the two panes show of one picture.

    ``original`` and ``overlay`` are uint8 arrays of the same (rows, columns); ``overlay`` is None
    where there is no map, with the reason in ``note``.
    """

    key: str
    original: ByteArray
    overlay: ByteArray | None
    overlay_title: str
    note: str | None = None
    two_panes: bool = True


@dataclass(frozen=True, slots=True)
class StackPlace:
    """Where the picture lies in a stack that wheel and keys scroll.

    ``key`` is what zoom and window belong to: the stack. ``place`` of ``n`` counts from 1;
    ``go(place)`` and ``turn(by)``, to the next or previous series, are told what a person wants;
    ``turn`` None where there is one series.
    """

    key: str
    place: int
    n: int
    go: Callable[[int], None]
    turn: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class StripItem:
    """One picture of the strip: its name as text, its state as icon, word and class colour."""

    name: str
    state: str
    icon: str
    word: str
    colour: str | None
    thumb: str | None


def show_panes(image: StudyImage, panes: Panes, stack: StackPlace | None = None) -> None:
    """Show original and overlay side by side, at the same scale, with linked zoom."""
    original, share = pictures.reduced(panes.original)
    overlay = None if panes.overlay is None else pictures.reduced(panes.overlay)[0]
    spacing = image.pixel_spacing_mm
    left, top = edges(image)
    _mount(
        {
            "key": panes.key,
            "original": pictures.as_base64(original),
            "overlay": None if overlay is None else pictures.as_base64(overlay),
            "original_title": "Original" if share == 1 else f"Original, reduced to {share:.0%}",
            "overlay_title": panes.overlay_title,
            "original_alt": "The picture as decoded, without any map",
            "overlay_alt": panes.overlay_title,
            "overlay_note": panes.note,
            "two_panes": panes.two_panes,
            "rows": image.rows,
            "columns": image.columns,
            "aspect": spacing[0] / spacing[1] if spacing else 1.0,
            "column_spacing_mm": spacing[1] if spacing else None,
            "left": left,
            "top": top,
        },
        stack,
    )


def show_gap(words: str, stack: StackPlace) -> None:
    """Show a place of a stack that has no picture: it is scrolled over like any other."""
    _mount(
        {
            "key": stack.key,
            "original": None,
            "original_title": words,
            "original_alt": words,
            "two_panes": False,
            "rows": 1,
            "columns": 1,
            "aspect": 1.0,
        },
        stack,
    )


def _mount(data: dict[str, object], stack: StackPlace | None) -> None:
    if stack is None:
        _viewer()(key=_PANES, data=data)
        return
    told = {"key": stack.key, "place": stack.place, "n": stack.n, "turns": stack.turn is not None}
    _viewer()(
        key=_PANES,
        data={**data, "stack": told},
        on_scrolled_change=lambda: _tell("scrolled", stack.go),
        on_turned_change=lambda: _tell("turned", stack.turn),
    )


def _tell(event: str, what: Callable[[int], None] | None) -> None:
    """Pass on what the browser asks for; a browser can send anything."""
    value = dict(st.session_state.get(_PANES) or {}).get(event)
    if what is not None and isinstance(value, int) and not isinstance(value, bool):
        what(value)


def show_strip(items: Sequence[StripItem], current: int) -> int | None:
    """Show the strip; return the place that was picked in this run, or None."""
    result = _strip()(
        key="analyse.strip",
        data={
            "current": current,
            "items": [
                {
                    "name": item.name,
                    "short": shortened(item.name),
                    "state": item.state,
                    "icon": item.icon,
                    "word": item.word,
                    "colour": item.colour,
                    "thumb": item.thumb,
                }
                for item in items
            ],
        },
        on_picked_change=lambda: None,
    )
    picked = result.picked
    return picked if isinstance(picked, int) and 0 <= picked < len(items) else None


def shortened(name: str, longest: int = SHORT_NAME) -> str:
    """Return a file name short enough for one line: its end says which picture it is.

    Control characters, line ends and the marks that turn the direction of writing are left out.

    >>> shortened("a" * 40 + "_slice_017.png")
    'aaaaaaaa…slice_017.png'
    """
    clean = "".join(letter for letter in name if letter.isprintable() and letter not in _TURNS)
    clean = clean.strip() or "unnamed"
    if len(clean) <= longest:
        return clean
    end = 13
    return f"{clean[: longest - end - 1]}…{clean[-end:]}"


_TURNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def edges(image: StudyImage) -> tuple[str, str]:
    """Return what lies at the left and the top edge, as letters of the standard, or nothing."""
    if image.orientation is None:
        return "", ""
    left, top = image.orientation
    return tuple(side if set(side) <= _ORIENTATION else "" for side in (left, top))  # type: ignore[return-value]


def _viewer() -> st.components.v2.types.ComponentRenderer:
    return st.components.v2.component(
        "second_look_viewer",
        html="<div class='viewer' role='group' aria-label='Original and map'></div>",
        css=style.asset("viewer.css"),
        js=style.script("linked_zoom.js", "stack_scroll.js", "viewer.js"),
    )


def _strip() -> st.components.v2.types.ComponentRenderer:
    return st.components.v2.component(
        "second_look_strip",
        html="<div class='strip' role='group' aria-label='Pictures'></div>",
        css=style.asset("strip.css"),
        js=style.script("strip.js"),
    )
