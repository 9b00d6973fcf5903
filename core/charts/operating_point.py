"""Charts of the Operating point page: misses against reads, and net benefit."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, QUIET, TEXT, styled

HEIGHT = 262


def trade_off_chart(
    frame: pd.DataFrame,
    *,
    now: tuple[float, float] | None,
    at_argmax: tuple[float, float] | None,
    colour: str,
) -> go.Figure:
    """Draw misses against reads per 1,000, one point a required sensitivity.

    Parameters
    ----------
    frame : DataFrame
        ``sensitivity_asked, threshold, misses, reads``; clicking a point gives its
        ``sensitivity_asked`` as ``customdata[0]``.
    now, at_argmax : (reads, misses) or None
        The threshold in force here, and the largest probability.
    colour : str
        Of the finding, #RRGGBB.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=frame["reads"],
        y=frame["misses"],
        mode="lines+markers",
        line={"color": colour, "width": 1.5, "shape": "hv"},
        marker={"color": colour, "size": 5},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        showlegend=False,
        customdata=frame[["sensitivity_asked", "threshold"]].to_numpy(),
        hovertemplate="at least %{customdata[0]:.1%}: %{y:.1f} missed, %{x:.0f} read per 1,000 "
        "(threshold %{customdata[1]:.3f})<extra></extra>",
    )
    for place, name, symbol, shade in (
        (at_argmax, "largest probability", "x-thin-open", QUIET),
        (now, "this threshold", "circle", TEXT),
    ):
        if place is None:
            continue
        figure.add_scatter(
            x=[place[0]],
            y=[place[1]],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 13, "color": shade, "line": {"width": 2}},
            cliponaxis=False,
            hovertemplate=f"{name}: %{{y:.1f}} missed, %{{x:.0f}} read per 1,000<extra></extra>",
        )
    styled(figure, height=HEIGHT)
    _named(figure)
    figure.update_xaxes(title=_axis("read per 1,000"), rangemode="tozero")
    figure.update_yaxes(title=_axis("missed per 1,000"), rangemode="tozero")
    return figure


def net_benefit_chart(frame: pd.DataFrame, *, probability: float | None) -> go.Figure:
    """Draw net benefit against threshold probability, with the place of the threshold.

    Parameters
    ----------
    frame : DataFrame
        ``probability, model, at_argmax, treat_all, treat_none``.
    probability : float or None
        Of the threshold in force here.
    """
    lines = (
        ("treat_all", "read all", {"color": QUIET, "width": 1.5, "dash": "dash"}),
        ("treat_none", "read none", {"color": QUIET, "width": 1.5, "dash": "dot"}),
        ("model", "this model", {"color": ACCENT, "width": 2.5}),
    )
    figure = go.Figure()
    for column, name, line in lines:
        figure.add_scatter(
            x=frame["probability"],
            y=1000 * frame[column].astype(float),
            mode="lines",
            line=line,
            name=name,
            hovertemplate=f"{name}: %{{y:.1f}} per 1,000 at %{{x:.1%}}<extra></extra>",
        )
    styled(figure, height=HEIGHT)
    top = 1000 * float(frame[["model", "treat_all"]].to_numpy(dtype=float).max())
    if top > 0:
        figure.update_yaxes(range=[-0.25 * top, 1.12 * top])
    if probability is not None and probability <= frame["probability"].iloc[-1]:
        figure.add_vline(
            x=probability,
            line={"color": TEXT, "width": 1, "dash": "dot"},
            annotation={"text": "this threshold", "font": {"color": TEXT, "size": 12}},
            annotation_position="top right",
        )
    _named(figure)
    figure.update_xaxes(tickformat=".0%", title=_axis("threshold probability"), rangemode="tozero")
    figure.update_yaxes(title=_axis("net benefit, found per 1,000"))
    return figure


def _axis(words: str) -> dict[str, object]:
    return {"text": words, "font": {"size": 12, "color": QUIET}, "standoff": 6}


def _named(figure: go.Figure) -> None:
    """Name what is drawn in one row above the chart."""
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 12},
        },
    )
