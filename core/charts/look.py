"""The one look of every chart: transparent ground, neutral grey text, no mode bar.

Colours of classes come from the task. Nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

CONFIG = {"displayModeBar": False, "displaylogo": False, "responsive": True}
TEXT = "#C9CED6"
QUIET = "#8A919C"
GRID = "#2B313A"
ACCENT = "#6FB1E0"
# One hue, dark to light: its order survives every colour blindness and grey print. It stops where
# light text still stands out 4.5 : 1 from it.
SEQUENTIAL = (
    (0.0, "#151B22"),
    (0.25, "#1B2F43"),
    (0.5, "#224766"),
    (0.75, "#2A5F8C"),
    (1.0, "#3577B2"),
)
CELL_TEXT = "#FFFFFF"
# Fonts whose figures all have one width; svg text takes no font-variant from here.
FONT = "'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"


def styled(figure: go.Figure, *, height: int) -> go.Figure:
    """Give a figure the look, in pixels of height, and return it."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": TEXT},
        hoverlabel={"font": {"family": FONT, "size": 13}},
        showlegend=False,
        dragmode=False,
    )
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(gridcolor=GRID, zerolinecolor=GRID, automargin=True, fixedrange=True)
    figure.update_yaxes(ticklabelstandoff=6)
    return figure


def one_row_each(figure: go.Figure, names: Sequence[str]) -> None:
    """Give every name a row of its own, top to bottom, also where nothing is drawn in it."""
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=list(names),
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
    )


def percent(share: float) -> str:
    """Return a share as whole per cent; not 0 % or 100 % unless it is exactly that.

    >>> percent(0.784), percent(0.9996), percent(0.0004), percent(float("nan"))
    ('78%', '>99%', '<1%', '–')
    """
    if pd.isna(share):
        return "–"
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"
