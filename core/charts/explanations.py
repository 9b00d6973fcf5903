"""Deletion and insertion curves of the maps of one picture."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.look import TEXT, styled

HEIGHT = 250
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
# Light greys and blues: a method has no colour of its own, its dash tells it as well.
_SHADES = ("#E4E8EB", "#9DB8CC", "#6FB1E0", "#B9A7D6", "#C9CED6", "#8FC7B5")
_TITLES = ("Deletion: lower is better", "Insertion: higher is better")


def deletion_insertion_chart(curves: pd.DataFrame) -> go.Figure:
    """Draw both curves of each method side by side.

    Parameters
    ----------
    curves : DataFrame
        ``method, curve, share, score``: ``curve`` is deletion or insertion, ``share`` of the
        pixels in 0..1, ``score`` the calibrated probability of the class.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, subplot_titles=_TITLES, horizontal_spacing=0.05
    )
    for number, (method, of_method) in enumerate(curves.groupby("method", sort=False)):
        line = {
            "color": _SHADES[number % len(_SHADES)],
            "dash": _DASHES[number % len(_DASHES)],
            "width": 2,
        }
        for column, name in enumerate(("deletion", "insertion"), start=1):
            part = of_method[of_method["curve"] == name]
            figure.add_scatter(
                x=part["share"], y=part["score"], mode="lines", line=line, name=method,
                legendgroup=method, showlegend=column == 1, row=1, col=column,
                hovertemplate=f"{method}: %{{y:.2f}} at %{{x:.0%}} of the pixels<extra></extra>",
            )  # fmt: skip
    styled(figure, height=HEIGHT)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": -0.28, "x": 0}, margin={"b": 36}
    )
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title_text="pixels, most marked first")
    figure.update_yaxes(range=[0, 1.02])
    figure.update_yaxes(title_text="probability", col=1)
    figure.update_annotations(font={"size": 13, "color": TEXT})
    return figure
