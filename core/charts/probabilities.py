"""Calibrated probabilities of one picture as bars."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import TEXT, one_row_each, percent, styled


def probability_chart(rows: pd.DataFrame) -> go.Figure:
    """Draw calibrated probabilities as horizontal bars, in the order of the frame.

    Parameters
    ----------
    rows : DataFrame
        ``title, colour, probability`` and, where one is stored, ``operating_point`` (NaN: none):
        a tick across the bar. A class is flagged when its probability reaches the tick.
    """
    bars = go.Bar(
        x=rows["probability"],
        y=rows["title"],
        orientation="h",
        marker={"color": list(rows["colour"])},
        text=[percent(value) for value in rows["probability"]],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = go.Figure(bars)
    if "operating_point" in rows:
        marked = rows[rows["operating_point"].notna()]
        tick = {"symbol": "line-ns-open", "size": 24, "color": TEXT, "line": {"width": 2}}
        figure.add_scatter(
            x=marked["operating_point"],
            y=marked["title"],
            mode="markers",
            marker=tick,
            hovertemplate="operating point of %{y}: %{x:.1%}<extra></extra>",
        )
    styled(figure, height=24 + 40 * len(rows))
    figure.update_layout(bargap=0.35)
    figure.update_xaxes(range=[0, 1.12], visible=False)
    one_row_each(figure, list(rows["title"]))
    return figure
