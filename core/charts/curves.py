"""Curves of every class with their bands, and the reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, GRID, QUIET, TEXT, styled

HEIGHT = 238
_DASHES = ("solid", "dash", "dot", "dashdot")  # a class is told by its dash as well as its colour
_BAND_OPACITY = 0.08
_EDGE_OPACITY = 0.45


def roc_chart(
    curves: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    colours: Mapping[str, str],
    called: Mapping[str, tuple[float, float]],
) -> go.Figure:
    """Draw the ROC curve of each class, its band, and where its calls lie.

    Parameters
    ----------
    curves : DataFrame
        ``class, false_positive_rate, sensitivity, low, high, low_grouped, high_grouped``.
    titles, colours : mapping of class to name, to #RRGGBB
    called : mapping of class to (false positive rate, sensitivity)
        Of the called class; drawn as a ring. With several classes it may lie off the curve.
    """
    figure = _small()
    _diagonal(figure)
    _curves(figure, curves, ("false_positive_rate", "sensitivity"), titles, colours)
    for name, (x, y) in called.items():
        ring = {"symbol": "circle-open", "size": 10, "color": colours.get(name, ACCENT)}
        figure.add_scatter(x=[x], y=[y], mode="markers", marker={**ring, "line": {"width": 2}})
        figure.data[-1].update(
            showlegend=False,
            hovertemplate=f"{titles.get(name, name)} as called: %{{y:.1%}} found, "
            "%{x:.1%} of the others flagged<extra></extra>",
        )
    _shares(figure, x="false positive rate", y="sensitivity")
    _legend(figure, x=1, xanchor="right")
    return figure


def precision_recall_chart(
    curves: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    colours: Mapping[str, str],
    called: Mapping[str, tuple[float, float]],
) -> go.Figure:
    """Draw the precision-recall curve of each class with its band.

    Parameters
    ----------
    curves : DataFrame
        ``class, sensitivity, ppv, low, high, low_grouped, high_grouped``.
    titles, colours : mapping of class to name, to #RRGGBB
    called : mapping of class to (sensitivity, PPV)
        Of the called class; drawn as a ring.
    """
    figure = _small()
    _curves(figure, curves, ("sensitivity", "ppv"), titles, colours)
    for name, (x, y) in called.items():
        ring = {"symbol": "circle-open", "size": 10, "color": colours.get(name, ACCENT)}
        figure.add_scatter(x=[x], y=[y], mode="markers", marker={**ring, "line": {"width": 2}})
        figure.data[-1].update(
            showlegend=False,
            hovertemplate=f"{titles.get(name, name)} as called: sensitivity %{{x:.1%}}, "
            "PPV %{y:.1%}<extra></extra>",
        )
    _shares(figure, x="sensitivity", y="PPV")
    _legend(figure, x=0, xanchor="left")
    return figure


def reliability_chart(bins: pd.DataFrame) -> go.Figure:
    """Draw the observed rate against the mean probability of each bin, its band, and its count.

    Counts stand below, one bar a bin on a logarithmic scale: beside the points they would cover
    each other near 100 %, where most calls lie.

    Parameters
    ----------
    bins : DataFrame
        ``bin_low, bin_high, mean_probability, observed_rate, n, low, high, low_grouped,
        high_grouped``: the interval that respects groups leads where there is one.
    """
    figure = _small()
    _diagonal(figure)
    # A bin whose cases all come from one group has no grouped interval: then the plain one.
    low = bins["low_grouped"].astype(float).fillna(bins["low"])
    high = bins["high_grouped"].astype(float).fillna(bins["high"])
    _band(figure, bins["mean_probability"], low, high, colour=ACCENT)
    figure.add_scatter(
        x=bins["mean_probability"],
        y=bins["observed_rate"],
        mode="lines+markers",
        line={"color": ACCENT, "width": 1.5},
        marker={"color": ACCENT, "size": 7},
        customdata=list(zip(bins["n"], low, high, strict=True)),
        hovertemplate="promised %{x:.1%}, right %{y:.1%} (%{customdata[1]:.1%}–"
        "%{customdata[2]:.1%}), n %{customdata[0]:,}<extra></extra>",
    )
    _counts(figure, bins)
    start = float(bins["bin_low"].min()) if len(bins) else 0.0
    figure.update_xaxes(
        range=[start - 0.02, 1.02],
        tickformat=".0%",
        title={"text": "probability of the call"},
        anchor="y2",
    )
    figure.update_layout(
        yaxis={"range": [-0.02, 1.04], "domain": [0.34, 1], "tickformat": ".0%", "dtick": 0.25},
        yaxis2={"domain": [0, 0.26], "type": "log", "visible": False, "fixedrange": True},
    )
    figure.update_layout(yaxis={"title": {"text": "share right"}})
    return figure


def _small() -> go.Figure:
    """Return an empty chart, one of three side by side."""
    figure = styled(go.Figure(), height=HEIGHT)
    figure.update_layout(margin={"t": 4, "b": 2}, font={"size": 11})
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(title={"font": {"size": 12}, "standoff": 4})
    return figure


def _short(n: int) -> str:
    """Return a count that fits above its bar.

    >>> _short(924), _short(1288), _short(104_321)
    ('924', '1.3k', '104k')
    """
    if n < 1000:
        return str(n)
    return f"{n / 1000:.1f}k" if n < 99_950 else f"{n / 1000:.0f}k"


def _counts(figure: go.Figure, bins: pd.DataFrame) -> None:
    width = bins["bin_high"] - bins["bin_low"]
    figure.add_bar(
        x=bins["bin_low"] + width / 2,
        y=bins["n"] + 1,  # a bin of one case is seen on a logarithmic scale
        width=width * 0.86,
        text=[_short(int(n)) for n in bins["n"]],
        textposition="outside",
        textangle=0,
        textfont={"size": 9, "color": TEXT},
        cliponaxis=False,
        marker={"color": GRID},
        yaxis="y2",
        customdata=bins["n"],
        hovertemplate="%{customdata:,} calls<extra></extra>",
    )


def _diagonal(figure: go.Figure) -> None:
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False)
    figure.data[-1].line = {"color": QUIET, "dash": "dot", "width": 1.2}


def _curves(
    figure: go.Figure,
    curves: pd.DataFrame,
    axes: tuple[str, str],
    titles: Mapping[str, str],
    colours: Mapping[str, str],
) -> None:
    names: Sequence[str] = list(dict.fromkeys(curves["class"]))
    for place, name in enumerate(names):
        rows = curves[curves["class"] == name]
        x, y = rows[axes[0]], rows[axes[1]]
        grouped = rows["low_grouped"].notna().any()
        ends = ("low_grouped", "high_grouped") if grouped else ("low", "high")
        low, high = rows[ends[0]], rows[ends[1]]
        colour = colours.get(name, ACCENT)
        _band(figure, x, low, high, colour=colour)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=titles.get(name, name),
            line={"color": colour, "width": 2, "dash": _DASHES[place % len(_DASHES)]},
            customdata=list(zip(low, high, strict=True)),
            hovertemplate=f"{titles.get(name, name)}: %{{y:.1%}} (%{{customdata[0]:.1%}}–"
            "%{customdata[1]:.1%}) at %{x:.1%}<extra></extra>",
        )


def _band(figure: go.Figure, x: Any, low: Any, high: Any, *, colour: str) -> None:
    known = low.notna() & high.notna()
    there, back = list(x[known]), list(x[known])[::-1]
    figure.add_scatter(
        x=there + back,
        y=list(high[known]) + list(low[known])[::-1],
        fill="toself",
        mode="lines",
        line={"width": 0.6, "color": _see_through(colour, _EDGE_OPACITY)},
        fillcolor=_see_through(colour, _BAND_OPACITY),
        hoverinfo="skip",
        showlegend=False,
    )


def _see_through(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _shares(figure: go.Figure, *, x: str, y: str) -> None:
    figure.update_xaxes(range=[-0.01, 1.01], tickformat=".0%", dtick=0.25, title={"text": x})
    figure.update_yaxes(range=[-0.01, 1.03], tickformat=".0%", dtick=0.25, title={"text": y})


def _legend(figure: go.Figure, *, x: float, xanchor: str) -> None:
    """Put the legend into the corner that such curves leave empty."""
    figure.update_layout(
        showlegend=True,
        legend={
            "x": x,
            "xanchor": xanchor,
            "y": 0,
            "yanchor": "bottom",
            "bgcolor": "rgba(11,13,15,0.6)",
            "font": {"size": 11},
            "itemclick": False,
            "itemdoubleclick": False,
            "tracegroupgap": 0,
        },
    )
