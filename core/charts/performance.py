"""Charts of a stored run: matrix, figures on their intervals, reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import (
    ACCENT,
    CELL_TEXT,
    QUIET,
    SEQUENTIAL,
    one_row_each,
    percent,
    styled,
)

Scale = Literal["count", "row", "column"]


def confusion_chart(
    cells: pd.DataFrame, *, titles: Mapping[str, str], scale: Scale = "count"
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
    figure = styled(go.Figure(heat), height=72 + 62 * len(names))
    figure.update_xaxes(side="top", title="called", showgrid=False)
    figure.update_yaxes(autorange="reversed", title="true", showgrid=False)
    return figure


def interval_chart(
    rows: pd.DataFrame, *, titles: Mapping[str, str], colours: Mapping[str, str]
) -> go.Figure:
    """Draw one figure of every class as a dot on its 95 % interval.

    The interval that respects groups leads, as a bar; the ends of the one as if cases were
    independent are two thin marks. An undefined figure is written, not drawn.

    Parameters
    ----------
    rows : DataFrame
        One row a class: ``class, value, low, high, n, low_grouped, high_grouped, n_groups``.
    titles, colours : mapping of class to name, to #RRGGBB
    """
    figure = go.Figure()
    for row in rows.to_dict("records"):
        name = titles.get(row["class"], row["class"])
        if pd.isna(row["value"]):
            figure.add_scatter(
                x=[0], y=[name], mode="text", text=["undefined"], textposition="middle right"
            )
            figure.data[-1].textfont = {"color": QUIET}
        else:
            _interval(figure, row, name=name, colour=colours.get(row["class"], ACCENT))
    styled(figure, height=56 + 38 * len(rows))
    figure.update_xaxes(range=[-0.01, 1.01], tickformat=".0%", dtick=0.2)
    one_row_each(figure, [titles.get(name, name) for name in rows["class"]])
    return figure


def _interval(figure: go.Figure, row: Mapping[Any, Any], *, name: str, colour: str) -> None:
    grouped = not pd.isna(row["low_grouped"])
    low, high = (row["low_grouped"], row["high_grouped"]) if grouped else (row["low"], row["high"])
    if grouped:
        ticks = {"symbol": "line-ns-open", "size": 12, "color": QUIET}
        figure.add_scatter(x=[row["low"], row["high"]], y=[name] * 2, mode="markers", marker=ticks)
        figure.data[-1].hoverinfo = "skip"
    if not pd.isna(low):
        line = {"color": colour, "width": 6}
        figure.add_scatter(x=[low, high], y=[name] * 2, mode="lines", line=line, opacity=0.45)
        figure.data[-1].hoverinfo = "skip"
    said = f"{name}: {row['value']:.1%}"
    if not pd.isna(low):
        said += f" ({low:.1%}–{high:.1%})"
    said += f", n {row['n']:,}" + (f" in {row['n_groups']} groups" if grouped else "")
    figure.add_scatter(
        x=[row["value"]], y=[name], mode="markers", marker={"color": colour, "size": 12}
    )
    figure.data[-1].hovertemplate = said + "<extra></extra>"


def reliability_chart(bins: pd.DataFrame) -> go.Figure:
    """Draw the observed rate against the mean probability of each bin, with the bin's count.

    Parameters
    ----------
    bins : DataFrame
        ``mean_probability, observed_rate, n, low, high, low_grouped, high_grouped``: the interval
        that respects groups leads where there is one.
    """
    diagonal = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip")
    diagonal.line = {"color": QUIET, "dash": "dot", "width": 1.5}
    # A bin whose cases all come from one group has no grouped interval: then the plain one.
    low = bins["low_grouped"].astype(float).fillna(bins["low"])
    high = bins["high_grouped"].astype(float).fillna(bins["high"])
    points = go.Scatter(
        x=bins["mean_probability"],
        y=bins["observed_rate"],
        mode="lines+markers+text",
        line={"color": ACCENT, "width": 1.5},
        marker={"color": ACCENT, "size": 8},
        text=[f"{n:,}" for n in bins["n"]],
        textposition="top left",
        textfont={"color": QUIET, "size": 11},
        cliponaxis=False,
        error_y={
            "array": high - bins["observed_rate"],
            "arrayminus": bins["observed_rate"] - low,
            "color": ACCENT,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="promised %{x:.1%}, right %{y:.1%}, n %{text}<extra></extra>",
    )
    figure = styled(go.Figure([diagonal, points]), height=340)
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", title="probability of the call")
    figure.update_yaxes(range=[-0.02, 1.08], tickformat=".0%", title="share that was right")
    return figure
