"""The confusion matrix of a stored run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import (
    ACCENT,
    CELL_TEXT,
    SEQUENTIAL,
    percent,
    styled,
)

Scale = Literal["count", "row", "column"]


def confusion_chart(
    cells: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    scale: Scale = "count",
    chosen: tuple[str, str] | None = None,
    height: int | None = None,
) -> go.Figure:
    """Draw a confusion matrix, rows the reference standard, columns the called class.

    Cells are coloured by their share (of the row, or of the column where that is asked for) even
    when counts are shown: the misses of a rare class must not fade beside a common one.

    Parameters
    ----------
    cells : DataFrame
        ``y_true, called, n, share_of_row, share_of_column``: one row a cell, in class order.
    titles : mapping of class to plain-language name
    scale : "count", "row" or "column"
        What stands in each cell.
    chosen : (str, str) or None
        True and called class of the cell that is looked at: it gets a frame.
    height : int or None
        In pixels; None: by the number of classes.
    """
    names = list(dict.fromkeys(cells["y_true"]))
    shade = "share_of_column" if scale == "column" else "share_of_row"
    written = cells.assign(
        text=[
            f"{count:,}" if scale == "count" else percent(share)
            for count, share in zip(cells["n"], cells[shade], strict=True)
        ]
    )

    def square(column: str) -> list[list[Any]]:
        values = written[column].tolist()
        return [values[start : start + len(names)] for start in range(0, len(values), len(names))]

    labels = [titles.get(name, name) for name in names]
    heat = go.Heatmap(
        z=square(shade),
        x=labels,
        y=labels,
        text=square("text"),
        customdata=square("n"),
        texttemplate="%{text}",
        textfont={"size": 16, "color": CELL_TEXT},
        zmin=0,
        zmax=1,
        colorscale=[list(stop) for stop in SEQUENTIAL],
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="true %{y}, called %{x}: %{customdata:,} (%{z:.1%})<extra></extra>",
    )
    figure = styled(go.Figure(heat), height=height or 72 + 62 * len(names))
    _cells_to_click(figure, cells, labels=dict(zip(names, labels, strict=True)), chosen=chosen)
    figure.update_layout(margin={"t": 8, "l": 4, "r": 4, "b": 2})
    figure.update_xaxes(side="top", showgrid=False, ticks="")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _cells_to_click(
    figure: go.Figure,
    cells: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    chosen: tuple[str, str] | None,
) -> None:
    """Lay a mark over each cell: a heat map cannot be clicked, a point can.

    The point's ``customdata`` is (true class, called class). Marks are clear but for the frame of
    the chosen one.
    """
    pairs = list(zip(cells["y_true"], cells["called"], strict=True))
    places = [place for place, pair in enumerate(pairs) if pair == chosen]
    figure.add_scatter(
        x=[labels[called] for _, called in pairs],
        y=[labels[true] for true, _ in pairs],
        mode="markers",
        marker={
            "symbol": "square",
            "size": 46,
            "color": "rgba(255,255,255,0)",
            "line": {"color": ACCENT, "width": 2.5},
        },
        customdata=[list(pair) for pair in pairs],
        text=[f"{n:,}" for n in cells["n"]],
        hovertemplate="true %{y}, called %{x}: %{text}; click for its pictures<extra></extra>",
        selectedpoints=places,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
    )
