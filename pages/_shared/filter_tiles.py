"""The grid of channels: our own component, fed with data.

Its code comes from ``assets/`` and is the same for every picture; maps travel as one pixel a cell,
and the browser enlarges them without smoothing: what is shown are the network's own cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.domain import ByteArray
from pages._shared import pictures, style

LONGEST = 160  # of a tile's pixels: no tile is larger on a screen


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One tile: pixels (rows, columns, 3), a name, a value, and what picking it means.

    ``channel`` None: the picture itself, which cannot be picked.
    """

    pixels: ByteArray
    name: str
    value: str
    channel: int | None


def show_tiles(tiles: Sequence[Tile], current: int, *, key: str, side: int = 92) -> int | None:
    """Show the grid; return the channel that was picked in this run, or None."""
    result = _component()(
        key=key,
        data={
            "current": current,
            "side": side,
            "items": [
                {
                    "png": pictures.as_base64(pictures.reduced(tile.pixels, LONGEST)[0]),
                    "name": tile.name,
                    "value": tile.value,
                    "pick": tile.channel,
                    "smooth": tile.channel is None,
                }
                for tile in tiles
            ],
        },
        on_picked_change=lambda: None,
    )
    picked = result.picked
    shown = {tile.channel for tile in tiles}
    return picked if isinstance(picked, int) and picked in shown else None


def _component() -> st.components.v2.types.ComponentRenderer:
    return st.components.v2.component(
        "second_look_tiles",
        html="<div class='tiles' role='group' aria-label='Channels of the layer'></div>",
        css=style.asset("tiles.css"),
        js=style.script("tiles.js"),
    )
