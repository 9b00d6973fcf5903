"""The grid of maps: our own component, fed with data; rows are classes, columns are methods.

As for the two panes of Analyse: its code comes from ``assets/`` and is the same for every picture;
the picture, the painted maps and all words travel as data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.domain import ByteArray, StudyImage
from pages._shared import pictures, style, viewer


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a column: title, a short note and a warning beside it, a sentence on hovering."""

    title: str
    note: str = ""
    tip: str = ""
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """The small bar under a map: ``at`` 0..1 (None: no bar), the band of chance, words, tone."""

    at: float | None
    low: float
    high: float
    words: str
    tip: str
    tone: str


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One pane of the grid.

    ``name`` : for tests and styles; ``state`` : picture, map, none, waiting, working, failed, same.
    ``layer`` : (rows, columns, 4) uint8 over the picture, or None; ``lines`` its contours, in the
    layer's pixels. ``line`` stands below, with ``flag`` at its end, then ``bar``.
    """

    name: str
    state: str
    alt: str
    layer: ByteArray | None = None
    lines: Sequence[np.ndarray] = ()
    note: str = ""
    line: str = ""
    tip: str = ""
    flag: str = ""
    flag_tip: str = ""
    colour: str | None = None
    bar: Bar | None = None


def show_maps(
    key: str,
    image: StudyImage,
    heads: Sequence[Head],
    cells: Sequence[Cell],
    *,
    size: tuple[int, int],
) -> None:
    """Show the grid.

    Parameters
    ----------
    key : str
        Changes with the picture: then the zoom starts anew.
    image : StudyImage
    heads : sequence of Head
        One a column.
    cells : sequence of Cell
        Row by row.
    size : (rows, columns)
        Of the layers.
    """
    shown, _ = pictures.reduced(image.pixels)
    spacing = image.pixel_spacing_mm
    left, top = viewer.edges(image)
    _component()(
        key="explain.maps",
        data={
            "key": key,
            "picture": pictures.as_base64(shown),
            "rows": size[0],
            "columns": size[1],
            "aspect": spacing[0] / spacing[1] if spacing else 1.0,
            "left": left,
            "top": top,
            "heads": [asdict(head) for head in heads],
            "cells": [_cell(cell) for cell in cells],
        },
    )


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.name,
        "state": cell.state,
        "alt": cell.alt,
        "layer": None if cell.layer is None else pictures.as_base64(cell.layer),
        "contours": path(cell.lines),
        "note": cell.note,
        "line": cell.line,
        "tip": cell.tip,
        "flag": cell.flag,
        "flag_tip": cell.flag_tip,
        "colour": cell.colour,
        "bar": None if cell.bar is None else asdict(cell.bar),
    }


def path(lines: Sequence[np.ndarray]) -> str:
    """Return closed lines of (x, y) as an SVG path.

    >>> path([np.array([[0.5, 1.0], [2.0, 1.0], [2.0, 3.25]])])
    'M0.5 1.0L2.0 1.0L2.0 3.2Z'
    """
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line.tolist()) + "Z" for line in lines
    )


def _component() -> st.components.v2.types.ComponentRenderer:
    return st.components.v2.component(
        "second_look_maps",
        html="<div class='maps' role='group' aria-label='Maps of classes by methods'></div>",
        css=style.asset("maps.css"),
        js=style.script("linked_zoom.js", "maps.js"),
    )
