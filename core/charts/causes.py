"""The Pareto of causes: what to mend first."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, QUIET, TEXT, one_row_each, percent, styled


def pareto_chart(causes: pd.DataFrame) -> go.Figure:
    """Draw how often each cause was given, the most frequent on top, with the running share.

    Parameters
    ----------
    causes : DataFrame
        ``title, n, share, cumulative``: one row a cause, the most frequent first; shares of the
        wrong calls with a cause, NaN where none has one.
    """
    titles = causes["title"].tolist()
    text = [
        f"<b>{row['n']:,}</b>  {percent(row['cumulative'])}" if row["n"] else "0"
        for row in causes.to_dict("records")
    ]
    most = max(1, int(causes["n"].max()))
    bars = go.Bar(
        x=causes["n"],
        y=titles,
        orientation="h",
        marker={"color": ACCENT},
        width=0.62,
        text=text,
        textposition="outside",
        textfont={"color": [TEXT if n else QUIET for n in causes["n"]], "size": 12},
        cliponaxis=False,
        customdata=causes[["share", "cumulative"]],
        hovertemplate="%{y}: %{x}, %{customdata[0]:.0%} of those with a cause;"
        " with all above %{customdata[1]:.0%}<extra></extra>",
    )
    figure = styled(go.Figure(bars), height=26 * len(titles) + 12)
    figure.update_layout(margin={"l": 0, "r": 8, "t": 4, "b": 4})
    figure.update_xaxes(visible=False, range=[0, most * 1.55])
    one_row_each(figure, titles)
    figure.update_yaxes(tickfont={"size": 12})
    return figure
