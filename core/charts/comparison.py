"""Chart of the Compare page: sensitivity differences on their intervals, against the margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, QUIET, TEXT, one_row_each, styled

ROW = 26  # pixels
MARGIN_LINE = "#F0BE72"
# Shape says the verdict too: no reading by colour alone.
SYMBOLS = {"may replace": "circle", "may not": "x", "cannot tell": "diamond-open"}


def forest_chart(
    rows: pd.DataFrame, *, margin: float, colours: Mapping[str, str], titles: Mapping[str, str]
) -> go.Figure:
    """Draw B - A in points with the 95 % interval of every class and slice.

    Left of the margin line B misses more than was allowed; a full dot lies right of it with its
    whole interval, a cross left of it, an open diamond holds it. Undefined is written.

    Parameters
    ----------
    rows : DataFrame
        ``class, slice, band, n, n_groups, sensitivity_a, sensitivity_b, difference, low, high,
        low_by_case, high_by_case, verdict``, in the order they are drawn.
    margin : float in [0, 1]
    colours, titles : mapping of class to #RRGGBB, to its name
    """
    names = [_row_name(row, titles) for row in rows.to_dict("records")]
    figure = go.Figure()
    for name, row in zip(names, rows.to_dict("records"), strict=True):
        _one_row(figure, row, name=name, colour=colours.get(row["class"], ACCENT))
    styled(figure, height=44 + ROW * len(rows))
    reach = _reach(rows, margin)
    figure.update_xaxes(
        range=[-reach, reach],
        zeroline=True,
        zerolinecolor=QUIET,
        side="top",
    )
    one_row_each(figure, names)
    figure.add_vline(x=-margin * 100, line={"color": MARGIN_LINE, "dash": "dash", "width": 1.5})
    return figure


def _row_name(row: Mapping[Any, Any], titles: Mapping[str, str]) -> str:
    name = titles.get(row["class"], str(row["class"]))
    if row["slice"] is None or pd.isna(row["slice"]):
        said = f"<b>{name}</b>"
    else:
        said = f"{str(row['slice']).replace('_', ' ')}: {str(row['band']).replace('_', ' ')}"
    return f"{said}  <span style='color:{QUIET}'>n {row['n']:,}</span>"


def _one_row(figure: go.Figure, row: Mapping[Any, Any], *, name: str, colour: str) -> None:
    if pd.isna(row["difference"]):
        figure.add_scatter(
            x=[0], y=[name], mode="text", text=["undefined"], textposition="middle right"
        )
        figure.data[-1].textfont = {"color": QUIET}
        return
    value = row["difference"] * 100
    if not pd.isna(row["low"]):
        line = {"color": colour, "width": 5}
        ends = [row["low"] * 100, row["high"] * 100]
        figure.add_scatter(x=ends, y=[name] * 2, mode="lines", line=line, opacity=0.45)
        figure.data[-1].hoverinfo = "skip"
    marker = {"symbol": SYMBOLS[row["verdict"]], "size": 10, "color": colour}
    marker["line"] = {"width": 2, "color": colour if marker["symbol"] != "circle" else TEXT}
    figure.add_scatter(x=[value], y=[name], mode="markers", marker=marker)
    figure.data[-1].hovertemplate = f"{_said(row)}<extra></extra>"


def _said(row: Mapping[Any, Any]) -> str:
    """Return the row in words, as a pointer that rests on it shows them."""
    n = f"n {row['n']:,}"
    if not pd.isna(row["n_groups"]):
        n += f" in {int(row['n_groups']):,} groups"
    said = f"{row['difference'] * 100:+.1f} points"
    if not pd.isna(row["low"]):
        said += f" ({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"
    return (
        f"{said}, {n}<br>A {row['sensitivity_a']:.1%}, B {row['sensitivity_b']:.1%}: "
        f"{row['verdict']}"
    )


def _reach(rows: pd.DataFrame, margin: float) -> float:
    """Return how far the axis goes either way: to the widest interval, at most 100 points."""
    ends = rows[["difference", "low", "high"]].to_numpy(dtype=float)
    stated = ends[~pd.isna(ends)]
    widest = max(margin, *abs(stated)) if stated.size else margin
    return min(100.0, 100 * widest * 1.1 + 1)
